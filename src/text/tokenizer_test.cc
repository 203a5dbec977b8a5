// SPDX-License-Identifier: Apache-2.0
//
// Special tokens, what is added around a text, and metadata that lies.
#include "text/tokenizer.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "text/byte_alphabet.h"
#include "text/tokenizer_test_util.h"
#include "text/unicode.h"

namespace hearth::text {
namespace {

using format::WriteKeyValue;
using Ids = std::vector<TokenId>;
using Strings = std::vector<std::string>;
using Types = std::vector<std::int32_t>;

constexpr EncodeOptions kPlain = {.add_special = false, .parse_special = false};
constexpr EncodeOptions kParsed = {.add_special = false, .parse_special = true};
constexpr EncodeOptions kFull = {.add_special = true, .parse_special = true};

std::string spelled(unsigned byte) {
  std::string text;
  append_plain(text, byte_to_rune(static_cast<std::uint8_t>(byte)));
  return text;
}

// A byte-level vocabulary: the 256 bytes, then what the test adds.
class Bpe {
 public:
  explicit Bpe(const std::string& pre = "gpt-2") {
    for (unsigned byte = 0; byte < 256; ++byte) add(spelled(byte), 1);
    set("tokenizer.ggml.model", std::string("gpt2"));
    if (!pre.empty()) set("tokenizer.ggml.pre", pre);
    set("tokenizer.ggml.eos_token_id", std::uint32_t{0});
  }
  TokenId add(const std::string& token, std::int32_t type) {
    tokens.push_back(token);
    types.push_back(type);
    return static_cast<TokenId>(tokens.size() - 1);
  }
  void set(const std::string& key, format::WriteValue value) {
    std::erase_if(metadata, [&](const WriteKeyValue& pair) { return pair.key == key; });
    metadata.push_back({key, std::move(value)});
  }
  Result<TokenizerPtr> try_load() {
    set("tokenizer.ggml.tokens", tokens);
    set("tokenizer.ggml.token_type", types);
    if (!without_merges) set("tokenizer.ggml.merges", merges);
    return load_tokenizer(metadata);
  }
  TokenizerPtr load() {
    auto tokenizer = try_load();
    EXPECT_TRUE(tokenizer) << tokenizer.error().message;
    return tokenizer ? *tokenizer : nullptr;
  }

  Strings tokens;
  Types types;
  Strings merges = {"h e"};
  bool without_merges = false;
  std::vector<WriteKeyValue> metadata;
};

// A SentencePiece vocabulary: <unk>, <s>, </s>, the byte tokens, then scored pieces.
std::vector<WriteKeyValue> spm(const Strings& pieces, bool bytes = true) {
  Strings tokens = {"<unk>", "<s>", "</s>"};
  Types types = {2, 3, 3};
  for (unsigned byte = 0; bytes && byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(6);
  }
  std::vector<float> scores(tokens.size(), 0.0F);
  for (const std::string& piece : pieces) {
    scores.push_back(-static_cast<float>(tokens.size()));
    tokens.push_back(piece);
    types.push_back(1);
  }
  return {{"tokenizer.ggml.model", std::string("llama")},
          {"tokenizer.ggml.tokens", tokens},
          {"tokenizer.ggml.scores", scores},
          {"tokenizer.ggml.token_type", types}};
}

void replace(std::vector<WriteKeyValue>& metadata, const std::string& key,
             format::WriteValue value) {
  std::erase_if(metadata, [&](const WriteKeyValue& pair) { return pair.key == key; });
  metadata.push_back({key, std::move(value)});
}

TEST(Tokenizer, ParsesControlTokensOnlyWhenAskedAndUserDefinedOnesAlways) {
  Bpe bpe;
  const TokenId control = bpe.add("<|x|>", 3);
  const TokenId user = bpe.add("<tool>", 4);
  const TokenId merged = bpe.add("he", 1);
  const TokenizerPtr tokenizer = bpe.load();
  EXPECT_EQ(encode(*tokenizer, "he<|x|><tool>", kParsed), (Ids{merged, control, user}));
  EXPECT_EQ(encode(*tokenizer, "<tool>he", kPlain), (Ids{user, merged}));
  const Ids plain = encode(*tokenizer, "<|x|>", kPlain);
  EXPECT_EQ(plain.size(), 5U);
  EXPECT_EQ(tokenizer->decode(plain, false), "<|x|>");
  EXPECT_EQ(tokenizer->decode(Ids{control, merged}, true), "<|x|>he");
  EXPECT_EQ(tokenizer->decode(Ids{control, merged}, false), "he");
}

// Longest over the whole text, not leftmost: "<ab>" inside "<<ab>>" wins over "<<a".
TEST(Tokenizer, TheLongestSpecialTokenGoesFirst) {
  Bpe bpe;
  const TokenId longer = bpe.add("<ab>", 4);
  const TokenId shorter = bpe.add("<<a", 4);
  const TokenizerPtr tokenizer = bpe.load();
  const Ids ids = encode(*tokenizer, "<<ab>><<a", kPlain);
  EXPECT_EQ(ids, (Ids{'<', longer, '>', shorter}));
}

TEST(Tokenizer, AddsWhatTheMetadataAsksFor) {
  Bpe bpe("llama-bpe");
  const TokenId bos = bpe.add("<|begin|>", 3);
  const TokenId eos = bpe.add("<|eot_id|>", 1);
  bpe.set("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(bos));
  bpe.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(eos));
  TokenizerPtr tokenizer = bpe.load();
  EXPECT_TRUE(tokenizer->adds_bos());  // llama-bpe's default
  EXPECT_FALSE(tokenizer->adds_eos());
  EXPECT_EQ(encode(*tokenizer, "", kFull), Ids{bos});
  EXPECT_EQ(tokenizer->kind_of(eos), TokenKind::control);  // by its spelling
  EXPECT_TRUE(tokenizer->is_end_of_generation(eos));
  EXPECT_EQ(tokenizer->description(), "BPE (llama-bpe)");

  bpe.set("tokenizer.ggml.add_bos_token", false);
  bpe.set("tokenizer.ggml.add_eos_token", true);
  tokenizer = bpe.load();
  EXPECT_EQ(encode(*tokenizer, "", kFull), Ids{eos});
  EXPECT_EQ(encode(*tokenizer, "", kPlain), Ids{});
}

TEST(Tokenizer, IdsBeyondTheVocabularyFallBackToTheDefaultOrToNothing) {
  Bpe bpe;
  bpe.set("tokenizer.ggml.bos_token_id", std::uint32_t{999'999});
  bpe.set("tokenizer.ggml.eos_token_id", std::uint32_t{0xFFFFFFFF});
  bpe.set("tokenizer.ggml.add_bos_token", true);
  const TokenizerPtr tokenizer = bpe.load();
  EXPECT_EQ(tokenizer->bos(), TokenId{11});  // llama.cpp's default for this kind
  EXPECT_EQ(tokenizer->eos(), TokenId{11});

  auto small = spm({}, false);
  replace(small, "tokenizer.ggml.tokens", Strings{"a"});
  replace(small, "tokenizer.ggml.token_type", Types{1});
  const TokenizerPtr tiny = load_tokenizer(small).value();
  EXPECT_FALSE(tiny->bos());
  EXPECT_FALSE(tiny->adds_bos());
  EXPECT_EQ(encode(*tiny, "a", kFull), (Ids{0, 0}));  // the unknown U+2581, whose default id is 0
}

TEST(Tokenizer, SuppressedTokensAreThoseOfTheFileThatExist) {
  Bpe bpe;
  EXPECT_TRUE(bpe.load()->suppressed().empty());
  bpe.set("tokenizer.ggml.suppress_tokens", Types{7, -1, 256, 3});
  const TokenizerPtr tokenizer = bpe.load();
  EXPECT_EQ(Ids(tokenizer->suppressed().begin(), tokenizer->suppressed().end()), (Ids{7, 3}));
  bpe.set("tokenizer.ggml.suppress_tokens", std::string("7"));
  const auto refused = bpe.try_load();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("tokenizer.ggml.suppress_tokens"));
}

TEST(Tokenizer, SentencePiecePutsASpaceBeforeATextAndAfterSpecialTokens) {
  const TokenizerPtr tokenizer = load_tokenizer(spm({"▁", "a", "b", "▁a", "ab", "▁ab"})).value();
  const TokenId base = 259;
  EXPECT_EQ(encode(*tokenizer, "ab", kFull), (Ids{1, base + 5}));
  EXPECT_EQ(encode(*tokenizer, "a</s>a", kParsed), (Ids{base + 3, 2, base + 3}));
  EXPECT_EQ(tokenizer->bytes_of(base + 3), " a");
  EXPECT_EQ(tokenizer->spelling_of(base + 3), "▁a");
  EXPECT_EQ(tokenizer->decode(Ids{base + 3, base + 3}, false), "a a");
  EXPECT_EQ(tokenizer->decode(Ids{base + 3, base + 3}, false, false), " a a");
  EXPECT_EQ(tokenizer->decode(Ids{1, base + 3}, false), "a");
  // What is not in the vocabulary is bytes, valid UTF-8 or not.
  EXPECT_EQ(encode(*tokenizer, "\xC3\xA9", kPlain), (Ids{base, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(encode(*tokenizer, "\xFF", kPlain), (Ids{base, 3 + 0xFF}));
}

TEST(Tokenizer, StripsWhiteSpaceAfterPhi3sTokens) {
  auto metadata = spm({"▁", "a", "▁a"});
  metadata.push_back({"general.name", std::string("Phi-3 mini")});
  auto& tokens = std::get<Strings>(metadata[1].value);
  auto& types = std::get<Types>(metadata[3].value);
  std::get<std::vector<float>>(metadata[2].value).push_back(0);
  tokens.push_back("<|end|>");
  types.push_back(3);
  const auto end = static_cast<TokenId>(tokens.size() - 1);
  const TokenizerPtr tokenizer = load_tokenizer(metadata).value();
  EXPECT_EQ(encode(*tokenizer, "a<|end|> \n a", kParsed), (Ids{261, end, 261}));
  EXPECT_TRUE(tokenizer->is_end_of_generation(end));
}

TEST(Tokenizer, AByteVocabularyRoundTripsAnyTextAndReplacesBrokenBytes) {
  const TokenizerPtr tokenizer = Bpe().load();
  for (const std::string& text :
       {std::string("plain"), std::string("naïve 東京 👩‍🚀\r\n\t"),
        std::string("\0\x01", 2)})
    EXPECT_EQ(tokenizer->decode(encode(*tokenizer, text), true), text);
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, "a\xFFz\xE2\x82"), true),
            "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD");
}

void expect_fault(const Result<TokenizerPtr>& loaded, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, code);
  EXPECT_TRUE(loaded.error().message.contains(part)) << loaded.error().message;
}

TEST(TokenizerHostile, UnknownKindsAreNamedAndNeverGuessed) {
  expect_fault(Bpe("llama-9").try_load(), ErrorCode::unsupported, "\"llama-9\"");
  Bpe bpe;
  bpe.set("tokenizer.ggml.model", std::string("gpt9"));
  expect_fault(bpe.try_load(), ErrorCode::unsupported, "gpt9");
  bpe.set("tokenizer.ggml.model", std::string("no_vocab"));
  expect_fault(bpe.try_load(), ErrorCode::unsupported, "no vocabulary");
  EXPECT_TRUE(Bpe("").try_load());  // silent metadata means "default", as in llama.cpp
}

TEST(TokenizerHostile, MissingAndMistypedKeysAreNamed) {
  expect_fault(load_tokenizer({{"general.architecture", std::string("llama")}}),
               ErrorCode::integrity, "tokenizer.ggml.model");
  expect_fault(load_tokenizer({{"tokenizer.ggml.model", std::string("llama")}}),
               ErrorCode::integrity, "tokenizer.ggml.tokens");
  Bpe bpe;
  bpe.without_merges = true;
  expect_fault(bpe.try_load(), ErrorCode::integrity, "tokenizer.ggml.merges");
  auto metadata = spm({"a"});
  replace(metadata, "tokenizer.ggml.scores", Strings{"a"});
  expect_fault(load_tokenizer(metadata), ErrorCode::integrity, "tokenizer.ggml.scores");
  metadata = spm({"a"});
  replace(metadata, "tokenizer.ggml.add_bos_token", std::string("yes"));
  expect_fault(load_tokenizer(metadata), ErrorCode::integrity, "tokenizer.ggml.add_bos_token");
}

TEST(TokenizerHostile, ArraysOfUnequalLength) {
  auto metadata = spm({"a"});
  replace(metadata, "tokenizer.ggml.scores", std::vector<float>{1, 2});
  expect_fault(load_tokenizer(metadata), ErrorCode::integrity, "tokenizer.ggml.scores");
  metadata = spm({"a"});
  replace(metadata, "tokenizer.ggml.token_type", Types{1, 2});
  expect_fault(load_tokenizer(metadata), ErrorCode::integrity, "tokenizer.ggml.token_type");
  metadata = spm({"a"});
  replace(metadata, "tokenizer.ggml.token_type", Types(1000, 1));  // more than enough is harmless
  replace(metadata, "tokenizer.ggml.scores", std::vector<std::int32_t>(1000, -3));
  EXPECT_TRUE(load_tokenizer(metadata));
}

TEST(TokenizerHostile, MalformedDuplicateAndEmptyTokens) {
  for (const char* wrong : {"<0x-1>", "<0xGG>", "<0x1>", "x", "<0x041>"}) {
    auto metadata = spm({});
    std::get<Strings>(metadata[1].value)[4] = wrong;
    expect_fault(load_tokenizer(metadata), ErrorCode::integrity, "tokenizer.ggml.tokens");
  }
  auto metadata = spm({"a", "a"});
  expect_fault(load_tokenizer(metadata), ErrorCode::integrity, "tokens 259 and 260");
  metadata = spm({"", ""});
  const TokenizerPtr tokenizer = load_tokenizer(metadata).value();
  EXPECT_EQ(tokenizer->spelling_of(260), "[EMPTY_260]");
}

TEST(TokenizerHostile, MissingBytesBecomeTheUnknownToken) {
  const TokenizerPtr tokenizer = load_tokenizer(spm({"▁", "a"}, false)).value();
  EXPECT_EQ(encode(*tokenizer, "aé", kPlain), (Ids{3, 4, 0}));
  Bpe bpe;
  bpe.tokens.resize(0x61 + 1);  // bytes above 'a' are missing
  bpe.types.resize(0x61 + 1);
  const TokenizerPtr cut = bpe.load();
  EXPECT_EQ(encode(*cut, "az", kPlain), (Ids{0x61}));  // dropped, as in llama.cpp
}

TEST(TokenizerHostile, OddMergesNeverApply) {
  Bpe bpe;
  const TokenId he = bpe.add("he", 1);
  bpe.merges = {"",          " ",       "x",   " x",     "x ",    "a  b",
                "\xFF \xFE", "no such", "h e", "he llo", "日 本", "h e"};
  const TokenizerPtr tokenizer = bpe.load();
  EXPECT_EQ(encode(*tokenizer, "he", kPlain), Ids{he});
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, "hello no such", kPlain), true), "hello no such");
}

// A merge may make a piece that is no token: its bytes are tokens, or nothing.
TEST(TokenizerHostile, AMergeToNoTokenFallsApart) {
  Bpe bpe;
  bpe.merges = {"a b", "ab c"};
  const TokenizerPtr tokenizer = bpe.load();
  EXPECT_EQ(encode(*tokenizer, "abc", kPlain), (Ids{'a', 'b', 'c'}));
}

}  // namespace
}  // namespace hearth::text
