// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace hearth {
namespace {

// Runes that move the cursor, hide text or reverse its direction.
bool is_unsafe(char32_t rune) {
  return rune < 0x20 || (rune >= 0x7F && rune < 0xA0) || (rune >= 0x200B && rune <= 0x200F) ||
         (rune >= 0x2028 && rune <= 0x202E) || (rune >= 0x2060 && rune <= 0x206F) || rune == 0xFEFF;
}

std::string escaped(char32_t rune) {
  if (rune == '\n') return "\\n";
  if (rune == '\t') return "\\t";
  if (rune == '\r') return "\\r";
  if (rune < 0x80) return fmt::format("\\x{:02x}", static_cast<unsigned>(rune));
  return fmt::format("\\u{{{:x}}}", static_cast<unsigned>(rune));
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    std::string piece;
    if (!decoded.valid) {
      piece = fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (is_unsafe(decoded.rune)) {
      piece = escaped(decoded.rune);
    } else {
      piece = text.substr(0, decoded.length);
    }
    if (out.size() + piece.size() > max_bytes) return out + "...";
    out += piece;
    text.remove_prefix(decoded.length);
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace hearth
