// SPDX-License-Identifier: Apache-2.0
//
// What Python's str knows about a code point: its classes and its case mappings (full ones, "ß" to
// "SS", with the rule for a final sigma). Generated from the Unicode data of CPython 3.11 (14.0),
// since templates are written against Python's answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::text::jinja {

enum RuneFlag : std::uint16_t {
  kAlpha = 1 << 0,
  kDecimal = 1 << 1,
  kDigit = 1 << 2,
  kNumeric = 1 << 3,
  kSpace = 1 << 4,
  kPrintable = 1 << 5,
  kUpper = 1 << 6,
  kLower = 1 << 7,
  kTitle = 1 << 8,
  kIgnorable = 1 << 9,  // transparent to the final-sigma rule
  kXidStart = 1 << 10,
  kXid = 1 << 11,
  kCased = kUpper | kLower | kTitle,
};

std::uint16_t flags_of(char32_t rune);
inline bool has(char32_t rune, std::uint16_t flags) {
  return (flags_of(rune) & flags) != 0;
}
inline bool is_space(char32_t rune) {
  if (rune < 0x80) return rune == ' ' || (rune >= 9 && rune <= 13) || (rune >= 28 && rune <= 31);
  return has(rune, kSpace);
}

// The value of a decimal digit of any script, or -1.
int decimal_value(char32_t rune);

enum class CaseMap : std::uint8_t { lower, upper, title, fold };
// Appends the mapping of one rune, out of context.
void append_mapped(std::string& out, char32_t rune, CaseMap map);

// str.lower(), upper(), casefold(), title(), capitalize(), swapcase() of valid UTF-8.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
std::string to_folded(std::string_view text);
std::string to_title(std::string_view text);
std::string to_capitalized(std::string_view text);
std::string to_swapped(std::string_view text);

// str.isupper() and islower(): some cased rune, and none of the other case.
bool is_cased_text(std::string_view text, bool upper);

}  // namespace hearth::text::jinja
