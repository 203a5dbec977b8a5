// SPDX-License-Identifier: Apache-2.0
//
// What the front and a worker say to each other: plain values, no behaviour. The front owns
// sockets, keys and limits and knows no token; a worker is one model, in a process of its own that
// can reach nothing but the front's socket. Either side may be hostile to the other: a worker
// because a file may have taken it over, the front's requests because people write them.
//
// A conversation: Hello both ways; Load, with the descriptors of the model's files beside it;
// Progress, and Loaded or Failed about request 0; then any number of requests at once, each ended
// by exactly one message (Finished, Failed, Tokens, Text of a template, Embedding). When one end
// closes the socket, the other stops.
//
// Numbers of alternatives are the protocol: add at the end, and raise kVersion for anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "wire/codec.h"

namespace hearth::wire {

inline constexpr std::uint32_t kVersion = 2;

using RequestId = std::uint64_t;  // the front's; 0 is about the model itself
using TokenId = std::int32_t;

struct Hello {
  std::uint32_t version = kVersion;
  std::string
      build;  // both are the same program: another build means a file was replaced meanwhile
  bool operator==(const Hello&) const = default;
};

// ---- front to worker ----

// Threads that compute, and where (base/thread_pool.h).
struct Crew {
  std::uint32_t n_workers = 1;
  std::vector<std::vector<std::uint32_t>> cpus;
  std::uint32_t spin_us = 0;
  std::optional<std::int32_t> nice;
  bool operator==(const Crew&) const = default;
};

// Copies of packed weights on disk: the descriptor after those of the shards is one to read, or an
// empty file to write one into.
enum class PreparedUse : std::uint8_t { none, read, write };
template <>
inline constexpr PreparedUse kLast<PreparedUse> = PreparedUse::write;

struct Load {
  std::vector<std::string> shard_names;  // of the descriptors, in order; for messages alone
  PreparedUse prepared = PreparedUse::none;
  std::string prepared_key;
  // Names of other models, of one file each, whose descriptors come last: where this one does not
  // fit, the answer names one of them that is the same and would.
  std::vector<std::string> others;
  // Of memory, for weights, KV cache and scratch together; none: what the process finds.
  std::optional<std::uint64_t> available_bytes;
  std::uint32_t n_cpus = 0;       // that the process may use
  std::uint32_t n_ctx = 0;        // tokens of one request; 0: what fits
  std::uint32_t n_sequences = 1;  // requests that may run at once
  std::uint32_t n_ubatch = 512;
  std::uint32_t max_wanted = 0;  // rows of a step that may want results; 0: a few a sequence
  Crew single, batch;            // for generation and for prompts
  std::string k_type = "f16", v_type = "f16";
  std::string load_mode = "auto";
  std::string isa;  // instruction set of the kernels; empty: the best
  std::string chat_template, chat_template_name;
  std::optional<std::uint64_t> prefix_cache_bytes;  // none: all that requests leave free
  bool confined = true;                             // false: somebody asked for --no-sandbox
  bool operator==(const Load&) const = default;
};

struct TextPrompt {
  std::string text;
  bool add_special = true;
  bool parse_special = true;
  bool operator==(const TextPrompt&) const = default;
};
struct ChatPrompt {
  std::string variables_json;  // of the chat template
  bool operator==(const ChatPrompt&) const = default;
};
struct TokenPrompt {
  std::vector<TokenId> ids;
  bool operator==(const TokenPrompt&) const = default;
};
using Prompt = std::variant<TextPrompt, ChatPrompt, TokenPrompt>;

struct Submit {
  RequestId id = 0;
  Prompt prompt;
  std::int32_t max_tokens = -1;  // -1: until the model ends or the context is full
  bool ignore_end = false;
  std::vector<std::string> stop;
  std::string sampling_json = "{}";     // the API's sampling fields over the model's defaults
  bool split_reasoning = false;         // Text tells reasoning from the answer, without the marks
  bool show_thinking_marks = true;      // where it is not split: also those that are no text
  std::int32_t n_prompt_logprobs = -1;  // -1: none; else also this many of the likeliest
  std::uint64_t cache_scope = 0;        // only requests of one scope share a past
  std::uint64_t share_key = 0;          // keys get equal shares of the model
  bool uses_cache = true;               // false: no past is used, and none is left
  bool operator==(const Submit&) const = default;
};

struct Cancel {
  RequestId id = 0;  // 0: loading
  bool operator==(const Cancel&) const = default;
};

// So many threads may compute from now on, at the places of the crew from first_place on; 0: none,
// until the next lease, as it is at first.
struct Lease {
  std::uint32_t n_threads = 0, first_place = 0;
  bool operator==(const Lease&) const = default;
};

struct Tokenize {
  RequestId id = 0;
  std::string text;
  bool add_special = false, parse_special = true, with_pieces = false;
  bool operator==(const Tokenize&) const = default;
};
struct Detokenize {
  RequestId id = 0;
  std::vector<TokenId> ids;
  bool operator==(const Detokenize&) const = default;
};
struct ApplyTemplate {
  RequestId id = 0;
  std::string variables_json;
  bool operator==(const ApplyTemplate&) const = default;
};

// How the states of a prompt become one vector; cls: the first token's is taken.
enum class Pooling : std::uint8_t { of_model, mean, cls, last };
template <>
inline constexpr Pooling kLast<Pooling> = Pooling::last;
struct Embed {
  RequestId id = 0;
  Prompt prompt;
  Pooling pooling = Pooling::of_model;
  std::uint32_t n_dims = 0;  // only the first so many numbers; 0: all
  std::uint64_t cache_scope = 0, share_key = 0;
  bool uses_cache = true;  // all as in Submit
  bool operator==(const Embed&) const = default;
};

// Ends every request with an error and then the process.
struct Quit {
  bool operator==(const Quit&) const = default;
};

using ToWorker = std::variant<Hello, Load, Submit, Cancel, Lease, Tokenize, Detokenize,
                              ApplyTemplate, Embed, Quit>;

// ---- worker to front ----

struct Progress {
  std::uint64_t done_bytes = 0, total_bytes = 0;
  bool operator==(const Progress&) const = default;
};

// How the template marks and switches reasoning; empty: it does not say.
struct ThinkingFacts {
  std::string open_mark, close_mark;
  std::string switch_name, on_json, off_json;
  bool operator==(const ThinkingFacts&) const = default;
};

struct Loaded {
  std::string name, architecture, notice, weights, chat_template;
  std::string sampling_json;  // the model's defaults, under the API's names
  ThinkingFacts thinking;
  std::uint32_t n_ctx = 0, n_ctx_trained = 0, n_vocab = 0, n_embd = 0;
  std::uint64_t n_params = 0, weight_bytes = 0, kv_bytes = 0;
  std::uint64_t memory_bytes = 0;  // that it takes at its peak, weights and all
  bool wrote_prepared = false;     // the empty file that came with Load is a whole copy now
  std::string refused_prepared;    // why the copy that came was not used; empty: it was, or none
  std::string confinement;         // what keeps this process in, in a few words
  bool operator==(const Loaded&) const = default;
};

// Why no more of a prompt was taken from the cache.
enum class CacheStop : std::uint8_t {
  nothing_alike,  // no past of this scope begins as the prompt does
  whole_prompt,   // all but the last token, which is always computed
  end_of_past,    // what is cached ends there
  other_token,    // what is cached goes on with another token
  not_asked,      // there is no cache, none is wanted, or all states of the prompt are
};
template <>
inline constexpr CacheStop kLast<CacheStop> = CacheStop::not_asked;

struct Started {
  RequestId id = 0;
  std::uint32_t n_prompt = 0, n_reused = 0;
  bool is_thinking = false;  // the prompt has begun the reasoning
  CacheStop cache_stop = CacheStop::nothing_alike;
  // Of other_token: what the cached past has there, how many tokens of it were of no use, and how
  // many of those the prompt has again, further back by n_shifted (0: something was replaced).
  TokenId cached_token = -1;
  std::uint32_t n_lost = 0, n_repeated = 0;
  std::int32_t n_shifted = 0;
  bool operator==(const Started&) const = default;
};

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
  std::string piece;  // bytes, which need not be whole UTF-8
  bool operator==(const TokenLogprob&) const = default;
};
struct Position {
  TokenLogprob chosen;
  std::vector<TokenLogprob> likeliest;
  bool operator==(const Position&) const = default;
};

struct Text {
  RequestId id = 0;
  bool is_reasoning = false;
  std::string text;  // whole UTF-8
  std::vector<TokenId> tokens;
  std::vector<Position> positions;  // where log probabilities were asked for: one a token
  bool operator==(const Text&) const = default;
};

// Log probabilities of a stretch of the prompt; the first token of all has none.
struct PromptPositions {
  RequestId id = 0;
  std::vector<Position> positions;
  bool operator==(const PromptPositions&) const = default;
};

enum class FinishReason : std::uint8_t { end_of_generation, stop_text, max_tokens, context_full };
template <>
inline constexpr FinishReason kLast<FinishReason> = FinishReason::context_full;

struct Finished {
  RequestId id = 0;
  FinishReason reason = FinishReason::end_of_generation;
  std::uint32_t n_prompt = 0, n_reused = 0, n_generated = 0;
  std::uint32_t n_reasoning = 0;  // of those generated
  double queue_seconds = 0, prompt_seconds = 0, generation_seconds = 0, first_token_seconds = 0;
  bool operator==(const Finished&) const = default;
};

struct Failed {
  RequestId id = 0;
  ErrorCode code = ErrorCode::failed;
  std::string message;
  std::string parameter;  // of the request, as the API spells it; empty: none in particular
  bool operator==(const Failed&) const = default;
};

struct Tokens {
  RequestId id = 0;
  std::vector<TokenId> ids;
  std::vector<std::string> pieces;
  bool operator==(const Tokens&) const = default;
};
struct Rendered {
  RequestId id = 0;
  std::string text;
  bool operator==(const Rendered&) const = default;
};
struct Embedding {
  RequestId id = 0;
  std::vector<float> values;  // of the length 1
  std::uint32_t n_prompt = 0, n_reused = 0;
  double queue_seconds = 0, prompt_seconds = 0;
  bool operator==(const Embedding&) const = default;
};

// Now and then while there is work, and once when there is none any more.
struct Status {
  std::uint32_t n_running = 0, n_waiting = 0;
  std::uint32_t kv_blocks_used = 0, kv_blocks_cached = 0, kv_blocks = 0;
  std::uint64_t n_steps = 0, n_progress = 0;  // which grows in every layer: for a watchdog
  std::uint64_t n_prompt_tokens = 0, n_reused_tokens = 0, n_generated_tokens = 0;
  std::uint64_t n_preemptions = 0, n_evicted_blocks = 0;
  bool operator==(const Status&) const = default;
};

using ToFront = std::variant<Hello, Progress, Loaded, Started, Text, PromptPositions, Finished,
                             Failed, Tokens, Rendered, Embedding, Status>;

}  // namespace hearth::wire
