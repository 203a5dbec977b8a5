// SPDX-License-Identifier: Apache-2.0
//
// Cuts a template into tokens. All of Jinja2's white space control happens here: "-" and "+" next
// to a delimiter, trim_blocks (a newline after a block or comment goes) and lstrip_blocks (blanks
// before one at the start of a line go), and the one newline at the end of the source that is not
// kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/jinja/number.h"

namespace hearth::text::jinja {

enum class TokenKind : std::uint8_t {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  string,
  integer,
  floating,
  add,
  assign,
  colon,
  comma,
  div,
  dot,
  eq,
  floordiv,
  gt,
  gteq,
  lbrace,
  lbracket,
  lparen,
  lt,
  lteq,
  mod,
  mul,
  ne,
  pipe,
  pow,
  rbrace,
  rbracket,
  rparen,
  semicolon,
  sub,
  tilde,
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint32_t line = 1;
  std::string text;  // of data, names and strings (unescaped)
  Int integer = 0;
  double real = 0;
};

// What a token is called in messages.
std::string describe(const Token& token);
std::string_view describe(TokenKind kind);

// The message starts with "line N: ".
Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace hearth::text::jinja
