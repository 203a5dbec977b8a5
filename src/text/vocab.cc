// SPDX-License-Identifier: Apache-2.0
#include "text/vocab.h"

#include <algorithm>

#include "base/escape.h"

namespace hearth::text {
namespace {

constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";

// The model's name decides the algorithm and the ids that special tokens have when nothing says so
// (llama-vocab.cpp, "default special tokens").
Result<void> apply_model_defaults(const format::Gguf& gguf, Vocab& vocab) {
  const std::string& name = vocab.model_name;
  if (name == "llama") {
    vocab.model = VocabModel::spm;
    vocab.bos = 1, vocab.eos = 2, vocab.unknown = 0;
    vocab.add_bos = vocab.add_space_prefix = true;
  } else if (name == "gpt2" || name == "whitespace") {
    vocab.model = VocabModel::bpe;
    vocab.bos = 11, vocab.eos = 11;
  } else if (name == "gemma4") {
    vocab.model = VocabModel::bpe;
  } else if (name == "bert") {
    vocab.model = VocabModel::wordpiece;
    vocab.bos = 101, vocab.unknown = 100, vocab.separator = 102, vocab.padding = 0,
    vocab.mask = 103;
    vocab.add_bos = true;
  } else if (name == "t5") {
    vocab.model = VocabModel::unigram;
    vocab.eos = 1, vocab.unknown = 2, vocab.padding = 0;
    vocab.add_eos = true;
  } else if (name == "rwkv") {
    vocab.model = VocabModel::rwkv;
  } else if (name == "plamo2") {
    vocab.model = VocabModel::plamo2;
    vocab.bos = 1, vocab.eos = 2, vocab.unknown = 0, vocab.padding = 3;
  } else if (name == "no_vocab" || name == "none") {
    return fail(ErrorCode::unsupported, "{}: it has no vocabulary (tokenizer.ggml.model is \"{}\")",
                gguf.file_name(), name);
  } else {
    return fail(
        ErrorCode::unsupported,
        "{}: tokenizer.ggml.model is \"{}\", a kind of tokenizer that this version does not know",
        gguf.file_name(), printable(name, 80));
  }
  return {};
}

Result<void> choose_pretokenizer(const format::Gguf& gguf, Vocab& vocab) {
  const auto named = TRY(gguf.get_string("tokenizer.ggml.pre"));
  vocab.pre_name = named.value_or("");
  if (vocab.model != VocabModel::bpe) return {};
  if (vocab.model_name == "gemma4") vocab.pre_name = "gemma4";
  vocab.pre = find_pretokenizer(vocab.pre_name);
  if (!vocab.pre) {
    return fail(ErrorCode::unsupported,
                "{}: tokenizer.ggml.pre is \"{}\", a pre-tokenizer that this version does not know",
                gguf.file_name(), printable(vocab.pre_name, 80));
  }
  if (vocab.pre_name.empty()) vocab.pre_name = vocab.pre->name;
  vocab.add_space_prefix = false;
  vocab.escape_spaces = vocab.pre->escape_spaces;
  vocab.add_bos = vocab.pre->add_bos;
  if (vocab.pre->no_default_bos) vocab.bos = kNoToken;
  vocab.lower_case = vocab.pre_name != "whitespace";  // read by models of kind "whitespace" alone
  return {};
}

// An optional array that must describe every token; longer ones are tolerated, as in llama.cpp.
Result<const format::ArrayView*> find_parallel_array(const format::Gguf& gguf, std::string_view key,
                                                     std::size_t n_tokens, bool floats_allowed) {
  const format::Value* value = gguf.find(key);
  if (!value) return nullptr;
  const bool sound = value->type == format::ValueType::array &&
                     (value->array.element_type() == format::ValueType::i32 ||
                      (floats_allowed && value->array.element_type() == format::ValueType::f32));
  if (!sound)
    return fail(ErrorCode::integrity, "{}: {} is not an array of the right type", gguf.file_name(),
                key);
  if (value->array.size() < n_tokens) {
    return fail(ErrorCode::integrity, "{}: {} has {} entries for {} tokens", gguf.file_name(), key,
                value->array.size(), n_tokens);
  }
  return &value->array;
}

std::uint16_t attribute_of_type(std::int64_t type) {
  switch (type) {
    case 1:
      return kAttrNormal;
    case 2:
      return kAttrUnknown;
    case 3:
      return kAttrControl;
    case 4:
      return kAttrUserDefined;
    case 5:
      return kAttrUnused;
    case 6:
      return kAttrByte;
    default:
      return 0;
  }
}

Result<void> read_tokens(const format::Gguf& gguf, Vocab& vocab) {
  const format::ArrayView tokens = TRY(gguf.require_array(kTokensKey, format::ValueType::string));
  const std::size_t n = tokens.size();
  if (n == 0 || n > 0x7FFFFFFF)
    return fail(ErrorCode::integrity, "{}: {} has {} entries", gguf.file_name(), kTokensKey, n);
  const format::ArrayView* scores = TRY(find_parallel_array(gguf, kScoresKey, n, true));
  const format::ArrayView* types = TRY(find_parallel_array(gguf, kTypesKey, n, false));
  const bool whole_scores = scores && scores->element_type() == format::ValueType::i32;

  vocab.scores.assign(n, 0.0F);
  vocab.attributes.assign(n, kAttrNormal);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string_view token = tokens.string_at(i);
    const std::string replacement = token.empty() ? fmt::format("[EMPTY_{}]", i) : std::string();
    const std::string_view spelling = token.empty() ? std::string_view(replacement) : token;
    if (const TokenId first = vocab.find(spelling); first != kNoToken) {
      return fail(ErrorCode::integrity, "{}: {}: tokens {} and {} are both \"{}\"",
                  gguf.file_name(), kTokensKey, first, i, printable(spelling, 80));
    }
    vocab.spelled.add(spelling);
    vocab.longest_token_bytes = std::max(vocab.longest_token_bytes, spelling.size());
    if (scores) {
      vocab.scores[i] = whole_scores ? static_cast<float>(scores->int_at(i))
                                     : static_cast<float>(scores->float_at(i));
    }
    if (types) vocab.attributes[i] = attribute_of_type(types->int_at(i));
    const bool spells_bytes =
        vocab.model != VocabModel::rwkv && vocab.model != VocabModel::wordpiece;
    if (spells_bytes && vocab.attributes[i] == kAttrByte && !byte_spelled(spelling)) {
      return fail(ErrorCode::integrity,
                  "{}: {}: token {} is a byte but is spelled \"{}\", not <0xHH>", gguf.file_name(),
                  kTokensKey, i, printable(spelling, 80));
    }
  }
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::uint8_t> byte_spelled(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>')
    return std::nullopt;
  const int high = hex_digit(spelling[3]);
  const int low = hex_digit(spelling[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<std::uint8_t>(high * 16 + low);
}

std::string spelling_of_byte(std::uint8_t byte) {
  return fmt::format("<0x{:02X}>", byte);
}

Result<Vocab> load_vocab(const format::Gguf& gguf) {
  Vocab vocab;
  vocab.model_name = TRY(gguf.require_string("tokenizer.ggml.model"));
  TRY(apply_model_defaults(gguf, vocab));
  TRY(choose_pretokenizer(gguf, vocab));
  vocab.add_space_prefix = TRY(gguf.get_bool("tokenizer.ggml.add_space_prefix"))
  .value_or(vocab.add_space_prefix);
  vocab.remove_extra_spaces = TRY(gguf.get_bool("tokenizer.ggml.remove_extra_whitespaces"))
  .value_or(false);
  TRY(read_tokens(gguf, vocab));
  TRY(load_special_tokens(gguf, vocab));
  return vocab;
}

}  // namespace hearth::text
