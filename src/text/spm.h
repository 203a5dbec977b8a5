// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's byte-pair model: neighbours merge if together they are a token, the best score
// first. There is no pre-tokenizer; spaces are U+2581, and a character outside the vocabulary is
// written in <0xHH> tokens.
#pragma once

#include <array>

#include "text/bpe_tables.h"
#include "text/tokenizer_base.h"

namespace hearth::text {

class SpmTokenizer final : public TokenizerBase {
 public:
  explicit SpmTokenizer(Vocab vocab);

 protected:
  void encode_text(std::string_view text, bool at_boundary, Scratch& scratch,
                   std::vector<TokenId>& out) const override;

 private:
  void encode_part(std::string_view part, Scratch& scratch, std::vector<TokenId>& out) const;
  void emit_bytes(std::string_view bytes, std::vector<TokenId>& out) const;

  std::vector<std::uint32_t> merge_keys_;  // of each token: lower is merged earlier
  std::array<TokenId, 256> byte_tokens_ = {};
  JoinSet joins_;
};

}  // namespace hearth::text
