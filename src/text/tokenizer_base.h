// SPDX-License-Identifier: Apache-2.0
//
// What all kinds of tokenizer share: cutting out special tokens, adding BOS and EOS, and turning
// ids back into bytes. A kind implements encode_text() alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer.h"
#include "text/tokenizer_scratch.h"
#include "text/tokenizer_special.h"
#include "text/vocab.h"

namespace hearth::text {

class TokenizerBase : public Tokenizer {
 public:
  void encode(std::string_view text, const EncodeOptions& options,
              std::vector<TokenId>& out) const final;
  // encode(), and how many steps of merging or matching it took (for the test of linear time).
  std::uint64_t encode_counting(std::string_view text, const EncodeOptions& options,
                                std::vector<TokenId>& out) const;

  std::string_view bytes_of(TokenId id) const final;
  std::string_view spelling_of(TokenId id) const final;
  TokenKind kind_of(TokenId id) const final;
  std::size_t size() const final { return vocab_.size(); }
  std::string decode(std::span<const TokenId> ids, bool show_special,
                     bool strip_leading_space) const final;

  std::optional<TokenId> bos() const final { return present(vocab_.bos); }
  std::optional<TokenId> eos() const final { return present(vocab_.eos); }
  bool adds_bos() const final { return first_added() != kNoToken; }
  bool adds_eos() const final { return last_added() != kNoToken; }
  bool is_end_of_generation(TokenId id) const final;
  std::span<const TokenId> suppressed() const final { return vocab_.suppressed; }
  std::string description() const final;

  const Vocab& vocab() const { return vocab_; }

 protected:
  explicit TokenizerBase(Vocab vocab);

  // Tokens of a stretch of text without special tokens. at_boundary: it is the first one, or a
  // special token stands before it.
  virtual void encode_text(std::string_view text, bool at_boundary, Scratch& scratch,
                           std::vector<TokenId>& out) const = 0;

  Vocab vocab_;

 private:
  static std::optional<TokenId> present(TokenId id) {
    return id == kNoToken ? std::nullopt : std::optional(id);
  }
  bool is_token(TokenId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < vocab_.size();
  }
  TokenId first_added() const;
  TokenId last_added() const;
  std::string piece_of(TokenId id) const;

  SpecialCutter special_;
  std::string pieces_;  // the bytes of all tokens
  std::vector<std::size_t> piece_ends_;
};

// The kinds. The vocabulary's model says which one to make.
Result<std::shared_ptr<const Tokenizer>> make_bpe(const format::Gguf& gguf, Vocab vocab);
Result<std::shared_ptr<const Tokenizer>> make_spm(Vocab vocab);
Result<std::shared_ptr<const Tokenizer>> make_wordpiece(Vocab vocab);
Result<std::shared_ptr<const Tokenizer>> make_unigram(const format::Gguf& gguf, Vocab vocab);
Result<std::shared_ptr<const Tokenizer>> make_rwkv(Vocab vocab);
Result<std::shared_ptr<const Tokenizer>> make_plamo(const format::Gguf& gguf, Vocab vocab);

}  // namespace hearth::text
