// SPDX-License-Identifier: Apache-2.0
#include "wire/wire.h"

#include <gmock/gmock.h>

#include <bit>

namespace hearth::wire {
namespace {

std::string_view payload_of(const std::string& frame) {
  return std::string_view(frame).substr(kHeaderBytes);
}

// One of each, with something in every member that could be lost.
const std::vector<ToWorker>& to_worker_examples() {
  static const std::vector<ToWorker> examples = {
      Hello{.version = 7, .build = "abc"},
      Load{.shard_names = {"a-00001-of-00002.gguf", "b"},
           .prepared = PreparedUse::write,
           .prepared_key = "k",
           .others = {"small", "smaller"},
           .available_bytes = 1ULL << 40,
           .n_cpus = 3,
           .n_ctx = 4096,
           .n_sequences = 8,
           .n_ubatch = 256,
           .max_wanted = 9,
           .single = {.n_workers = 2, .cpus = {{0, 2}, {1}}, .spin_us = 40, .nice = -5},
           .batch = {.n_workers = 4, .cpus = {}, .spin_us = 0, .nice = std::nullopt},
           .k_type = "q8_0",
           .v_type = "q4_0",
           .load_mode = "dio",
           .isa = "avx2",
           .chat_template = "{{ messages }}",
           .chat_template_name = "tool_use",
           .prefix_cache_bytes = 5,
           .confined = false},
      Submit{.id = 1,
             .prompt = TextPrompt{"hi \xff", false, false},
             .max_tokens = 5,
             .ignore_end = true,
             .stop = {"", "x"},
             .sampling_json = R"({"top_k":1})",
             .split_reasoning = true,
             .show_thinking_marks = false,
             .n_prompt_logprobs = 3,
             .cache_scope = 9,
             .share_key = 10,
             .uses_cache = false},
      Submit{.id = 2, .prompt = ChatPrompt{R"({"messages":[]})"}},
      Submit{.id = 3, .prompt = TokenPrompt{{1, -2, 3}}},
      Cancel{4},
      Lease{5, 1},
      Tokenize{6, "text", true, false, true},
      Detokenize{7, {8, 9}},
      ApplyTemplate{8, "{}"},
      Embed{.id = 9,
            .prompt = TextPrompt{"x"},
            .pooling = Pooling::last,
            .n_dims = 2,
            .cache_scope = 3,
            .share_key = 4,
            .uses_cache = false},
      Quit{},
  };
  return examples;
}

const std::vector<ToFront>& to_front_examples() {
  static const std::vector<ToFront> examples = {
      Hello{},
      Progress{1, 2},
      Loaded{.name = "n",
             .architecture = "llama",
             .notice = "careful",
             .weights = "mapped",
             .chat_template = "t",
             .sampling_json = "{}",
             .thinking = {"<think>", "</think>", "enable_thinking", "true", "false"},
             .n_ctx = 1,
             .n_ctx_trained = 2,
             .n_vocab = 3,
             .n_embd = 4,
             .n_params = 5,
             .weight_bytes = 6,
             .kv_bytes = 7,
             .wrote_prepared = true,
             .refused_prepared = "damaged",
             .confinement = "seccomp"},
      Started{1, 2, 3, true, CacheStop::other_token, 4, 5, 6, -7},
      Text{.id = 1,
           .is_reasoning = true,
           .text = "\xc3\xa4",
           .tokens = {5},
           .positions = {{.chosen = {5, -0.5F, "\xc3"},
                          .likeliest = {{5, -0.5F, "\xc3"}, {6, -3, "b"}}}}},
      PromptPositions{2, {{.chosen = {1, -1, "a"}, .likeliest = {}}}},
      Finished{.id = 1,
               .reason = FinishReason::context_full,
               .n_prompt = 2,
               .n_reused = 1,
               .n_generated = 3,
               .n_reasoning = 1,
               .queue_seconds = 0.5,
               .prompt_seconds = 1.5,
               .generation_seconds = 2.5,
               .first_token_seconds = 3.5},
      Failed{1, ErrorCode::io, "no", "top_p"},
      Tokens{1, {2, 3}, {"a", "b"}},
      Rendered{1, "text"},
      Embedding{1, {0.5F, -1}, 7, 6, 0.5, 1.5},
      Status{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
  };
  return examples;
}

template <class Message>
Result<Message> decode(std::string_view payload) {
  if constexpr (std::is_same_v<Message, ToWorker>) {
    return decode_to_worker(payload);
  } else {
    return decode_to_front(payload);
  }
}

// What was said is what is heard; every shorter or longer run of bytes is refused.
template <class Message>
void expect_exact(const std::vector<Message>& examples) {
  std::vector<bool> seen(std::variant_size_v<Message>);
  for (const Message& example : examples) {
    SCOPED_TRACE(example.index());
    seen[example.index()] = true;
    const auto frame = encode(example);
    ASSERT_TRUE(frame);
    const std::string_view payload = payload_of(*frame);
    EXPECT_EQ(*frame_size(*frame), payload.size());
    const auto decoded = decode<Message>(payload);
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(*decoded == example);
    for (std::size_t n = 0; n < payload.size(); ++n)
      EXPECT_FALSE(decode<Message>(payload.substr(0, n))) << n << " of " << payload.size();
    EXPECT_FALSE(decode<Message>(std::string(payload) + '\0'));
  }
  EXPECT_THAT(seen, testing::Each(true)) << "an alternative without an example";
}

TEST(Wire, KeepsEveryMessageToTheWorker) {
  expect_exact(to_worker_examples());
}

TEST(Wire, KeepsEveryMessageToTheFront) {
  expect_exact(to_front_examples());
}

// What stands for what is the protocol: these bytes are version 2.
TEST(Wire, HasTheBytesOfItsVersion) {
  EXPECT_EQ(*encode(ToWorker(Cancel{0x0102})),
            std::string("\x09\0\0\0\x03\x02\x01\0\0\0\0\0\0", 13));
  EXPECT_EQ(*encode(ToFront(Failed{1, ErrorCode::usage, "n", ""})),
            std::string("\x13\0\0\0\x07\x01\0\0\0\0\0\0\0\x01\x01\0\0\0n\0\0\0\0", 23));
  EXPECT_EQ(kVersion, 2U);
}

TEST(Wire, RefusesWhatNobodyCouldHaveWritten) {
  const auto bytes = [](std::string_view text) { return std::string(text); };
  EXPECT_FALSE(decode_to_worker(""));
  EXPECT_FALSE(decode_to_worker(bytes("\x0a")));  // no such alternative
  EXPECT_FALSE(decode_to_worker(bytes("\xff")));
  std::string failed(payload_of(*encode(ToFront(Failed{1, ErrorCode::io, "", ""}))));
  failed[9] = 8;  // no such code
  EXPECT_FALSE(decode_to_front(failed));
  std::string text(payload_of(*encode(ToFront(Text{.id = 1}))));
  text[9] = 2;  // no bool
  EXPECT_FALSE(decode_to_front(text));
  std::string tokens(payload_of(*encode(ToWorker(Detokenize{1, {2}}))));
  for (const std::size_t at : {9U, 10U, 11U, 12U}) {  // a count beyond what follows
    std::string longer = tokens;
    longer[at] = '\x7f';
    EXPECT_FALSE(decode_to_worker(longer)) << at;
  }
}

TEST(Wire, BoundsFrames) {
  EXPECT_FALSE(frame_size(std::string(4, '\0')));
  EXPECT_FALSE(frame_size("\xff\xff\xff\xff"));
  EXPECT_FALSE(frame_size("abc"));
  const auto as_header = [](std::uint32_t n) {
    return std::string(reinterpret_cast<const char*>(&n), sizeof n);
  };
  EXPECT_EQ(*frame_size(as_header(kMaxPayload)), kMaxPayload);
  EXPECT_FALSE(frame_size(as_header(kMaxPayload + 1)));
  const auto too_large = encode(ToWorker(Tokenize{.id = 1, .text = std::string(kMaxPayload, 'x')}));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::does_not_fit);
  EXPECT_FALSE(encode(ToFront(Tokens{1, {}, std::vector<std::string>(kMaxElements + 1)})));
  const auto most = encode(ToFront(Tokens{1, {}, std::vector<std::string>(kMaxElements)}));
  ASSERT_TRUE(most);
  EXPECT_TRUE(decode_to_front(payload_of(*most)));
}

// A length must not take memory before its bytes are there.
TEST(Wire, TakesNoMemoryForWhatItIsOnlyTold) {
  std::string payload(payload_of(*encode(ToFront(Embedding{.id = 1}))));
  payload.replace(9, 4, "\xff\xff\xff\x0f");
  EXPECT_FALSE(decode_to_front(payload));
}

}  // namespace
}  // namespace hearth::wire
