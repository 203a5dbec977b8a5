// SPDX-License-Identifier: Apache-2.0
//
// The engine's door: requests go in, events come out. Everything here is a plain value that can be
// copied, compared and serialised, because the door will be a process border.
#pragma once

#include <cstdint>
#include <optional>
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

// How the hidden states of a prompt become one vector (engine/pooling.h).
enum class Pooling : std::uint8_t {
  of_model,  // as the model's file says
  mean,      // of all tokens
  cls,       // the first token's
  last,      // the last token's
};
struct EmbeddingOptions {
  Pooling pooling = Pooling::of_model;
  std::uint32_t n_dims = 0;  // only the first so many numbers; 0: all
};

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
  // Log probabilities of the prompt's tokens, each with this many of the likeliest; 0: their own
  // alone; -1: none. sampling.logprobs and n_probs ask for those of the answer.
  std::int32_t n_prompt_logprobs = -1;
  // Ends in the embedding of the prompt, and nothing is generated; what is about sampling and text
  // means nothing then.
  std::optional<EmbeddingOptions> embedding = {};
  // False: takes nothing from the prefix cache and leaves nothing there.
  bool uses_cache = true;
  // Requests of one scope share what the KV cache keeps of finished ones; others never see it, not
  // even by how fast they are answered.
  std::uint64_t cache_scope = 0;
  // Keys get equal shares of the model; within one, the oldest request comes first.
  std::uint64_t share_key = 0;
};

enum class FinishReason : std::uint8_t { end_of_generation, stop_text, max_tokens, context_full };

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
  std::uint32_t n_ctx_train = 0, n_vocab = 0, n_embd = 0;
  std::uint64_t n_params = 0, weight_bytes = 0, kv_bytes = 0;
  std::uint64_t memory_bytes = 0;  // at its peak, weights and all
};
// Why no more of a prompt was taken from the cache.
enum class CacheStop : std::uint8_t {
  nothing_alike,  // no past of this scope begins as the prompt does
  whole_prompt,   // all but the last token, which is always computed
  end_of_past,    // what is cached ends there
  other_token,    // what is cached goes on with another token
  not_asked,      // there is no cache, none is wanted, or all states of the prompt are
};

struct StartedEvent {  // the prompt is read, the first token is on its way
  std::uint32_t n_prompt = 0;
  std::uint32_t n_reused = 0;  // of which were still in the KV cache
  bool is_thinking = false;    // the prompt ends in the mark that begins the reasoning
  CacheStop cache_stop = CacheStop::nothing_alike;
  // Of other_token: what the cached past has at n_reused; how many tokens of it, from there on,
  // were of no use; and how many of those the prompt has again, further back by n_shifted. Many of
  // them: somebody changed the beginning of a conversation (engine/prompt_change.h).
  TokenId cached_token = -1;
  std::uint32_t n_lost = 0;
  std::uint32_t n_repeated = 0;
  std::int32_t n_shifted = 0;
};
struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;  // natural, in the model's own distribution (sample/sampler.h)
  std::string piece;  // the token's bytes, which need not be whole UTF-8; also of control tokens
  bool operator==(const TokenLogprob&) const = default;
};
struct Position {
  TokenLogprob chosen;
  std::vector<TokenLogprob> likeliest;  // best first; chosen may be among them
  bool operator==(const Position&) const = default;
};
// A stretch of the prompt, in order; the first token of all has no position. Before StartedEvent.
struct PromptLogprobsEvent {
  std::vector<Position> positions;
};
// Text and the tokens that it is made of. A token whose text is held back (an unfinished rune, what
// may become a stop text) waits with it, and one that lies in a stop text never comes.
struct TextEvent {
  std::string text;  // whole UTF-8
  std::vector<TokenId> tokens;
  std::vector<Position> positions;  // of the tokens, if they were asked for
};
struct FinishedEvent {
  FinishReason reason = FinishReason::end_of_generation;
  std::uint32_t n_prompt = 0, n_reused = 0, n_generated = 0;
  // Waiting for a place, then reading the prompt; first_token_seconds is both.
  double queue_seconds = 0, prompt_seconds = 0;
  double generation_seconds = 0, first_token_seconds = 0;
};
struct EmbeddingEvent {
  std::vector<float> values;  // of the length 1
  std::uint32_t n_prompt = 0, n_reused = 0;
  double queue_seconds = 0, prompt_seconds = 0;
};
struct FailedEvent {
  Error error;  // cancelled when it was asked for
};

struct Event {
  RequestId request = 0;  // 0: about loading
  std::variant<LoadProgressEvent, LoadedEvent, StartedEvent, PromptLogprobsEvent, TextEvent,
               FinishedEvent, EmbeddingEvent, FailedEvent>
      what;
};

}  // namespace hearth::engine
