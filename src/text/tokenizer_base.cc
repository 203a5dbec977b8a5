// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_base.h"

#include <algorithm>

#include "text/byte_alphabet.h"
#include "text/rwkv_escape.h"

namespace hearth::text {
namespace {

std::string with_plain_spaces(std::string_view spelling) {
  std::string text;
  for (std::size_t at = 0; at < spelling.size();) {
    const bool mark = spelling.substr(at).starts_with(kSpaceMark);
    text.push_back(mark ? ' ' : spelling[at]);
    at += mark ? kSpaceMark.size() : 1;
  }
  return text;
}

std::string_view model_label(VocabModel model) {
  switch (model) {
    case VocabModel::spm:
      return "SPM";
    case VocabModel::bpe:
      return "BPE";
    case VocabModel::wordpiece:
      return "WPM";
    case VocabModel::unigram:
      return "UGM";
    case VocabModel::rwkv:
      return "RWKV";
    case VocabModel::plamo2:
      return "PLaMo2";
  }
  return "";
}

}  // namespace

TokenizerBase::TokenizerBase(Vocab vocab) : vocab_(std::move(vocab)), special_(vocab_) {
  piece_ends_.reserve(vocab_.size());
  for (std::size_t i = 0; i < vocab_.size(); ++i) {
    pieces_ += piece_of(static_cast<TokenId>(i));
    piece_ends_.push_back(pieces_.size());
  }
}

// llama-vocab.cpp, token_to_piece. Unlike there, a character outside GPT-2's byte alphabet in a
// normal token stands for itself instead of for a diagnostic text.
std::string TokenizerBase::piece_of(TokenId id) const {
  const std::string_view spelling = vocab_.spelled.at(static_cast<std::size_t>(id));
  if (vocab_.model == VocabModel::rwkv) return unescape_rwkv(spelling);
  if (vocab_.model == VocabModel::plamo2 && !vocab_.has(id, kAttrByte))
    return std::string(spelling);
  if (vocab_.has(id, kAttrControl | kAttrUnknown | kAttrUserDefined)) return std::string(spelling);
  if (vocab_.has(id, kAttrNormal)) {
    if (vocab_.model == VocabModel::bpe && !vocab_.escape_spaces)
      return from_byte_alphabet(spelling);
    return with_plain_spaces(spelling);
  }
  if (vocab_.has(id, kAttrByte)) {
    if (const auto byte = byte_spelled(spelling)) return std::string(1, static_cast<char>(*byte));
  }
  return {};  // unused
}

// WordPiece always wraps a text in [CLS] and [SEP]; RWKV and PLaMo add nothing.
TokenId TokenizerBase::first_added() const {
  if (vocab_.model == VocabModel::wordpiece) return vocab_.bos;
  if (vocab_.model == VocabModel::rwkv || vocab_.model == VocabModel::plamo2) return kNoToken;
  return vocab_.add_bos ? vocab_.bos : kNoToken;
}

TokenId TokenizerBase::last_added() const {
  if (vocab_.model == VocabModel::wordpiece) return vocab_.separator;
  if (vocab_.model == VocabModel::rwkv || vocab_.model == VocabModel::plamo2) return kNoToken;
  return vocab_.add_eos ? vocab_.eos : kNoToken;
}

void TokenizerBase::encode(std::string_view text, const EncodeOptions& options,
                           std::vector<TokenId>& out) const {
  encode_counting(text, options, out);
}

std::uint64_t TokenizerBase::encode_counting(std::string_view text, const EncodeOptions& options,
                                             std::vector<TokenId>& out) const {
  Scratch scratch;
  scratch.cache.prepare(text.size());
  if (options.add_special && adds_bos()) out.push_back(first_added());
  bool at_boundary = true;
  for (const Fragment& fragment : special_.cut(text, options.parse_special)) {
    if (fragment.id != kNoToken)
      out.push_back(fragment.id);
    else
      encode_text(text.substr(fragment.begin, fragment.end - fragment.begin), at_boundary, scratch,
                  out);
    at_boundary = fragment.id != kNoToken;
  }
  if (options.add_special && adds_eos()) out.push_back(last_added());
  return scratch.steps + scratch.merger.steps();
}

std::string_view TokenizerBase::bytes_of(TokenId id) const {
  if (!is_token(id)) return {};
  const auto i = static_cast<std::size_t>(id);
  const std::size_t begin = i == 0 ? 0 : piece_ends_[i - 1];
  return std::string_view(pieces_).substr(begin, piece_ends_[i] - begin);
}

std::string_view TokenizerBase::spelling_of(TokenId id) const {
  return is_token(id) ? vocab_.spelled.at(static_cast<std::size_t>(id)) : std::string_view();
}

TokenKind TokenizerBase::kind_of(TokenId id) const {
  if (!is_token(id)) return TokenKind::unused;
  if (vocab_.has(id, kAttrControl)) return TokenKind::control;
  if (vocab_.has(id, kAttrUnknown)) return TokenKind::unknown;
  if (vocab_.has(id, kAttrUserDefined)) return TokenKind::user_defined;
  if (vocab_.has(id, kAttrNormal)) return TokenKind::normal;
  return vocab_.has(id, kAttrByte) ? TokenKind::byte : TokenKind::unused;
}

std::string TokenizerBase::decode(std::span<const TokenId> ids, bool show_special,
                                  bool strip_leading_space) const {
  std::string text;
  bool strip = strip_leading_space && vocab_.add_space_prefix;
  for (const TokenId id : ids) {
    const TokenKind kind = kind_of(id);
    const bool special = kind == TokenKind::control || kind == TokenKind::unknown;
    if (special && !show_special) continue;
    std::string_view bytes = bytes_of(id);
    if (strip && !special && !bytes.empty()) {
      if (bytes.front() == ' ') bytes.remove_prefix(1);
      strip = false;
    }
    text += bytes;
  }
  return text;
}

bool TokenizerBase::is_end_of_generation(TokenId id) const {
  return std::ranges::binary_search(vocab_.end_of_generation, id);
}

std::string TokenizerBase::description() const {
  const std::string label(model_label(vocab_.model));
  return vocab_.pre ? label + " (" + vocab_.pre_name + ")" : label;
}

}  // namespace hearth::text
