// SPDX-License-Identifier: Apache-2.0
#include "worker/translate.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "sample/fields.h"

namespace hearth::worker {
namespace {

Crew to_crew(const wire::Crew& crew) {
  return {.n_workers = crew.n_workers,
          .cpus = crew.cpus,
          .spin = std::chrono::microseconds(crew.spin_us),
          .nice = crew.nice};
}

wire::Crew to_wire(const Crew& crew) {
  return {.n_workers = crew.n_workers,
          .cpus = crew.cpus,
          .spin_us = static_cast<std::uint32_t>(crew.spin.count()),
          .nice = crew.nice};
}

Result<kernels::KvType> kv_type_named(const std::string& name) {
  kernels::KvType type = {};
  if (!kernels::find_kv_type(name.c_str(), &type))
    return fail(ErrorCode::usage, "no such type of a KV cache");
  return type;
}

std::shared_ptr<const UniqueFd> shared(UniqueFd fd) {
  return std::make_shared<const UniqueFd>(std::move(fd));
}

engine::Prompt to_prompt(const wire::Prompt& prompt) {
  if (const auto* text = std::get_if<wire::TextPrompt>(&prompt))
    return engine::TextPrompt{text->text, text->add_special, text->parse_special};
  if (const auto* chat = std::get_if<wire::ChatPrompt>(&prompt))
    return engine::ChatPrompt{chat->variables_json};
  return engine::TokenPrompt{std::get<wire::TokenPrompt>(prompt).ids};
}

wire::Prompt to_wire(const engine::Prompt& prompt) {
  if (const auto* text = std::get_if<engine::TextPrompt>(&prompt))
    return wire::TextPrompt{text->text, text->add_special, text->parse_special};
  if (const auto* chat = std::get_if<engine::ChatPrompt>(&prompt))
    return wire::ChatPrompt{chat->variables_json};
  return wire::TokenPrompt{std::get<engine::TokenPrompt>(prompt).ids};
}

wire::TokenLogprob to_wire(engine::TokenLogprob token) {
  return {token.token, token.logprob, std::move(token.piece)};
}

// The field at fault: what validation says begins with its name.
std::string parameter_of(const Error& error) {
  if (error.code != ErrorCode::usage) return {};
  const std::size_t end = error.message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  if (end == 0 || end == std::string::npos || error.message[end] != ':') return {};
  return error.message.substr(0, end);
}

}  // namespace

Result<LoadRequest> to_load_request(const wire::Load& load, std::vector<UniqueFd> descriptors,
                                    const HostFacts& host) {
  const bool has_prepared = load.prepared != wire::PreparedUse::none;
  const std::size_t n_files = load.shard_names.size() + (has_prepared ? 1 : 0) + load.others.size();
  if (descriptors.size() != n_files)
    return fail(ErrorCode::usage, "{} descriptors came for {} files", descriptors.size(), n_files);
  if (!load.isa.empty() && !kernels::select_isa(load.isa.c_str()))
    return fail(ErrorCode::usage, "no such instruction set");
  LoadRequest request;
  engine::LoadOptions& options = request.options;
  std::vector<engine::Candidate> others(load.others.size());
  for (std::size_t i = others.size(); i-- > 0;) {
    others[i].name = load.others[i];
    others[i].shards.push_back({std::move(descriptors.back()), load.others[i]});
    descriptors.pop_back();
  }
  options.find_smaller = engine::smaller_among(std::move(others));
  if (has_prepared) {
    options.prepared.key = load.prepared_key;
    auto& use =
        load.prepared == wire::PreparedUse::read ? options.prepared.from : options.prepared.into;
    use = shared(std::move(descriptors.back()));
    descriptors.pop_back();
  }
  for (std::size_t i = 0; i < descriptors.size(); ++i)
    request.shards.push_back({std::move(descriptors[i]), load.shard_names[i]});
  const auto mode = model::load_mode_named(load.load_mode);
  if (!mode) return fail(ErrorCode::usage, "no such load mode");
  options.load_mode = *mode;
  options.k_type = TRY(kv_type_named(load.k_type));
  options.v_type = TRY(kv_type_named(load.v_type));
  options.available_memory = host.available_memory;
  if (load.available_bytes) {
    std::optional<std::uint64_t>& bytes = options.available_memory->bytes;
    bytes = std::min(bytes.value_or(*load.available_bytes), *load.available_bytes);
  }
  options.n_ctx = load.n_ctx;
  options.n_sequences = load.n_sequences;
  options.n_ubatch = load.n_ubatch;
  options.max_wanted = load.max_wanted;
  options.crews = model::CpuCrews{.single = to_crew(load.single),
                                  .batch = to_crew(load.batch),
                                  .n_cpus = load.n_cpus != 0 ? load.n_cpus : host.n_cpus};
  options.chat_template = load.chat_template;
  options.chat_template_name = load.chat_template_name;
  options.wants_thinking_facts = true;
  request.serving.scheduling.max_running = load.n_sequences;
  request.serving.prefix_cache_bytes = load.prefix_cache_bytes;
  return request;
}

wire::Load to_load(const engine::LoadOptions& options) {
  wire::Load load;
  load.isa = kernels::active().name;
  load.load_mode = name_of(options.load_mode);
  load.k_type = kernels::kv_type_name(options.k_type);
  load.v_type = kernels::kv_type_name(options.v_type);
  load.n_ctx = options.n_ctx;
  load.n_sequences = options.n_sequences;
  load.n_ubatch = options.n_ubatch;
  load.max_wanted = options.max_wanted;
  load.prepared_key = options.prepared.key;
  load.prepared = options.prepared.from   ? wire::PreparedUse::read
                  : options.prepared.into ? wire::PreparedUse::write
                                          : wire::PreparedUse::none;
  if (options.crews) {
    load.single = to_wire(options.crews->single);
    load.batch = to_wire(options.crews->batch);
    load.n_cpus = options.crews->n_cpus;
  } else {
    load.single.n_workers = load.batch.n_workers = options.n_threads;
  }
  load.chat_template = options.chat_template;
  load.chat_template_name = options.chat_template_name;
  return load;
}

Result<engine::Request> to_request(const wire::Submit& submit,
                                   const sample::SamplingParams& defaults) {
  engine::Request request;
  request.id = submit.id;
  request.prompt = to_prompt(submit.prompt);
  request.sampling = defaults;
  TRY(sample::apply_fields(request.sampling, submit.sampling_json, &request.dry_breakers));
  request.max_tokens = submit.max_tokens;
  request.ignore_end = submit.ignore_end;
  request.stop = submit.stop;
  request.show_thinking_marks = submit.split_reasoning || submit.show_thinking_marks;
  request.n_prompt_logprobs = submit.n_prompt_logprobs;
  request.cache_scope = submit.cache_scope;
  request.share_key = submit.share_key;
  request.uses_cache = submit.uses_cache;
  return request;
}

engine::Request to_request(const wire::Embed& embed) {
  engine::Request request;
  request.id = embed.id;
  request.prompt = to_prompt(embed.prompt);
  request.embedding = engine::EmbeddingOptions{
      .pooling = static_cast<engine::Pooling>(embed.pooling), .n_dims = embed.n_dims};
  request.cache_scope = embed.cache_scope;
  request.share_key = embed.share_key;
  request.uses_cache = embed.uses_cache;
  return request;
}

wire::Submit to_submit(const engine::Request& request) {
  Json sampling = sample::to_json(request.sampling);
  sampling["dry_sequence_breakers"] = request.dry_breakers;
  return {.prompt = to_wire(request.prompt),
          .max_tokens = request.max_tokens,
          .ignore_end = request.ignore_end,
          .stop = request.stop,
          .sampling_json = to_json_text(sampling),
          .show_thinking_marks = request.show_thinking_marks,
          .n_prompt_logprobs = request.n_prompt_logprobs,
          .cache_scope = request.cache_scope,
          .share_key = request.share_key};
}

wire::Failed to_failed(wire::RequestId id, const Error& error) {
  return {id, error.code, error.message, parameter_of(error)};
}

wire::Loaded to_loaded(const engine::LoadedEvent& event) {
  const engine::ThinkingFacts& thinking = event.thinking;
  return {.name = event.name,
          .architecture = event.architecture,
          .notice = event.notice,
          .weights = event.weights,
          .chat_template = event.chat_template,
          .sampling_json = to_json_text(sample::to_json(event.sampling)),
          .thinking = {thinking.open_mark, thinking.close_mark, thinking.switch_name,
                       thinking.on_json, thinking.off_json},
          .n_ctx = event.n_ctx,
          .n_ctx_trained = event.n_ctx_train,
          .n_vocab = event.n_vocab,
          .n_embd = event.n_embd,
          .n_params = event.n_params,
          .weight_bytes = event.weight_bytes,
          .kv_bytes = event.kv_bytes,
          .memory_bytes = event.memory_bytes};
}

wire::Status to_status(const engine::Counters& counters) {
  return {.n_running = counters.n_running,
          .n_waiting = counters.n_waiting,
          .kv_blocks_used = counters.kv_blocks_used,
          .kv_blocks_cached = counters.kv_blocks_cached,
          .kv_blocks = counters.kv_blocks,
          .n_steps = counters.n_steps,
          .n_progress = counters.n_progress,
          .n_prompt_tokens = counters.n_prompt_tokens,
          .n_reused_tokens = counters.n_reused_tokens,
          .n_generated_tokens = counters.n_generated_tokens,
          .n_preemptions = counters.n_preemptions,
          .n_evicted_blocks = counters.n_evicted_blocks};
}

wire::Started to_started(wire::RequestId id, const engine::StartedEvent& event) {
  return {.id = id,
          .n_prompt = event.n_prompt,
          .n_reused = event.n_reused,
          .is_thinking = event.is_thinking,
          .cache_stop = static_cast<wire::CacheStop>(event.cache_stop),
          .cached_token = event.cached_token,
          .n_lost = event.n_lost,
          .n_repeated = event.n_repeated,
          .n_shifted = event.n_shifted};
}

wire::Embedding to_embedding(wire::RequestId id, engine::EmbeddingEvent event) {
  return {.id = id,
          .values = std::move(event.values),
          .n_prompt = event.n_prompt,
          .n_reused = event.n_reused,
          .queue_seconds = event.queue_seconds,
          .prompt_seconds = event.prompt_seconds};
}

wire::Finished to_finished(wire::RequestId id, const engine::FinishedEvent& event) {
  return {.id = id,
          .reason = static_cast<wire::FinishReason>(event.reason),
          .n_prompt = event.n_prompt,
          .n_reused = event.n_reused,
          .n_generated = event.n_generated,
          .n_reasoning = 0,
          .queue_seconds = event.queue_seconds,
          .prompt_seconds = event.prompt_seconds,
          .generation_seconds = event.generation_seconds,
          .first_token_seconds = event.first_token_seconds};
}

std::vector<wire::Position> to_positions(std::vector<engine::Position> positions) {
  std::vector<wire::Position> out;
  out.reserve(positions.size());
  for (engine::Position& position : positions) {
    wire::Position& to = out.emplace_back();
    to.chosen = to_wire(std::move(position.chosen));
    for (engine::TokenLogprob& token : position.likeliest)
      to.likeliest.push_back(to_wire(std::move(token)));
  }
  return out;
}

}  // namespace hearth::worker
