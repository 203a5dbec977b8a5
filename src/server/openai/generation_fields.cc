// SPDX-License-Identifier: Apache-2.0
#include "server/openai/generation_fields.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/json.h"

namespace hearth::server {
namespace {

// Passed on to the sampler under these names.
constexpr std::string_view kSamplingNumbers[] = {"temperature",
                                                 "top_k",
                                                 "top_p",
                                                 "min_p",
                                                 "typical_p",
                                                 "top_n_sigma",
                                                 "xtc_probability",
                                                 "xtc_threshold",
                                                 "dynatemp_range",
                                                 "dynatemp_exponent",
                                                 "min_keep",
                                                 "repeat_last_n",
                                                 "repeat_penalty",
                                                 "repetition_penalty",
                                                 "presence_penalty",
                                                 "frequency_penalty",
                                                 "dry_multiplier",
                                                 "dry_base",
                                                 "dry_allowed_length",
                                                 "dry_penalty_last_n",
                                                 "mirostat",
                                                 "mirostat_tau",
                                                 "mirostat_eta",
                                                 "adaptive_target",
                                                 "adaptive_decay",
                                                 "seed"};

constexpr std::size_t kMaxStops = 64;
constexpr double kMaxChoices = 64;

constexpr std::string_view kEfforts[] = {"none", "minimal", "low", "medium",
                                         "high", "xhigh",   "max"};

// Of both routes.
const std::vector<Field>& common_fields() {
  static const std::vector<Field> fields = [] {
    std::vector<Field> all = {
        {.name = "model",
         .types = kString,
         .max_size = 1024,
         .note = "a name that /v1/models lists"},
        {.name = "stream", .types = kBoolean, .note = "answer bit by bit, as server-sent events"},
        {.name = "stream_options", .types = kObject, .note = "include_usage"},
        {.name = "max_tokens",
         .types = kInteger,
         .min = -1,
         .max = 1e9,
         .note = "-1: until the model ends"},
        {.name = "n_predict", .types = kInteger, .min = -1, .max = 1e9, .note = "as max_tokens"},
        {.name = "n", .types = kInteger, .min = 1, .max = kMaxChoices, .note = "answers"},
        {.name = "stop",
         .types = kString | kArray,
         .max_size = kMaxStops * 1024,
         .note = "texts that end the answer"},
        {.name = "ignore_eos", .types = kBoolean, .note = "never end by the model's own token"},
        {.name = "logit_bias", .types = kObject | kArray, .max_size = 100'000},
        {.name = "samplers", .types = kString | kArray, .max_size = 64},
        {.name = "dry_sequence_breakers", .types = kArray, .max_size = 256},
        {.name = "post_sampling_probs", .types = kBoolean},
        {.name = "cache_prompt",
         .types = kBoolean,
         .note = "false: nothing of the prompt comes from the prefix cache, and nothing is left "
                 "there"},
    };
    for (const std::string_view name : kSamplingNumbers)
      all.push_back({.name = name, .types = kNumber, .note = "sampling"});
    for (const std::string_view name :
         {"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key",
          "prompt_cache_retention", "prompt_cache_options", "verbosity", "prediction", "moderation",
          "parallel_tool_calls"})
      all.push_back({.name = name, .kind = FieldKind::harmless});
    const auto refuse = [&](std::string_view name, std::string_view idle, std::string_view note) {
      all.push_back({.name = name, .kind = FieldKind::refused, .idle_value = idle, .note = note});
    };
    refuse("grammar", "\"\"", "structured output comes with a later version");
    refuse("json_schema", "{}", "structured output comes with a later version");
    refuse("lora", "[]", "adapters by request come with a later version");
    refuse("id_slot", "-1", "there are no slots to choose");
    refuse("n_keep", "0", "the context never shifts");
    refuse("n_cache_reuse", "0", "whole blocks are reused by their content");
    refuse("return_tokens", "false", "");
    refuse("return_progress", "false", "");
    refuse("timings_per_token", "false", "timings come with the last event");
    refuse("t_max_predict_ms", "0", "");
    return all;
  }();
  return fields;
}

std::vector<Field> with_common(std::vector<Field> own) {
  own.insert(own.end(), common_fields().begin(), common_fields().end());
  return own;
}

constexpr Field kStreamOptions[] = {
    {.name = "include_usage", .types = kBoolean},
    {.name = "include_obfuscation", .kind = FieldKind::harmless},
};

std::unexpected<ApiError> bad(std::string param, std::string message) {
  return std::unexpected(
      ApiError{ApiErrorKind::bad_request, std::move(message), std::move(param), {}});
}

std::expected<std::vector<std::string>, ApiError> read_stops(const Json& stop) {
  std::vector<std::string> texts;
  if (stop.is_string()) {
    texts.push_back(stop.get<std::string>());
  } else {
    if (stop.size() > kMaxStops)
      return bad("stop", fmt::format("stop has {} texts; the most are {}", stop.size(), kMaxStops));
    for (const Json& text : stop) {
      if (!text.is_string()) return bad("stop", "stop must be a text or a list of texts");
      texts.push_back(text.get<std::string>());
    }
  }
  std::erase(texts, "");
  return texts;
}

}  // namespace

std::span<const Field> chat_fields() {
  static const std::vector<Field> fields = with_common({
      {.name = "messages",
       .types = kArray,
       .is_required = true,
       .min_size = 1,
       .max_size = 100'000},
      {.name = "max_completion_tokens", .types = kInteger, .min = -1, .max = 1e9},
      {.name = "logprobs", .types = kBoolean, .note = "log probabilities of the answer's tokens"},
      {.name = "top_logprobs", .types = kInteger, .min = 0, .max = 20},
      {.name = "chat_template_kwargs", .types = kObject, .max_size = 1000},
      {.name = "add_generation_prompt", .types = kBoolean},
      {.name = "reasoning_effort", .types = kString, .values = kEfforts},
      {.name = "reasoning_format",
       .types = kString,
       .note = "none: reasoning stays in the content; auto or deepseek: "
               "reasoning_content"},
      {.name = "tools",
       .kind = FieldKind::refused,
       .idle_value = "[]",
       .note = "tools come with a later version"},
      {.name = "tool_choice",
       .kind = FieldKind::refused,
       .idle_value = "\"none\"",
       .note = "tools come with a later version"},
      {.name = "functions", .kind = FieldKind::refused, .idle_value = "[]"},
      {.name = "function_call", .kind = FieldKind::refused, .idle_value = "\"none\""},
      {.name = "response_format",
       .kind = FieldKind::refused,
       .idle_value = R"({"type":"text"})",
       .note = "structured output comes with a later version"},
      {.name = "modalities", .kind = FieldKind::refused, .idle_value = R"(["text"])"},
      {.name = "audio", .kind = FieldKind::refused},
      {.name = "web_search_options", .kind = FieldKind::refused},
      {.name = "continue_final_message", .kind = FieldKind::refused, .idle_value = "false"},
  });
  return fields;
}

std::span<const Field> completion_fields() {
  static const std::vector<Field> fields = with_common({
      {.name = "prompt",
       .types = kString | kArray,
       .is_required = true,
       .note = "a text, a list of token ids, or a list of either"},
      {.name = "echo", .types = kBoolean, .note = "the prompt comes before the answer"},
      {.name = "logprobs",
       .types = kInteger,
       .min = 0,
       .max = 20,
       .note = "log probabilities, and those of so many others"},
      {.name = "suffix", .kind = FieldKind::refused, .idle_value = "\"\""},
      {.name = "best_of", .kind = FieldKind::refused, .idle_value = "1"},
  });
  return fields;
}

const Json* member(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::expected<GenerationRequest, ApiError> read_generation(const Json& body) {
  GenerationRequest request;
  if (const Json* model = member(body, "model")) request.model = model->get<std::string>();
  if (const Json* streams = member(body, "stream")) request.streams = streams->get<bool>();
  if (const Json* options = member(body, "stream_options")) {
    if (auto error =
            check_fields(*options, kStreamOptions, UnknownFields::ignore, "stream_options"))
      return std::unexpected(std::move(*error));
    if (!request.streams) return bad("stream_options", "stream_options goes with \"stream\": true");
    if (const Json* usage = member(*options, "include_usage"))
      request.includes_usage = usage->get<bool>();
  }
  for (const std::string_view name : {"n_predict", "max_tokens", "max_completion_tokens"})
    if (const Json* most = member(body, name))
      request.submit.max_tokens = most->get<std::int32_t>();
  if (const Json* n = member(body, "n")) request.n_choices = n->get<std::uint32_t>();
  if (const Json* stop = member(body, "stop")) {
    auto texts = read_stops(*stop);
    if (!texts) return std::unexpected(std::move(texts.error()));
    request.submit.stop = std::move(*texts);
  }
  if (const Json* ignore = member(body, "ignore_eos"))
    request.submit.ignore_end = ignore->get<bool>();
  if (const Json* caches = member(body, "cache_prompt"))
    request.caches_prompt = caches->get<bool>();
  const auto pass_on = [&](std::string_view name) {
    if (const Json* value = member(body, name)) request.sampling[std::string(name)] = *value;
  };
  for (const std::string_view name : kSamplingNumbers) pass_on(name);
  for (const std::string_view name :
       {"logit_bias", "samplers", "dry_sequence_breakers", "post_sampling_probs"})
    pass_on(name);
  return request;
}

}  // namespace hearth::server
