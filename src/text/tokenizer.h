// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer built from GGUF metadata alone: bytes to token ids and back. Immutable after load, so
// any number of threads may use one.
//
// encode() takes arbitrary bytes and needs time linear (n log n at worst) in them. Special tokens
// (control tokens, and user-defined ones) are cut out first; what lies between goes through the
// model's pre-tokenizer and merge rules. The result equals llama.cpp's llama_tokenize on the same
// file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"

namespace hearth::text {

using TokenId = std::int32_t;

// What a token is, after the loader's corrections. Numbers as in tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

struct EncodeOptions {
  bool add_special = true;  // BOS/EOS (or CLS/SEP) as the metadata asks
  bool parse_special =
      true;  // text of control tokens becomes those tokens; user-defined always does
};

class Tokenizer {
 public:
  // integrity if the metadata is malformed, unsupported (naming it) for a tokenizer model or
  // pre-tokenizer this version does not know. The Gguf need not outlive the tokenizer.
  static Result<std::shared_ptr<const Tokenizer>> load(const format::Gguf& gguf);
  virtual ~Tokenizer() = default;

  virtual void encode(std::string_view text, const EncodeOptions& options,
                      std::vector<TokenId>& out) const = 0;

  // The exact bytes a token stands for in the middle of text ("▁the" is " the", <0x0A> is "\n");
  // control tokens give their own text. ids out of range give nothing.
  virtual std::string_view bytes_of(TokenId id) const = 0;
  // The token as the vocabulary spells it, before byte decoding.
  virtual std::string_view spelling_of(TokenId id) const = 0;
  virtual TokenKind kind_of(TokenId id) const = 0;
  virtual std::size_t size() const = 0;

  // The bytes of a sequence as detokenize prints them: control tokens included if show_special,
  // and the one leading space that SentencePiece adds at the start of a text removed when
  // strip_leading_space. Nothing else is cleaned up.
  virtual std::string decode(std::span<const TokenId> ids, bool show_special,
                             bool strip_leading_space = true) const = 0;

  virtual std::optional<TokenId> bos() const = 0;
  virtual std::optional<TokenId> eos() const = 0;
  virtual bool adds_bos() const = 0;
  virtual bool adds_eos() const = 0;
  // Every token that ends a turn: eos, eot, eom and all spellings the field knows as end of turn.
  virtual bool is_end_of_generation(TokenId id) const = 0;
  // Tokens that the file says are never to be generated (tokenizer.ggml.suppress_tokens).
  virtual std::span<const TokenId> suppressed() const = 0;
  // "SPM", "BPE (llama-bpe)": for show.
  virtual std::string description() const = 0;
};

}  // namespace hearth::text
