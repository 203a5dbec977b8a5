// SPDX-License-Identifier: Apache-2.0
#include "text/fit_vocab.h"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "text/tokenizer_test_util.h"

namespace hearth::text {
namespace {

using testing::ElementsAre;
using Metadata = std::vector<format::WriteKeyValue>;
using Strings = std::vector<std::string>;
using Types = std::vector<std::int32_t>;
using Floats = std::vector<float>;

Result<FittedVocab> fit_bytes(std::string_view bytes, std::uint32_t n_vocab) {
  const format::FileBytes file = {"test.gguf", std::as_bytes(std::span(bytes))};
  const format::Gguf gguf = TRY(format::Gguf::parse(std::span(&file, 1)));
  return fit_vocab(gguf, n_vocab);
}

Result<FittedVocab> fit(const Metadata& metadata, std::uint32_t n_vocab) {
  const UniqueFd fd(memfd_create("vocabulary", MFD_CLOEXEC));
  TRY(format::write_gguf(fd.get(), {.metadata = metadata, .tensors = {}}));
  lseek(fd.get(), 0, SEEK_SET);
  return fit_bytes(TRY(read_all(fd.get(), std::size_t{1} << 20)), n_vocab);
}

// Null if the key is missing or of another type.
template <class T>
const T* find(const FittedVocab& fitted, std::string_view key) {
  for (const format::WriteKeyValue& entry : fitted.metadata)
    if (entry.key == key) return std::get_if<T>(&entry.value);
  return nullptr;
}

// Seven tokens with everything that a tokenizer may say of each.
Metadata seven() {
  return {
      {"general.architecture", std::string("llama")},
      {"tokenizer.ggml.model", std::string("gpt2")},
      {"tokenizer.ggml.scores", Floats{-1, -2, -3, -4, -5, -6, -7}},
      {"tokenizer.ggml.token_type", Types{1, 1, 1, 1, 1, 3, 4}},
      {"tokenizer.ggml.tokens", Strings{"a", "b", "ab", "c", "abc", "<s>", "<u>"}},
      {"tokenizer.ggml.merges", Strings{"a b", "ab c", "b c", "a b c"}},
      {"tokenizer.ggml.eos_token_id", std::uint32_t{3}},
      {"tokenizer.ggml.bos_token_id", std::uint32_t{5}},
      {"tokenizer.ggml.eot_token_id", std::int32_t{-1}},
      {"tokenizer.ggml.add_bos_token", true},
      {"tokenizer.chat_template", std::string("{{ messages }}")},
  };
}

TEST(FitVocab, CutsWhatBelongsToTokensThatAreGone) {
  const auto fitted = fit(seven(), 4);
  ASSERT_TRUE(fitted) << fitted.error().message;
  EXPECT_EQ(fitted->n_before, 7u);
  EXPECT_THAT(*find<Strings>(*fitted, "tokenizer.ggml.tokens"), ElementsAre("a", "b", "ab", "c"));
  EXPECT_THAT(*find<Types>(*fitted, "tokenizer.ggml.token_type"), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(*find<Floats>(*fitted, "tokenizer.ggml.scores"), ElementsAre(-1, -2, -3, -4));
  // "ab c" needs "abc", "b c" needs "bc", which never was.
  EXPECT_THAT(*find<Strings>(*fitted, "tokenizer.ggml.merges"), ElementsAre("a b"));
  EXPECT_EQ(*find<std::uint32_t>(*fitted, "tokenizer.ggml.eos_token_id"), 3u);
  EXPECT_EQ(find<std::uint32_t>(*fitted, "tokenizer.ggml.bos_token_id"), nullptr);
  EXPECT_THAT(fitted->dropped,
              ElementsAre("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eot_token_id"));
  EXPECT_TRUE(*find<bool>(*fitted, "tokenizer.ggml.add_bos_token"));
  EXPECT_EQ(*find<std::string>(*fitted, "tokenizer.chat_template"), "{{ messages }}");
  EXPECT_EQ(find<std::string>(*fitted, "general.architecture"), nullptr);
}

TEST(FitVocab, FillsUpWithUnusedTokens) {
  const auto fitted = fit(seven(), 9);
  ASSERT_TRUE(fitted) << fitted.error().message;
  EXPECT_THAT(*find<Strings>(*fitted, "tokenizer.ggml.tokens"),
              ElementsAre("a", "b", "ab", "c", "abc", "<s>", "<u>", "[PAD7]", "[PAD8]"));
  EXPECT_THAT(*find<Types>(*fitted, "tokenizer.ggml.token_type"),
              ElementsAre(1, 1, 1, 1, 1, 3, 4, 5, 5));
  EXPECT_THAT(*find<Floats>(*fitted, "tokenizer.ggml.scores"),
              ElementsAre(-1, -2, -3, -4, -5, -6, -7, 0, 0));
  EXPECT_EQ(find<Strings>(*fitted, "tokenizer.ggml.merges")->size(), 4u);
  EXPECT_EQ(*find<std::uint32_t>(*fitted, "tokenizer.ggml.bos_token_id"), 5u);
}

TEST(FitVocab, ChangesNothingThatFits) {
  const auto fitted = fit(seven(), 7);
  ASSERT_TRUE(fitted) << fitted.error().message;
  for (const auto& entry : seven()) {
    const auto same = [&](const auto& other) {
      return other.key == entry.key && other.value == entry.value;
    };
    const bool stays = entry.key != "general.architecture" &&
                       entry.key != "tokenizer.ggml.eot_token_id";  // -1 never was a token
    EXPECT_EQ(std::ranges::any_of(fitted->metadata, same), stays) << entry.key;
  }
}

TEST(FitVocab, RefusesAFileWithoutTokens) {
  const auto fitted = fit({{"general.architecture", std::string("llama")}}, 7);
  ASSERT_FALSE(fitted);
  EXPECT_EQ(fitted.error().code, ErrorCode::integrity);
}

// Every kind of tokenizer still loads, cut to the tokens of single bytes and some more or filled
// up, and what it says of a text is the text.
TEST(FitVocab, TheTokenizerStillWorks) {
  for (const char* name : {"byte_bpe_gpt2", "byte_bpe_qwen2", "raw_bpe", "spm", "rwkv"}) {
    const std::string path =
        std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/vocab/" + name + ".gguf";
    const std::string bytes = read_file(path, std::size_t{1} << 24).value();
    const std::size_t n_source = load_tokenizer_file(path).value()->size();
    for (const std::size_t n : {n_source - 20, n_source, n_source + 100}) {
      const auto fitted = fit_bytes(bytes, static_cast<std::uint32_t>(n));
      ASSERT_TRUE(fitted) << name << ": " << fitted.error().message;
      EXPECT_EQ(fitted->n_before, n_source);
      const auto tokenizer = load_tokenizer(fitted->metadata);
      ASSERT_TRUE(tokenizer) << name << " " << n << ": " << tokenizer.error().message;
      EXPECT_EQ((*tokenizer)->size(), n);
      std::string text;
      for (const TokenId id : encode(**tokenizer, "the cat, 42"))
        text += (*tokenizer)->bytes_of(id);
      EXPECT_THAT(text, testing::EndsWith("the cat, 42")) << name << " " << n;
    }
  }
}

}  // namespace
}  // namespace hearth::text
