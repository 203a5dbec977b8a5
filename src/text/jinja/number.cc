// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/number.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/utf8.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

constexpr double kTwo127 = 170141183460469231731687303715884105728.0;

// Text with digits of every script as ASCII ones and the surrounding space gone, as Python prepares
// it.
std::string plain_digits(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    const int digit = decimal_value(decoded.rune);
    if (digit >= 0)
      out.push_back(static_cast<char>('0' + digit));
    else if (is_space(decoded.rune))
      out.push_back(' ');
    else
      append_rune(out, decoded.rune);
    text.remove_prefix(decoded.length);
  }
  const std::size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// Takes underscores out of text; false where one does not stand between digits.
bool drop_underscores(std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    const bool between = i > 0 && i + 1 < text.size() && text[i - 1] >= '0' && text[i - 1] <= '9' &&
                         text[i + 1] >= '0' && text[i + 1] <= '9';
    if (!between) return false;
  }
  std::erase(text, '_');
  return true;
}

}  // namespace

std::string int_text_in(UInt magnitude, unsigned base) {
  std::string out;
  do {
    out.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[static_cast<unsigned>(magnitude % base)]);
    magnitude /= base;
  } while (magnitude != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::string int_text(Int value) {
  if (value >= 0) return int_text_in(static_cast<UInt>(value), 10);
  return "-" + int_text_in(magnitude_of(value), 10);
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::string out;
  if (text.front() == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  const int n_digits = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (n_digits > 1) out += "." + digits.substr(1);
    const int magnitude = std::abs(exponent);
    out += exponent < 0 ? "e-" : "e+";
    if (magnitude < 10) out += '0';
    return out + std::to_string(magnitude);
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (exponent + 1 >= n_digits)
    return out + digits + std::string(static_cast<std::size_t>(exponent + 1 - n_digits), '0') +
           ".0";
  const auto point = static_cast<std::size_t>(exponent + 1);
  return out + digits.substr(0, point) + "." + digits.substr(point);
}

std::optional<Int> parse_int(std::string_view source, int base, bool& overflow) {
  std::string text = plain_digits(source);
  std::size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) i = 1;
  bool needs_digit = true;  // no underscore directly after the sign
  if (text.size() > i + 1 && text[i] == '0') {
    const char mark = static_cast<char>(text[i + 1] | 32);
    const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (marked != 0 && (base == 0 || base == marked)) {
      base = marked;
      i += 2;
      needs_digit = false;  // 0x_ff is allowed
    }
  }
  const bool no_leading_zero = base == 0;
  if (base == 0) base = 10;
  const std::size_t first = i;
  UInt magnitude = 0;
  const UInt highest = (~UInt{0} >> 1) / static_cast<unsigned>(base);
  bool after_underscore = needs_digit;
  for (; i < text.size(); ++i) {
    if (text[i] == '_') {
      if (after_underscore) return std::nullopt;
      after_underscore = true;
      continue;
    }
    const int digit = digit_value(text[i]);
    if (digit >= base) return std::nullopt;
    if (magnitude > highest) overflow = true;
    magnitude = magnitude * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
    after_underscore = false;
  }
  if (i == first || after_underscore) return std::nullopt;
  if (no_leading_zero && text[first] == '0' && magnitude != 0) return std::nullopt;
  if (magnitude > (~UInt{0} >> 1)) overflow = true;
  if (overflow) return std::nullopt;
  return negative ? -static_cast<Int>(magnitude) : static_cast<Int>(magnitude);
}

std::optional<double> parse_float(std::string_view source) {
  std::string text = plain_digits(source);
  if (!drop_underscores(text)) return std::nullopt;
  double sign = 1;
  std::string_view rest = text;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    if (rest[0] == '-') sign = -1;
    rest.remove_prefix(1);
  }
  if (rest.empty() || rest[0] == '-' || rest[0] == '+') return std::nullopt;
  std::string word(rest);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (!(word[0] == '.' || (word[0] >= '0' && word[0] <= '9'))) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end != word.data() + word.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) value = std::strtod(word.c_str(), nullptr);
  return sign * value;
}

double to_double(Int value) {
  const bool negative = value < 0;
  UInt magnitude = magnitude_of(value);
  int shift = 0;
  bool sticky = false;
  // 64 significant bits with the rest folded into the lowest one round as the exact value would.
  while (magnitude >> 64 != 0) {
    sticky = sticky || (magnitude & 1) != 0;
    magnitude >>= 1;
    ++shift;
  }
  const auto bits = static_cast<std::uint64_t>(magnitude) | (sticky ? 1u : 0u);
  const double rounded = std::ldexp(static_cast<double>(bits), shift);
  return negative ? -rounded : rounded;
}

std::optional<Int> to_int(double value) {
  const double whole = std::trunc(value);
  if (!(whole > -kTwo127 && whole < kTwo127)) return std::nullopt;
  return static_cast<Int>(whole);
}

Int floor_div(Int a, Int b) {
  const Int quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

Int floor_mod(Int a, Int b) {
  const Int rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double floor_mod(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) rest += b;
  } else {
    rest = std::copysign(0.0, b);
  }
  return rest;
}

double floor_div(double a, double b) {
  const double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

std::optional<Int> int_power(Int a, Int b) {
  Int result = 1;
  if (a == 0 || a == 1) return b == 0 ? 1 : a;
  if (a == -1) return b % 2 == 0 ? 1 : -1;
  for (; b > 0; --b)
    if (__builtin_mul_overflow(result, a, &result)) return std::nullopt;
  return result;
}

int compare_exactly(Int a, double b) {
  if (std::isnan(b)) return 2;
  if (b >= kTwo127) return -1;
  if (b < -kTwo127) return 1;
  const double whole = std::floor(b);
  const Int floor_b = static_cast<Int>(whole);
  if (a != floor_b) return a < floor_b ? -1 : 1;
  return b > whole ? -1 : 0;
}

double round_to(double value, int digits) {
  if (!std::isfinite(value)) return value;
  if (digits > 323) return value;
  if (digits < -308) return std::copysign(0.0, value);
  char buffer[700];
  if (digits >= 0) {
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    return std::strtod(buffer, nullptr);
  }
  // "%.*e" keeps a number of significant digits; what is left of the rounding place gives how many.
  std::snprintf(buffer, sizeof buffer, "%.0f", std::fabs(value));
  const int whole = static_cast<int>(std::string_view(buffer).size());
  const int kept = whole + digits;
  if (kept < 0) return std::copysign(0.0, value);
  if (kept == 0) {
    const double half = 0.5 * std::pow(10.0, -digits);
    return std::copysign(std::fabs(value) > half ? half * 2 : 0.0, value);
  }
  std::snprintf(buffer, sizeof buffer, "%.*e", kept - 1, value);
  return std::strtod(buffer, nullptr);
}

}  // namespace hearth::text::jinja
