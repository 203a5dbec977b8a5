// SPDX-License-Identifier: Apache-2.0
#include "text/stream_decoder.h"

#include <algorithm>

#include "base/utf8.h"

namespace hearth::text {

std::string StreamDecoder::push(TokenId id) {
  const TokenKind kind = tokenizer_->kind_of(id);
  const bool is_silent = kind == TokenKind::control || kind == TokenKind::unknown;
  if (is_silent && std::find(shown_.begin(), shown_.end(), id) == shown_.end()) return {};
  pending_ += tokenizer_->bytes_of(id);
  const std::size_t whole = pending_.size() - incomplete_tail(pending_);
  std::string text = to_valid_utf8(std::string_view(pending_).substr(0, whole));
  pending_.erase(0, whole);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text = to_valid_utf8(pending_);
  pending_.clear();
  return text;
}

}  // namespace hearth::text
