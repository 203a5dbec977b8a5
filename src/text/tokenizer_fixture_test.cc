// SPDX-License-Identifier: Apache-2.0
//
// One small vocabulary of each kind, made by tools/text/make_small_vocabs.py, with ids from the
// libraries that trained them.
#include <gtest/gtest.h>

#include "text/tokenizer_test_util.h"

namespace hearth::text {
namespace {

const char* const kNames[] = {"byte_bpe_gpt2", "byte_bpe_qwen2", "byte_bpe_smollm",
                              "raw_bpe",       "rwkv",           "spm",
                              "unigram",       "wordpiece"};

std::string path_of(const std::string& name) {
  return std::string(HEARTH_SOURCE_DIR "/tests/fixtures/vocab/") + name + ".gguf";
}

class Fixture : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Vocab, Fixture, testing::ValuesIn(kNames),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(Fixture, GivesTheIdsOfTheLibraryThatTrainedIt) {
  const std::string path = path_of(GetParam());
  const auto tokenizer = load_tokenizer_file(path);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto texts = read_test_texts(path + ".inp");
  const auto ids = read_test_ids(path + ".out");
  ASSERT_GE(texts.size(), 29U);
  ASSERT_EQ(texts.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(encode(**tokenizer, texts[i]), ids[i]) << "case " << i << ": [" << texts[i] << "]";
}

TEST_P(Fixture, DecodesToTheSameBytesUnlessTheKindLosesThem) {
  const std::string name = GetParam();
  if (name == "unigram" || name == "wordpiece") GTEST_SKIP() << "normalisation is not undone";
  const auto tokenizer = load_tokenizer_file(path_of(name)).value();
  for (const std::string& text : read_test_texts(path_of(name) + ".inp"))
    EXPECT_EQ(tokenizer->decode(encode(*tokenizer, text), false), text);
}

// The word cache and the cutting at places no merge crosses change the speed alone: a long text
// gives what its lines give one by one.
TEST_P(Fixture, ALongTextIsItsLinesOneAfterTheOther) {
  const std::string name = GetParam();
  const auto tokenizer = load_tokenizer_file(path_of(name)).value();
  std::string text;
  std::vector<TokenId> expected;
  const bool prefixed = name == "spm" || name == "unigram";  // a space is put before each text
  for (int round = 0; round < 40; ++round) {
    for (const std::string& sample : read_test_texts(path_of(name) + ".inp")) {
      if (sample.empty() || sample.contains('\n') || sample.contains('\r') || sample.front() == ' ')
        continue;
      const std::string line = "x" + std::to_string(round) + sample + ".";
      text += prefixed ? (text.empty() ? "" : " ") + line : line + "\nx\n";
      const auto ids = encode(*tokenizer, prefixed ? line : line + "\nx\n");
      expected.insert(expected.end(), ids.begin(), ids.end());
    }
  }
  EXPECT_EQ(encode(*tokenizer, text), expected);
}

TEST_P(Fixture, HasAnEndOfGenerationAndKnowsItsSize) {
  const auto tokenizer = load_tokenizer_file(path_of(GetParam())).value();
  EXPECT_GT(tokenizer->size(), 100U);
  EXPECT_EQ(tokenizer->bytes_of(-1), "");
  EXPECT_EQ(tokenizer->bytes_of(static_cast<TokenId>(tokenizer->size())), "");
  EXPECT_EQ(tokenizer->kind_of(1 << 30), TokenKind::unused);
  if (tokenizer->eos()) {
    EXPECT_TRUE(tokenizer->is_end_of_generation(*tokenizer->eos()));
  }
  EXPECT_FALSE(tokenizer->is_end_of_generation(-1));
}

}  // namespace
}  // namespace hearth::text
