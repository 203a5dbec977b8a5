// SPDX-License-Identifier: Apache-2.0
//
// Hostile texts take as long as prose: the steps of merging and matching are counted, not timed.
#include <gtest/gtest.h>

#include <random>

#include "base/test_support.h"
#include "text/tokenizer_base.h"
#include "text/tokenizer_test_util.h"

namespace hearth::text {
namespace {

// What is not linear shows at either size: the product of two of them is far above every factor
// allowed below.
constexpr std::size_t kBytes = std::size_t{1} << (test::kAddressSanitizer ? 15 : 20);

std::string repeated(std::string_view unit) {
  std::string text;
  while (text.size() + unit.size() <= kBytes) text += unit;
  return text;
}

std::string random_bytes() {
  std::mt19937 random(5);
  std::string text(kBytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// Words of a small lexicon, never the same line twice, so that a cache of words helps but little
// else.
std::string prose() {
  constexpr const char* kWords[] = {
      "the", "hearth", "warms", "Evening", "tea",   "and",   "don't",  "river",  "model", "counts",
      "128", "naïve",  "чай",   "東京",    "room,", "lamp.", "engine", "(left)", "quiet", "whole"};
  std::mt19937 random(6);
  std::string text;
  while (text.size() < kBytes) {
    text += kWords[random() % std::size(kWords)];
    text += random() % 12 == 0 ? "\n" : " ";
  }
  return text;
}

double steps_per_byte(const TokenizerBase& tokenizer, const std::string& text) {
  std::vector<TokenId> ids;
  const std::uint64_t steps = tokenizer.encode_counting(text, {}, ids);
  return static_cast<double>(steps) / static_cast<double>(text.size());
}

TEST(TokenizerLinear, HostileTextsTakeAConstantFactorMoreStepsThanProse) {
  for (const char* name :
       {"byte_bpe_gpt2", "byte_bpe_qwen2", "raw_bpe", "rwkv", "spm", "unigram", "wordpiece"}) {
    const auto loaded = load_tokenizer_file(
        std::string(HEARTH_SOURCE_DIR "/tests/fixtures/vocab/") + name + ".gguf");
    ASSERT_TRUE(loaded) << loaded.error().message;
    const auto& tokenizer = dynamic_cast<const TokenizerBase&>(**loaded);
    // Prose without the cache of words, that is, one line at a time.
    std::uint64_t steps = 0;
    const std::string text = prose();
    std::vector<TokenId> ids;
    for (std::size_t at = 0; at < text.size(); at += 1000)
      steps += tokenizer.encode_counting(std::string_view(text).substr(at, 1000), {}, ids);
    const double plain = static_cast<double>(steps) / static_cast<double>(text.size());
    const std::pair<const char*, std::string> kHostile[] = {
        {"one letter", repeated("a")},
        {"two letters", repeated("ab")},
        {"spaces", repeated(" ")},
        {"newlines", repeated("\n")},
        {"emoji", repeated("👩‍🚀")},
        {"digits", repeated("1")},
        {"apostrophes", repeated("'")},
        {"joiners", repeated("\u200d")},
        {"random bytes", random_bytes()},
        {"space and tab", repeated(" \t")},
        {"half a special token", repeated("<|end")},
        {"special tokens", repeated("<s>x</s>")},
    };
    for (const auto& [what, hostile] : kHostile)
      EXPECT_LT(steps_per_byte(tokenizer, hostile), 12 * plain + 12) << name << ", " << what;
  }
}

// And doubling a text doubles the steps, give or take the heap's logarithm (which is not counted).
TEST(TokenizerLinear, StepsGrowWithTheText) {
  const auto loaded =
      load_tokenizer_file(HEARTH_SOURCE_DIR "/tests/fixtures/vocab/byte_bpe_gpt2.gguf");
  const auto& tokenizer = dynamic_cast<const TokenizerBase&>(*loaded.value());
  const std::string text = repeated("ab");
  const double half = steps_per_byte(tokenizer, text.substr(0, text.size() / 2));
  EXPECT_NEAR(steps_per_byte(tokenizer, text) / half, 1.0, 0.1);
}

}  // namespace
}  // namespace hearth::text
