// SPDX-License-Identifier: Apache-2.0
#include "text/stream_decoder.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "text/tokenizer_test_util.h"

namespace hearth::text {
namespace {

TokenizerPtr byte_tokenizer() {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types = {2, 3, 3};
  for (unsigned byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(6);
  }
  tokens.push_back("▁é");
  types.push_back(1);
  return load_tokenizer({{"tokenizer.ggml.model", std::string("llama")},
                         {"tokenizer.ggml.tokens", tokens},
                         {"tokenizer.ggml.token_type", types}})
      .value();
}

TokenId byte(unsigned value) {
  return static_cast<TokenId>(3 + value);
}

TEST(StreamDecoder, HoldsBackHalfARuneAndNeverAWholeOne) {
  const TokenizerPtr tokenizer = byte_tokenizer();
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(byte('a')), "a");
  EXPECT_EQ(decoder.push(byte(0xF0)), "");
  EXPECT_EQ(decoder.push(byte(0x9F)), "");
  EXPECT_EQ(decoder.push(byte(0x98)), "");
  EXPECT_EQ(decoder.push(byte(0x80)), "\xF0\x9F\x98\x80");
  EXPECT_EQ(decoder.push(259), " é");
  EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoder, BytesThatNeverBecomeUtf8AreReplacedAsSoonAsThatIsKnown) {
  const TokenizerPtr tokenizer = byte_tokenizer();
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(byte(0xFF)), "\uFFFD");
  EXPECT_EQ(decoder.push(byte(0xE2)), "");
  EXPECT_EQ(decoder.push(byte('x')), "\uFFFDx");
  EXPECT_EQ(decoder.push(byte(0x80)), "\uFFFD");
  EXPECT_EQ(decoder.push(byte(0xE2)), "");
  EXPECT_EQ(decoder.push(byte(0x82)), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoder, ControlTokensAddNothingEvenInsideARune) {
  const TokenizerPtr tokenizer = byte_tokenizer();
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(1), "");
  EXPECT_EQ(decoder.push(byte(0xC3)), "");
  EXPECT_EQ(decoder.push(2), "");
  EXPECT_EQ(decoder.push(0), "");
  EXPECT_EQ(decoder.push(byte(0xA9)), "é");
  EXPECT_EQ(decoder.push(-5), "");
}

// Whatever the tokens, the pieces together are the replaced form of the bytes together.
TEST(StreamDecoder, PiecesAddUpToTheWholeText) {
  const TokenizerPtr tokenizer = byte_tokenizer();
  std::uint32_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    StreamDecoder decoder(*tokenizer);
    std::string bytes;
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 1664525 + 1013904223;
      constexpr unsigned kBytes[] = {0x41, 0x80, 0xBF, 0xC3, 0xE2, 0x82,
                                     0xAC, 0xED, 0xF0, 0x9F, 0xF4, 0xFF};
      const unsigned value = kBytes[(state >> 16) % 12];
      bytes.push_back(static_cast<char>(value));
      const std::string piece = decoder.push(byte(value));
      EXPECT_TRUE(is_valid_utf8(piece));
      text += piece;
    }
    text += decoder.finish();
    ASSERT_EQ(text, to_valid_utf8(bytes));
  }
}

}  // namespace
}  // namespace hearth::text
