// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/string_literal.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace hearth::text::jinja {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char simple_escape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return '\0';
  }
}

// \xHH, \uHHHH, \UHHHHHHHH with text at the digits.
Result<void> append_hex_escape(std::string& out, std::string_view text, std::size_t n_digits,
                               char mark) {
  char32_t rune = 0;
  for (std::size_t i = 0; i < n_digits; ++i) {
    const int digit = i < text.size() ? hex_value(text[i]) : -1;
    if (digit < 0) return fail(ErrorCode::failed, "truncated \\{} escape", mark);
    rune = rune * 16 + static_cast<char32_t>(digit);
  }
  if (rune > 0x10FFFF) return fail(ErrorCode::failed, "illegal Unicode character");
  if (rune >= 0xD800 && rune < 0xE000)
    return fail(ErrorCode::failed, "a lone surrogate (\\u{:x}) is not text",
                static_cast<unsigned>(rune));
  append_rune(out, rune);
  return {};
}

}  // namespace

Result<std::string> unescape_literal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out.push_back(text[i++]);
      continue;
    }
    const char c = text[i + 1];
    i += 2;
    if (const char simple = simple_escape(c)) {
      out.push_back(simple);
    } else if (c == '\n') {
      continue;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const std::size_t n_digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      TRY(append_hex_escape(out, text.substr(i), n_digits, c));
      i += n_digits;
    } else if (c >= '0' && c <= '7') {
      char32_t rune = static_cast<char32_t>(c - '0');
      for (int n = 0; n < 2 && i < text.size() && text[i] >= '0' && text[i] <= '7'; ++n)
        rune = rune * 8 + static_cast<char32_t>(text[i++] - '0');
      append_rune(out, rune);
    } else if (c == 'N') {
      return fail(ErrorCode::failed,
                  "escapes with the name of a character (\\N) are not supported");
    } else if (static_cast<signed char>(c) < 0) {
      // What stands behind the backslash was itself written as an escape, which then loses its own.
      const DecodedRune decoded = decode_rune(text.substr(i - 1));
      const auto rune = static_cast<unsigned>(decoded.rune);
      out += rune < 0x100     ? fmt::format("\\x{:02x}", rune)
             : rune < 0x10000 ? fmt::format("\\u{:04x}", rune)
                              : fmt::format("\\U{:08x}", rune);
      i += decoded.length - 1u;
    } else {
      out.push_back('\\');
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace hearth::text::jinja
