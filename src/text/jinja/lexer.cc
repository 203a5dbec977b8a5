// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/lexer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "text/jinja/string_literal.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

constexpr std::pair<std::string_view, TokenKind> kOperators[] = {
    {"//", TokenKind::floordiv}, {"**", TokenKind::pow},      {"==", TokenKind::eq},
    {"!=", TokenKind::ne},       {">=", TokenKind::gteq},     {"<=", TokenKind::lteq},
    {"+", TokenKind::add},       {"-", TokenKind::sub},       {"/", TokenKind::div},
    {"*", TokenKind::mul},       {"%", TokenKind::mod},       {"~", TokenKind::tilde},
    {"[", TokenKind::lbracket},  {"]", TokenKind::rbracket},  {"(", TokenKind::lparen},
    {")", TokenKind::rparen},    {"{", TokenKind::lbrace},    {"}", TokenKind::rbrace},
    {">", TokenKind::gt},        {"<", TokenKind::lt},        {"=", TokenKind::assign},
    {".", TokenKind::dot},       {":", TokenKind::colon},     {"|", TokenKind::pipe},
    {",", TokenKind::comma},     {";", TokenKind::semicolon},
};

// "\r\n" and "\r" become "\n", and one newline at the end goes.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out.push_back('\n');
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out.push_back(source[i]);
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) TRY(root());
    push(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  template <class... Args>
  std::unexpected<Error> error(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorCode::failed, "line {}: {}", line_,
                fmt::format(format, std::forward<Args>(args)...));
  }

  bool starts(std::size_t at, std::string_view with) const {
    return source_.substr(at).starts_with(with);
  }
  char peek(std::size_t at) const { return at < source_.size() ? source_[at] : '\0'; }

  Token& push(TokenKind kind) {
    tokens_.emplace_back();
    tokens_.back().kind = kind;
    tokens_.back().line = line_;
    return tokens_.back();
  }

  void advance(std::size_t to) {
    line_ += static_cast<std::uint32_t>(
        std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                   source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    line_starting_ = to > at_ ? source_[to - 1] == '\n' : line_starting_;
    at_ = to;
  }

  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const DecodedRune decoded = decode_rune(source_.substr(at));
      if (!is_space(decoded.rune)) break;
      at += decoded.length;
    }
    return at;
  }

  // The end of "-%}" with the space behind it, "+%}", or "%}" with one newline; 0 if none is here.
  std::size_t match_close(std::size_t at, std::string_view close, bool plus, bool trim) const {
    if (starts(at, "-") && starts(at + 1, close)) return skip_space(at + 1 + close.size());
    if (plus && starts(at, "+") && starts(at + 1, close)) return at + 1 + close.size();
    if (!starts(at, close)) return 0;
    const std::size_t end = at + close.size();
    return trim && peek(end) == '\n' ? end + 1 : end;
  }

  // The end of "{% raw %}" (or endraw, which trims) if its name stands at a block's start.
  std::size_t match_raw(std::size_t at, std::string_view name, bool is_end) const {
    std::size_t i = at + 2;
    if (peek(i) == '-' || peek(i) == '+') ++i;
    i = skip_space(i);
    if (!starts(i, name)) return 0;
    return match_close(skip_space(i + name.size()), "%}", is_end, is_end);
  }

  // Text from the current place to a tag at end, less what its sign or lstrip_blocks takes away.
  std::string_view text_before(std::size_t end, char sign, bool is_variable) const {
    std::string_view text = source_.substr(at_, end - at_);
    if (sign == '-') {
      while (!text.empty()) {
        std::size_t last = text.size() - 1;
        while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
        if (!is_space(decode_rune(text.substr(last)).rune)) break;
        text = text.substr(0, last);
      }
      return text;
    }
    if (sign == '+' || is_variable) return text;
    const std::size_t newline = text.rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    if (line == 0 && !line_starting_) return text;
    for (std::size_t i = line; i < text.size();) {
      const DecodedRune decoded = decode_rune(text.substr(i));
      if (!is_space(decoded.rune)) return text;
      i += decoded.length;
    }
    return text.substr(0, line);
  }

  void push_data(std::string_view text) {
    if (!text.empty()) push(TokenKind::data).text = text;
  }

  Result<void> root() {
    std::size_t tag = at_;
    while ((tag = source_.find('{', tag)) != std::string_view::npos) {
      const char next = peek(tag + 1);
      if (next == '%' || next == '{' || next == '#') break;
      ++tag;
    }
    if (tag == std::string_view::npos) {
      push_data(source_.substr(at_));
      advance(source_.size());
      return {};
    }
    const char kind = source_[tag + 1];
    const char after = peek(tag + 2);
    const char sign = after == '-' || after == '+' ? after : '\0';
    const std::size_t raw = kind == '%' ? match_raw(tag, "raw", false) : 0;
    push_data(text_before(tag, sign, kind == '{'));
    advance(raw != 0 ? raw : tag + 2 + (sign != '\0'));
    if (raw != 0) return raw_block();
    if (kind == '#') return comment();
    push(kind == '%' ? TokenKind::block_begin : TokenKind::variable_begin);
    return expression(kind == '%');
  }

  Result<void> comment() {
    for (std::size_t i = source_.find('#', at_); i != std::string_view::npos;
         i = source_.find('#', i + 1)) {
      if (peek(i + 1) != '}') continue;
      std::size_t start = i;
      if (i > at_ && (source_[i - 1] == '-' || source_[i - 1] == '+')) --start;
      advance(match_close(start, "#}", true, true));
      return {};
    }
    return error("Missing end of comment tag");
  }

  Result<void> raw_block() {
    for (std::size_t i = source_.find("{%", at_); i != std::string_view::npos;
         i = source_.find("{%", i + 1)) {
      const std::size_t end = match_raw(i, "endraw", true);
      if (end == 0) continue;
      const char after = peek(i + 2);
      push_data(text_before(i, after == '-' || after == '+' ? after : '\0', false));
      advance(end);
      return {};
    }
    return error("Missing end of raw directive");
  }

  Result<void> expression(bool is_block) {
    std::string closers;
    while (true) {
      if (closers.empty()) {
        const std::size_t end = match_close(at_, is_block ? "%}" : "}}", is_block, is_block);
        if (end != 0) {
          push(is_block ? TokenKind::block_end : TokenKind::variable_end);
          advance(end);
          return {};
        }
      }
      if (at_ >= source_.size()) return {};  // the parser tells what is missing
      const std::size_t after_space = skip_space(at_);
      if (after_space != at_) {
        advance(after_space);
        continue;
      }
      TRY(token(closers));
    }
  }

  Result<void> token(std::string& closers) {
    const char c = source_[at_];
    if (is_digit(c)) return number();
    if (c == '"' || c == '\'') return string(c);
    const DecodedRune decoded = decode_rune(source_.substr(at_));
    if (c == '_' || has(decoded.rune, kXid)) return name();
    for (const auto& [text, kind] : kOperators) {
      if (!starts(at_, text)) continue;
      TRY(balance(closers, c));
      push(kind);
      advance(at_ + text.size());
      return {};
    }
    return error("unexpected char '{}' at {}", source_.substr(at_, decoded.length), at_);
  }

  Result<void> balance(std::string& closers, char c) {
    if (c == '(') closers.push_back(')');
    if (c == '[') closers.push_back(']');
    if (c == '{') closers.push_back('}');
    if (c != ')' && c != ']' && c != '}') return {};
    if (closers.empty()) return error("unexpected '{}'", c);
    const char expected = closers.back();
    closers.pop_back();
    if (expected != c) return error("unexpected '{}', expected '{}'", c, expected);
    return {};
  }

  Result<void> name() {
    std::size_t end = at_;
    while (end < source_.size()) {
      const DecodedRune decoded = decode_rune(source_.substr(end));
      if (source_[end] != '_' && !has(decoded.rune, kXid)) break;
      end += decoded.length;
    }
    if (source_[at_] != '_' && !has(decode_rune(source_.substr(at_)).rune, kXidStart))
      return error("Invalid character in identifier");
    push(TokenKind::name).text = source_.substr(at_, end - at_);
    advance(end);
    return {};
  }

  // The end of digits with single underscores between them, or at itself.
  std::size_t digits(std::size_t at, int base) const {
    const auto is_base_digit = [base](char c) {
      const char lower = static_cast<char>(c | 32);
      return (is_digit(c) && c - '0' < base) || (base == 16 && lower >= 'a' && lower <= 'f');
    };
    while (is_base_digit(peek(at)) || (peek(at) == '_' && is_base_digit(peek(at + 1)))) ++at;
    return at;
  }

  Result<void> number() {
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    const std::size_t whole = digits(at_, 10);
    std::size_t end = whole;
    if (!after_dot) {
      if (peek(end) == '.' && is_digit(peek(end + 1))) end = digits(end + 1, 10);
      if ((peek(end) | 32) == 'e') {
        const std::size_t sign = peek(end + 1) == '-' || peek(end + 1) == '+' ? 1 : 0;
        if (is_digit(peek(end + 1 + sign))) end = digits(end + 1 + sign, 10);
      }
    }
    if (end != whole) {
      push(TokenKind::floating).real = parse_float(source_.substr(at_, end - at_)).value_or(0);
      advance(end);
      return {};
    }
    if (source_[at_] == '0') {
      const char mark = static_cast<char>(peek(at_ + 1) | 32);
      const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
      end = at_ + 1;
      if (base != 0 && digits(at_ + 2, base) != at_ + 2)
        end = digits(at_ + 2, base);
      else
        while (peek(end) == '0' || (peek(end) == '_' && peek(end + 1) == '0')) ++end;
    }
    bool overflow = false;
    const std::optional<Int> value = parse_int(source_.substr(at_, end - at_), 0, overflow);
    if (!value) return error("the integer {} is too large", source_.substr(at_, end - at_));
    push(TokenKind::integer).integer = *value;
    advance(end);
    return {};
  }

  Result<void> string(char quote) {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return error("unexpected char '{}' at {}", quote, at_);
    Result<std::string> text = unescape_literal(source_.substr(at_ + 1, end - at_ - 1));
    if (!text) return error("{}", text.error().message);
    push(TokenKind::string).text = std::move(*text);
    advance(end + 1);
    return {};
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::string_view describe(TokenKind kind) {
  switch (kind) {
    case TokenKind::data:
      return "template data / text";
    case TokenKind::variable_begin:
      return "begin of print statement";
    case TokenKind::variable_end:
      return "end of print statement";
    case TokenKind::block_begin:
      return "begin of statement block";
    case TokenKind::block_end:
      return "end of statement block";
    case TokenKind::name:
      return "name";
    case TokenKind::string:
      return "string";
    case TokenKind::integer:
      return "integer";
    case TokenKind::floating:
      return "float";
    case TokenKind::end:
      return "end of template";
    default:
      break;
  }
  for (const auto& [text, which] : kOperators)
    if (which == kind) return text;
  return "token";
}

std::string describe(const Token& token) {
  return token.kind == TokenKind::name ? token.text : std::string(describe(token.kind));
}

Result<std::vector<Token>> tokenize(std::string_view source) {
  const std::string text = normalized(source);
  return Lexer(text).run();
}

}  // namespace hearth::text::jinja
