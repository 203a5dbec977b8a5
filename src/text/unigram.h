// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's unigram model, T5's: the text is normalised, then cut so that the sum of the
// tokens' scores is the highest (Viterbi, in double precision as there). llm_tokenizer_ugm of
// llama.cpp.
#pragma once

#include "text/bpe_tables.h"
#include "text/byte_trie.h"
#include "text/charsmap.h"
#include "text/tokenizer_base.h"

namespace hearth::text {

class UnigramTokenizer final : public TokenizerBase {
 public:
  UnigramTokenizer(Vocab vocab, Charsmap charsmap);

 protected:
  void encode_text(std::string_view text, bool at_boundary, Scratch& scratch,
                   std::vector<TokenId>& out) const override;

 private:
  // The best way to reach a place in the text.
  struct Best {
    double score = 0;
    TokenId id = kNoToken;
    std::uint32_t begin = 0;
  };

  void normalize(std::string_view text, std::string& out) const;
  std::string_view normalize_front(std::string_view text, std::size_t& consumed) const;
  double encode_part(std::string_view part, double score, std::vector<Best>& best,
                     std::uint64_t& steps, std::vector<TokenId>& out) const;

  Charsmap charsmap_;
  ByteTrie pieces_;
  ByteTrie user_defined_;
  JoinSet joins_;
  std::array<bool, 256> plain_ = {};  // bytes that normalisation leaves alone at a glance
  double unknown_score_ = 0;
};

}  // namespace hearth::text
