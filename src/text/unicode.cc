// SPDX-License-Identifier: Apache-2.0
#include "text/unicode.h"

#include <utf8proc.h>

#include "base/utf8.h"

namespace hearth::text {
namespace {

#include "text/generated/unicode_tables.inc"

constexpr char32_t kLastRune = 0x10FFFF;

bool is_continuation(std::string_view text, std::size_t i) {
  return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
}

char32_t low_bits(std::string_view text, std::size_t i, unsigned mask) {
  return static_cast<unsigned char>(text[i]) & mask;
}

}  // namespace

std::uint8_t rune_class(char32_t rune) {
  if (rune > kLastRune) return 0;
  return kRuneClasses[kRuneBlockOf[rune >> 7] * 128u + (rune & 127)];
}

char32_t lower_case(char32_t rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(rune)));
}

char32_t base_rune(char32_t rune) {
  if (rune < 0xC0 || rune > kLastRune) return rune;
  utf8proc_int32_t decomposed[32];
  int boundary = 0;
  const utf8proc_ssize_t n = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(rune),
                                                     decomposed, 32, UTF8PROC_DECOMPOSE, &boundary);
  return n >= 1 ? static_cast<char32_t>(decomposed[0]) : rune;
}

LenientRune decode_lenient(std::string_view text) {
  constexpr LenientRune kBroken = {kReplacementCharacter, 1};
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  if (first < 0xC0 || first >= 0xF8 || !is_continuation(text, 1)) return kBroken;
  const char32_t second = low_bits(text, 1, 0x3F);
  if (first < 0xE0) return {(low_bits(text, 0, 0x1F) << 6) | second, 2};
  if (!is_continuation(text, 2)) return kBroken;
  const char32_t third = low_bits(text, 2, 0x3F);
  if (first < 0xF0) return {(low_bits(text, 0, 0x0F) << 12) | (second << 6) | third, 3};
  if (!is_continuation(text, 3)) return kBroken;
  const char32_t rune =
      (low_bits(text, 0, 0x07) << 18) | (second << 12) | (third << 6) | low_bits(text, 3, 0x3F);
  return rune > kLastRune ? kBroken : LenientRune{rune, 4};
}

std::size_t promised_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::size_t plain_length(char32_t rune) {
  return rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
}

void append_plain(std::string& out, char32_t rune) {
  if (rune < 0xD800 || rune >= 0xE000) return append_rune(out, rune);
  out.push_back(static_cast<char>(0xE0 | (rune >> 12)));
  out.push_back(static_cast<char>(0x80 | ((rune >> 6) & 0x3F)));
  out.push_back(static_cast<char>(0x80 | (rune & 0x3F)));
}

void RuneText::assign(std::string_view text) {
  runes_.clear();
  classes_.clear();
  bool plain = true;
  for (std::size_t i = 0; i < text.size();) {
    const LenientRune next = decode_lenient(text.substr(i));
    runes_.push_back(next.rune);
    classes_.push_back(rune_class(next.rune));
    plain = plain && next.length == plain_length(next.rune);
    i += next.length;
  }
  bytes_ = text;
  if (plain) return;
  rewritten_.clear();
  for (const char32_t rune : runes_) append_plain(rewritten_, rune);
  bytes_ = rewritten_;
}

}  // namespace hearth::text
