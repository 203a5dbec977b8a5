// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of a GGUF file as llama.cpp understands it (src/llama-vocab.cpp): tokens with
// their scores and attributes, the special ids, and what is added before and after a text. Loading
// makes the same corrections: defaults where the metadata is silent, control tokens recognised by
// their spelling, tokens that end a turn. Immutable after load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "text/byte_index.h"
#include "text/pretokenize/pretokenizer.h"
#include "text/tokenizer.h"

namespace hearth::text {

enum class VocabModel : std::uint8_t {
  spm,
  bpe,
  wordpiece,
  unigram,
  rwkv,
  plamo2,
};

// Attribute bits of a token; several may be set after the corrections.
inline constexpr std::uint16_t kAttrUnknown = 1;
inline constexpr std::uint16_t kAttrUnused = 2;
inline constexpr std::uint16_t kAttrNormal = 4;
inline constexpr std::uint16_t kAttrControl = 8;
inline constexpr std::uint16_t kAttrUserDefined = 16;
inline constexpr std::uint16_t kAttrByte = 32;
inline constexpr std::uint16_t kAttrStripLeft = 64;    // eats the white space before it
inline constexpr std::uint16_t kAttrStripRight = 128;  // and after it

inline constexpr TokenId kNoToken = -1;
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

struct Vocab {
  VocabModel model = VocabModel::spm;
  std::string model_name;             // as in tokenizer.ggml.model
  const PreTokenizer* pre = nullptr;  // of BPE models
  std::string pre_name;

  ByteIndex spelled;  // token id to spelling and back
  std::vector<float> scores;
  std::vector<std::uint16_t> attributes;
  std::size_t longest_token_bytes = 0;

  TokenId bos = kNoToken;
  TokenId eos = kNoToken;
  TokenId eot = kNoToken;
  TokenId eom = kNoToken;
  TokenId unknown = kNoToken;
  TokenId separator = kNoToken;
  TokenId padding = kNoToken;
  TokenId mask = kNoToken;
  TokenId fim_prefix = kNoToken;
  TokenId fim_suffix = kNoToken;
  TokenId fim_middle = kNoToken;
  TokenId fim_pad = kNoToken;
  TokenId fim_repository = kNoToken;
  TokenId fim_separator = kNoToken;
  std::vector<TokenId> end_of_generation;  // sorted
  std::vector<TokenId> suppressed;         // never to be generated

  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;
  bool remove_extra_spaces = false;
  bool escape_spaces = true;  // spaces are U+2581 in the vocabulary
  bool lower_case = true;     // WordPiece's normaliser
  bool strip_accents = true;

  std::size_t size() const { return spelled.size(); }
  TokenId find(std::string_view spelling) const { return spelled.find(spelling); }
  bool has(TokenId id, std::uint16_t bits) const {
    return (attributes[static_cast<std::size_t>(id)] & bits) != 0;
  }
  float score(TokenId id) const { return scores[static_cast<std::size_t>(id)]; }
};

// integrity, naming the key, for malformed metadata; unsupported for an unknown model or
// pre-tokenizer.
Result<Vocab> load_vocab(const format::Gguf& gguf);

// The second half of loading: special ids, corrections by spelling, end of generation, stripping.
Result<void> load_special_tokens(const format::Gguf& gguf, Vocab& vocab);

// The value of a token spelled <0xHH>, as byte tokens are.
std::optional<std::uint8_t> byte_spelled(std::string_view spelling);
// <0xHH> in upper case, as vocabularies spell it.
std::string spelling_of_byte(std::uint8_t byte);

}  // namespace hearth::text
