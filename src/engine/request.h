// SPDX-License-Identifier: Apache-2.0
//
// The engine's door: requests go in, events come out. Everything here is a plain value that can be
// copied, compared and serialised, because the door will be a process border.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "sample/params.h"

namespace hearth::engine {

using RequestId = std::uint64_t;
using TokenId = std::int32_t;

// The three ways to say what comes before the answer.
struct TokenPrompt {
  std::vector<TokenId> ids;
};
struct TextPrompt {
  std::string text;
  bool add_special = true;
  bool parse_special = true;
};
// The variables of the chat template as JSON text: {"messages": [...], "tools": ..., ...}. Without
// a usable template the contents of the messages are joined by newlines.
struct ChatPrompt {
  std::string variables_json;
};
using Prompt = std::variant<TextPrompt, ChatPrompt, TokenPrompt>;

struct Request {
  RequestId id = 0;
  Prompt prompt;
  sample::SamplingParams sampling;
  std::int32_t max_tokens = -1;   // -1: until the model ends or the context is full
  bool ignore_end = false;        // never pick an end-of-generation token
  std::vector<std::string> stop;  // texts that end the answer and are not part of it
  // Texts that end a repetition for DRY, for a caller that does not know the vocabulary; used when
  // sampling.dry_sequence_breakers is empty.
  std::vector<std::string> dry_breakers = {};
  // Write the marks around the reasoning (ThinkingFacts) also where they are control tokens, which
  // an answer leaves out otherwise.
  bool show_thinking_marks = false;
};

enum class FinishReason : std::uint8_t { end_of_generation, stop_text, max_tokens, context_full };
std::string_view name_of(FinishReason reason);

struct LoadProgressEvent {
  std::uint64_t done_bytes = 0, total_bytes = 0;
};
// How the chat template marks and switches the reasoning of a model; empty fields: it does not
// tell, or nobody asked (LoadOptions::wants_thinking_facts).
struct ThinkingFacts {
  std::string open_mark, close_mark;  // around the reasoning that begins an answer
  std::string switch_name;            // a variable of the template
  std::string on_json, off_json;      // its values; "null" stands for leaving it out
};
struct LoadedEvent {
  std::string name;  // general.name or the file's name
  std::uint32_t n_ctx = 0;
  std::string notice;               // something the user should know, or empty
  sample::SamplingParams sampling;  // the model's defaults, for requests to start from
  std::string architecture;
  std::string chat_template;  // the source in use; empty: none
  ThinkingFacts thinking;
  std::string weights;  // how they came into memory, in a few words
};
struct StartedEvent {  // the prompt is read, the first token is on its way
  std::uint32_t n_prompt = 0;
  std::uint32_t n_reused = 0;  // of which were still in the KV cache
  bool is_thinking = false;    // the prompt ends in the mark that begins the reasoning
};
struct TextEvent {
  std::string text;  // whole UTF-8
  std::vector<TokenId> tokens;
};
struct FinishedEvent {
  FinishReason reason = FinishReason::end_of_generation;
  std::uint32_t n_prompt = 0, n_generated = 0;
  double prompt_seconds = 0, generation_seconds = 0, first_token_seconds = 0;
};
struct FailedEvent {
  Error error;  // cancelled when it was asked for
};

struct Event {
  RequestId request = 0;  // 0: about loading
  std::variant<LoadProgressEvent, LoadedEvent, StartedEvent, TextEvent, FinishedEvent, FailedEvent>
      what;
};

}  // namespace hearth::engine
