// SPDX-License-Identifier: Apache-2.0
//
// Answers as OpenAI's clients read them: whole bodies and the chunks of a stream, with llama.cpp's
// "timings" beside the usage. Facts: openai-python's types chat_completion(_chunk) and completion.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "wire/messages.h"

namespace hearth::server {

// What every body and chunk of an answer begins with.
struct AnswerHead {
  std::string id;
  std::string model;
  std::int64_t created = 0;
  std::string fingerprint;  // of this build
};

// Everything that came of one answer.
struct Choice {
  std::string text, reasoning;
  std::vector<wire::Position> positions;
  wire::Finished finished;
  // With echo:
  std::string prompt_text;
  std::optional<std::string> first_piece;  // of the prompt; it has no position
  bool first_is_text = true;               // false: a token that the text does not show
  std::vector<wire::Position> prompt_positions;
};

// Whether a limit ended the answer, and not the model or a stop text.
bool is_cut(wire::FinishReason reason);
std::string_view finish_reason(wire::FinishReason reason);  // "length" or "stop"

// Prompts are counted once, however many answers they have.
Json usage_json(std::span<const wire::Finished> answers, std::size_t answers_per_prompt);
Json timings_json(const wire::Finished& finished);

// {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}
Json chat_logprobs(std::span<const wire::Position> positions);
// {"tokens", "token_logprobs", "top_logprobs", "text_offset"}; offset: where the text of the first
// position begins, in characters.
Json legacy_logprobs(std::span<const wire::Position> positions, std::size_t offset);
// The same for an answer with its prompt before it.
Json echo_logprobs(const Choice& choice);

// Characters of text, or of a piece of it: every byte that does not continue one.
std::size_t count_characters(std::string_view text);

Json chat_body(const AnswerHead& head, std::span<const Choice> choices);
Json chat_chunk(const AnswerHead& head, std::size_t index, Json delta, Json logprobs,
                const wire::Finished* finished);
Json completion_body(const AnswerHead& head, std::span<const Choice> choices,
                     std::size_t answers_per_prompt, bool has_logprobs);
Json completion_chunk(const AnswerHead& head, std::size_t index, const std::string& text,
                      Json logprobs, const wire::Finished* finished);
// The last chunk, where the usage was asked for.
Json usage_chunk(const AnswerHead& head, std::string_view object, Json usage);

}  // namespace hearth::server
