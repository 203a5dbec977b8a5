// SPDX-License-Identifier: Apache-2.0
#include "server/openai/answer_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"

namespace hearth::server {
namespace {

// A piece as text: bytes that are no whole character as OpenAI's API writes them.
std::string piece_text(const std::string& piece) {
  if (is_valid_utf8(piece)) return piece;
  std::string text = "bytes:";
  for (const char byte : piece) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return text;
}

Json token_json(const wire::TokenLogprob& token) {
  Json bytes = Json::array();
  for (const char byte : token.piece) bytes.push_back(static_cast<unsigned char>(byte));
  return {
      {"token", piece_text(token.piece)}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

Json begin(const AnswerHead& head, std::string_view object) {
  Json json = {
      {"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}};
  if (!head.fingerprint.empty()) json["system_fingerprint"] = head.fingerprint;
  return json;
}

Json reason_json(const wire::Finished* finished) {
  return finished == nullptr ? Json(nullptr) : Json(finish_reason(finished->reason));
}

std::vector<wire::Finished> ends_of(std::span<const Choice> choices) {
  std::vector<wire::Finished> ends;
  for (const Choice& choice : choices) ends.push_back(choice.finished);
  return ends;
}

// The four lists of legacy log probabilities, as they grow.
struct LegacyLists {
  Json tokens = Json::array(), logprobs = Json::array(), tops = Json::array(),
       offsets = Json::array();
  std::size_t offset = 0;

  void add_unscored(const std::string& piece, bool is_text) {
    tokens.push_back(piece_text(piece));
    logprobs.push_back(nullptr);
    tops.push_back(nullptr);
    offsets.push_back(offset);
    if (is_text) offset += count_characters(piece);
  }
  void add(const wire::Position& position) {
    tokens.push_back(piece_text(position.chosen.piece));
    logprobs.push_back(position.chosen.logprob);
    Json top = Json::object();
    for (const wire::TokenLogprob& token : position.likeliest)
      top[piece_text(token.piece)] = token.logprob;
    tops.push_back(std::move(top));
    offsets.push_back(offset);
    offset += count_characters(position.chosen.piece);
  }
  Json take() {
    return {{"tokens", std::move(tokens)},
            {"token_logprobs", std::move(logprobs)},
            {"top_logprobs", std::move(tops)},
            {"text_offset", std::move(offsets)}};
  }
};

}  // namespace

bool is_cut(wire::FinishReason reason) {
  return reason == wire::FinishReason::max_tokens || reason == wire::FinishReason::context_full;
}

std::string_view finish_reason(wire::FinishReason reason) {
  return is_cut(reason) ? "length" : "stop";
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

Json usage_json(std::span<const wire::Finished> answers, std::size_t answers_per_prompt) {
  std::uint64_t n_prompt = 0, n_reused = 0, n_generated = 0, n_reasoning = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i % answers_per_prompt == 0) {
      n_prompt += answers[i].n_prompt;
      n_reused += answers[i].n_reused;
    }
    n_generated += answers[i].n_generated;
    n_reasoning += answers[i].n_reasoning;
  }
  return {{"prompt_tokens", n_prompt},
          {"completion_tokens", n_generated},
          {"total_tokens", n_prompt + n_generated},
          {"prompt_tokens_details", {{"cached_tokens", n_reused}}},
          {"completion_tokens_details", {{"reasoning_tokens", n_reasoning}}}};
}

Json timings_json(const wire::Finished& finished) {
  const std::uint32_t n_read = finished.n_prompt - std::min(finished.n_prompt, finished.n_reused);
  const auto rate = [](double n, double seconds) { return seconds > 0 ? n / seconds : 0.0; };
  const auto each = [](double seconds, double n) { return n > 0 ? 1e3 * seconds / n : 0.0; };
  return {{"cache_n", finished.n_reused},
          {"prompt_n", n_read},
          {"prompt_ms", 1e3 * finished.prompt_seconds},
          {"prompt_per_token_ms", each(finished.prompt_seconds, n_read)},
          {"prompt_per_second", rate(n_read, finished.prompt_seconds)},
          {"predicted_n", finished.n_generated},
          {"predicted_ms", 1e3 * finished.generation_seconds},
          {"predicted_per_token_ms", each(finished.generation_seconds, finished.n_generated)},
          {"predicted_per_second", rate(finished.n_generated, finished.generation_seconds)},
          {"queue_ms", 1e3 * finished.queue_seconds}};
}

Json chat_logprobs(std::span<const wire::Position> positions) {
  Json content = Json::array();
  for (const wire::Position& position : positions) {
    Json token = token_json(position.chosen);
    Json top = Json::array();
    for (const wire::TokenLogprob& other : position.likeliest) top.push_back(token_json(other));
    token["top_logprobs"] = std::move(top);
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json legacy_logprobs(std::span<const wire::Position> positions, std::size_t offset) {
  LegacyLists lists;
  lists.offset = offset;
  for (const wire::Position& position : positions) lists.add(position);
  return lists.take();
}

Json echo_logprobs(const Choice& choice) {
  LegacyLists lists;
  if (choice.first_piece) lists.add_unscored(*choice.first_piece, choice.first_is_text);
  for (const wire::Position& position : choice.prompt_positions) lists.add(position);
  for (const wire::Position& position : choice.positions) lists.add(position);
  return lists.take();
}

Json chat_body(const AnswerHead& head, std::span<const Choice> choices) {
  Json body = begin(head, "chat.completion");
  Json& list = body["choices"] = Json::array();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const Choice& choice = choices[i];
    Json message = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
    if (!choice.reasoning.empty()) message["reasoning_content"] = choice.reasoning;
    list.push_back(
        {{"index", i},
         {"message", std::move(message)},
         {"logprobs", choice.positions.empty() ? Json(nullptr) : chat_logprobs(choice.positions)},
         {"finish_reason", finish_reason(choice.finished.reason)}});
  }
  body["usage"] = usage_json(ends_of(choices), choices.size());
  body["timings"] = timings_json(choices.front().finished);
  return body;
}

Json chat_chunk(const AnswerHead& head, std::size_t index, Json delta, Json logprobs,
                const wire::Finished* finished) {
  Json chunk = begin(head, "chat.completion.chunk");
  chunk["choices"] = Json::array({{{"index", index},
                                   {"delta", std::move(delta)},
                                   {"logprobs", std::move(logprobs)},
                                   {"finish_reason", reason_json(finished)}}});
  if (finished != nullptr) chunk["timings"] = timings_json(*finished);
  return chunk;
}

Json completion_body(const AnswerHead& head, std::span<const Choice> choices,
                     std::size_t answers_per_prompt, bool has_logprobs) {
  Json body = begin(head, "text_completion");
  Json& list = body["choices"] = Json::array();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const Choice& choice = choices[i];
    list.push_back({{"text", choice.prompt_text + choice.text},
                    {"index", i},
                    {"logprobs", has_logprobs ? echo_logprobs(choice) : Json(nullptr)},
                    {"finish_reason", finish_reason(choice.finished.reason)}});
  }
  body["usage"] = usage_json(ends_of(choices), answers_per_prompt);
  body["timings"] = timings_json(choices.front().finished);
  return body;
}

Json completion_chunk(const AnswerHead& head, std::size_t index, const std::string& text,
                      Json logprobs, const wire::Finished* finished) {
  Json chunk = begin(head, "text_completion");
  chunk["choices"] = Json::array({{{"text", text},
                                   {"index", index},
                                   {"logprobs", std::move(logprobs)},
                                   {"finish_reason", reason_json(finished)}}});
  if (finished != nullptr) chunk["timings"] = timings_json(*finished);
  return chunk;
}

Json usage_chunk(const AnswerHead& head, std::string_view object, Json usage) {
  Json chunk = begin(head, object);
  chunk["choices"] = Json::array();
  chunk["usage"] = std::move(usage);
  return chunk;
}

}  // namespace hearth::server
