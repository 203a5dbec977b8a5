// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/format_spec.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

struct Spec {
  char32_t fill = ' ';
  char align = 0;
  char sign = '-';
  bool alternate = false;
  bool no_negative_zero = false;
  std::size_t width = 0;
  char grouping = 0;
  std::optional<std::size_t> precision;
  char type = 0;
};

bool is_align(char c) {
  return c == '<' || c == '>' || c == '=' || c == '^';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Result<std::size_t> number(Evaluator& evaluator, std::string_view& text) {
  std::size_t value = 0;
  while (!text.empty() && is_digit(text[0])) {
    value = value * 10 + static_cast<std::size_t>(text[0] - '0');
    if (value > evaluator.budget().max_text()) return evaluator.budget().too_long();
    text.remove_prefix(1);
  }
  return value;
}

Result<Spec> parse_spec(Evaluator& evaluator, std::string_view text, std::string_view type) {
  Spec spec;
  const auto take = [&text](char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  };
  if (!text.empty()) {
    const DecodedRune first = decode_rune(text);
    if (text.size() > first.length && is_align(text[first.length])) {
      spec.fill = first.rune;
      spec.align = text[first.length];
      text.remove_prefix(first.length + 1u);
    } else if (is_align(text[0])) {
      spec.align = text[0];
      text.remove_prefix(1);
    }
  }
  if (!text.empty() && (text[0] == '+' || text[0] == '-' || text[0] == ' ')) {
    spec.sign = text[0];
    text.remove_prefix(1);
  }
  spec.no_negative_zero = take('z');
  spec.alternate = take('#');
  if (spec.fill == ' ' && take('0')) {
    spec.fill = '0';
    if (spec.align == 0 && type != "str") spec.align = '=';
  }
  spec.width = TRY(number(evaluator, text));
  for (const char separator : {',', '_'}) {
    if (!take(separator)) continue;
    if (spec.grouping) return raised("Cannot specify both ',' and '_'.");
    spec.grouping = separator;
  }
  if (take('.')) {
    if (text.empty() || !is_digit(text[0])) return raised("Format specifier missing precision");
    spec.precision = TRY(number(evaluator, text));
  }
  if (!text.empty()) {
    spec.type = text[0];
    text.remove_prefix(1);
  }
  if (!text.empty()) return raised("Invalid format specifier");
  return spec;
}

std::unexpected<Error> unknown_code(char type, std::string_view of) {
  return raised("Unknown format code '{}' for object of type '{}'", type, of);
}

std::string sign_text(bool negative, char sign) {
  if (negative) return "-";
  return sign == '-' ? "" : std::string(1, sign);
}

std::string laid_out(NumberText number, const Spec& spec, std::size_t group) {
  const std::size_t fixed = number.sign.size() + number.prefix.size() + number.rest.size();
  const bool zero_fill = spec.align == '=' && spec.fill == '0';
  const std::size_t digits_width = zero_fill && spec.width > fixed ? spec.width - fixed : 0;
  number.digits = grouped(std::move(number.digits), spec.grouping, group, digits_width);
  const std::string head = number.sign + number.prefix;
  const std::string body = number.digits + number.rest;
  if (spec.align == '=')
    return head +
           padded(body, spec.fill, '>', spec.width > head.size() ? spec.width - head.size() : 0);
  return padded(head + body, spec.fill, spec.align ? spec.align : '>', spec.width);
}

// A float with a precision and no type: as "g", but the exponent appears one digit earlier, and a
// whole number keeps ".0".
std::string general_digits(double value, int precision, bool alternate) {
  const std::string scientific = float_digits(value, precision - 1, 'e', alternate);
  const std::size_t e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  if (exponent >= -4 && exponent < precision - 1) {
    std::string digits = float_digits(value, precision, 'g', alternate);
    if (digits.find('.') == std::string::npos) digits += ".0";
    return digits;
  }
  std::size_t end = e;
  if (!alternate && scientific.find('.') != std::string::npos) {
    while (scientific[end - 1] == '0') --end;
    if (scientific[end - 1] == '.') --end;
  }
  return scientific.substr(0, end) + scientific.substr(e);
}

Result<std::string> format_float(double value, Spec spec, std::string_view type_of) {
  if (spec.type != 0 && std::string_view("eEfFgGn%").find(spec.type) == std::string_view::npos)
    return unknown_code(spec.type, type_of);
  const bool percent = spec.type == '%';
  if (percent) value *= 100;
  NumberText number;
  std::string digits;
  if (!std::isfinite(value)) {
    digits = std::isnan(value) ? "nan" : "inf";
    if (spec.type == 'E' || spec.type == 'F' || spec.type == 'G')
      std::transform(digits.begin(), digits.end(), digits.begin(),
                     [](char c) { return static_cast<char>(c - 32); });
    number.sign = sign_text(!std::isnan(value) && value < 0, spec.sign);
  } else {
    if (spec.precision && *spec.precision > 100000) return raised("the precision is too large");
    const int precision = static_cast<int>(spec.precision.value_or(6));
    const char type = percent ? 'f' : spec.type == 'n' ? 'g' : spec.type;
    if (type == 0 && !spec.precision) {
      digits = float_text(std::fabs(value));
    } else if (type == 0) {
      digits = general_digits(std::fabs(value), std::max(precision, 1), spec.alternate);
    } else {
      digits = float_digits(std::fabs(value), precision, type, spec.alternate);
    }
    bool negative = std::signbit(value);
    if (spec.no_negative_zero && digits.find_first_of("123456789") == std::string::npos)
      negative = false;
    number.sign = sign_text(negative, spec.sign);
  }
  const std::size_t whole =
      std::isfinite(value) ? std::min(digits.find_first_not_of("0123456789"), digits.size()) : 0;
  number.digits = digits.substr(0, whole);
  number.rest = digits.substr(whole) + (percent ? "%" : "");
  if (number.digits.empty()) spec.grouping = 0;
  return laid_out(std::move(number), spec, 3);
}

Result<std::string> format_int(Int value, const Spec& spec) {
  if (spec.type != 0 && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos)
    return format_float(to_double(value), spec, "int");
  if (spec.precision) return raised("Precision not allowed in integer format specifier");
  if (spec.type == 'c') {
    if (value < 0 || value > 0x10FFFF) return raised("%c arg not in range(0x110000)");
    std::string text;
    append_rune(text, static_cast<char32_t>(value));
    return padded(std::move(text), spec.fill, spec.align ? spec.align : '<', spec.width);
  }
  const char lower = static_cast<char>(spec.type | 32);
  const unsigned base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : lower == 'x' ? 16 : 10;
  if (spec.type != 0 && std::string_view("bdnoxX").find(spec.type) == std::string_view::npos)
    return unknown_code(spec.type, "int");
  if (spec.grouping == ',' && base != 10) return raised("Cannot specify ',' with '{}'.", spec.type);
  NumberText number;
  number.sign = sign_text(value < 0, spec.sign);
  number.digits = int_text_in(magnitude_of(value), base);
  if (spec.alternate && base != 10) number.prefix = std::string("0") + spec.type;
  if (spec.type == 'X')
    std::transform(number.digits.begin(), number.digits.end(), number.digits.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return laid_out(std::move(number), spec, base == 10 ? 3 : 4);
}

Result<std::string> format_text(std::string_view text, const Spec& spec) {
  if (spec.type != 0 && spec.type != 's') return unknown_code(spec.type, "str");
  if (spec.sign != '-') return raised("Sign not allowed in string format specifier");
  if (spec.alternate) return raised("Alternate form (#) not allowed in string format specifier");
  if (spec.align == '=') return raised("'=' alignment not allowed in string format specifier");
  if (spec.grouping) return raised("Cannot specify '{}' with 's'.", spec.grouping);
  std::string out(text);
  if (spec.precision) {
    std::size_t end = 0;
    for (std::size_t n = 0; n < *spec.precision && end < out.size(); ++n)
      end += decode_rune(text.substr(end)).length;
    out.resize(end);
  }
  return padded(std::move(out), spec.fill, spec.align ? spec.align : '<', spec.width);
}

}  // namespace

std::string grouped(std::string digits, char separator, std::size_t group, std::size_t min_width) {
  if (separator == 0) {
    if (digits.size() < min_width) digits.insert(0, min_width - digits.size(), '0');
    return digits;
  }
  std::string reversed;
  std::size_t n = 0;
  for (std::size_t i = digits.size(); i > 0 || reversed.size() < min_width;) {
    if (n > 0 && n % group == 0) reversed += separator;
    reversed += i > 0 ? digits[--i] : '0';
    ++n;
  }
  return {reversed.rbegin(), reversed.rend()};
}

std::string padded(std::string text, char32_t fill, char align, std::size_t width) {
  std::size_t size = 0;
  for (const char c : text) size += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  if (size >= width) return text;
  const std::size_t missing = width - size;
  const std::size_t left = align == '<' ? 0 : align == '>' ? missing : missing / 2;
  std::string unit;
  append_rune(unit, fill);
  std::string out;
  out.reserve(text.size() + missing * unit.size());
  for (std::size_t i = 0; i < left; ++i) out += unit;
  out += text;
  for (std::size_t i = left; i < missing; ++i) out += unit;
  return out;
}

std::string float_digits(double value, int precision, char type, bool alternate) {
  const std::string pattern = std::string(alternate ? "%#.*" : "%.*") + type;
  const int size = std::snprintf(nullptr, 0, pattern.c_str(), precision, value);
  std::string out(static_cast<std::size_t>(std::max(size, 0)) + 1, '\0');
  std::snprintf(out.data(), out.size(), pattern.c_str(), precision, value);
  out.pop_back();
  return out;
}

Result<std::string> format_value(Evaluator& evaluator, const Value& value,
                                 std::string_view spec_text) {
  if (spec_text.empty()) return to_text(evaluator, value);
  if (!value.is_number() && !value.is_string())
    return raised("unsupported format string passed to {}.__format__", type_name(value));
  const Spec spec = TRY(parse_spec(evaluator, spec_text, type_name(value)));
  TRY(evaluator.budget().charge_text(spec.width * 4));
  TRY(evaluator.budget().charge(8 + spec.precision.value_or(0) / 2));
  if (value.is_string()) return format_text(value.as_text(), spec);
  if (value.is(Kind::floating)) return format_float(value.as_real(), spec, "float");
  return format_int(value.as_int(), spec);
}

}  // namespace hearth::text::jinja
