// SPDX-License-Identifier: Apache-2.0
#include "terminal_text.h"

#include "base/escape.h"
#include "base/utf8.h"

namespace hearth::app {
namespace {

// Zero-width joiners stay: emoji and several scripts need them.
bool commands_terminal(char32_t rune) {
  if (rune == U'\n' || rune == U'\t') return false;
  return rune < 0x20 || (rune >= 0x7F && rune < 0xA0) || (rune >= 0x202A && rune <= 0x202E) ||
         (rune >= 0x2066 && rune <= 0x2069);
}

}  // namespace

std::string TerminalFilter::push(std::string_view text) {
  held_ += text;
  const std::size_t whole = held_.size() - incomplete_tail(held_);
  std::string out;
  std::size_t at = 0;
  while (at < whole) {
    const DecodedRune decoded = decode_rune(std::string_view(held_).substr(at));
    const std::string_view bytes = std::string_view(held_).substr(at, decoded.length);
    if (bytes == "\r") {
      if (at + 1 == held_.size()) break;  // a newline may follow
      if (held_[at + 1] != '\n') out += printable(bytes);
    } else {
      const bool is_safe = decoded.valid && !commands_terminal(decoded.rune);
      out += is_safe ? std::string(bytes) : printable(bytes);
    }
    at += decoded.length;
  }
  held_.erase(0, at);
  return out;
}

std::string TerminalFilter::finish() {
  std::string out = printable(held_);
  held_.clear();
  return out;
}

}  // namespace hearth::app
