// SPDX-License-Identifier: Apache-2.0
//
// Byte-pair encoding with ranked merges: GPT-2's, over bytes, and Gemma 4's, over UTF-8 characters
// with <0xHH> tokens for the rest. Words come from the pre-tokenizer; each is merged on its own.
#pragma once

#include "text/bpe_tables.h"
#include "text/tokenizer_base.h"

namespace hearth::text {

class BpeTokenizer final : public TokenizerBase {
 public:
  static Result<std::shared_ptr<const Tokenizer>> make(const format::Gguf& gguf, Vocab vocab);

 protected:
  void encode_text(std::string_view text, bool at_boundary, Scratch& scratch,
                   std::vector<TokenId>& out) const override;

 private:
  explicit BpeTokenizer(Vocab vocab);

  void add_merge(std::string_view merge, std::uint32_t rank);
  void cut_and_encode(std::string_view text, Scratch& scratch, std::vector<TokenId>& out) const;
  void encode_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const;
  void encode_part(std::string_view part, Scratch& scratch, std::vector<TokenId>& out) const;
  void emit_bytes(std::string_view bytes, std::vector<TokenId>& out) const;

  TokenId token_of(std::uint32_t piece) const {
    return piece < token_of_piece_.size() ? token_of_piece_[piece] : kNoToken;
  }
  // The token that a word's bytes spell, if any.
  TokenId whole_token(std::string_view word) const {
    return token_of(static_cast<std::uint32_t>(pieces_.find(word)));
  }

  const PreTokenizer& pre_;
  ByteIndex pieces_;                     // the bytes of every token and of every part of a merge
  std::vector<TokenId> token_of_piece_;  // of the pieces that are tokens; these come first
  std::array<std::uint32_t, 256> byte_pieces_ = {};
  std::array<std::array<TokenId, 2>, 256> byte_tokens_ = {};  // for bytes outside any token
  PairTable merges_;
  JoinSet joins_;
};

}  // namespace hearth::text
