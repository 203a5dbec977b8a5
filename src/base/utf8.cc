// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>

namespace hearth {
namespace {

// The shape of a sequence by its first byte: its length, and the range of its second byte (which is
// what rules out overlong forms, surrogates and values above U+10FFFF). Unicode 15, table 3-7.
struct Lead {
  std::uint8_t length;
  std::uint8_t second_low;
  std::uint8_t second_high;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// How many bytes of the sequence at the front are well formed, up to the length its lead promises.
std::size_t well_formed_prefix(std::string_view text, const Lead& lead) {
  std::size_t n = 1;
  while (n < lead.length && n < text.size()) {
    const auto byte = static_cast<unsigned char>(text[n]);
    const std::uint8_t low = n == 1 ? lead.second_low : std::uint8_t{0x80};
    const std::uint8_t high = n == 1 ? lead.second_high : std::uint8_t{0xBF};
    if (byte < low || byte > high) break;
    ++n;
  }
  return n;
}

}  // namespace

DecodedRune decode_rune(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const Lead lead = lead_of(first);
  if (lead.length == 1) return {first, 1, true};
  if (lead.length == 0 || well_formed_prefix(text, lead) < lead.length) return {};
  char32_t rune = first & (0xFFu >> (lead.length + 1));
  for (std::size_t i = 1; i < lead.length; ++i)
    rune = (rune << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return {rune, lead.length, true};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) rune = kReplacementCharacter;
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xC0 | (rune >> 6));
    byte(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    byte(0xE0 | (rune >> 12));
    byte(0x80 | ((rune >> 6) & 0x3F));
    byte(0x80 | (rune & 0x3F));
  } else {
    byte(0xF0 | (rune >> 18));
    byte(0x80 | ((rune >> 12) & 0x3F));
    byte(0x80 | ((rune >> 6) & 0x3F));
    byte(0x80 | (rune & 0x3F));
  }
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    if (!decoded.valid) return false;
    text.remove_prefix(decoded.length);
  }
  return true;
}

std::size_t incomplete_tail(std::string_view text) {
  const std::size_t longest = std::min<std::size_t>(3, text.size());
  for (std::size_t n = 1; n <= longest; ++n) {
    const std::string_view tail = text.substr(text.size() - n);
    const Lead lead = lead_of(static_cast<unsigned char>(tail[0]));
    if (lead.length > n && well_formed_prefix(tail, lead) == n) return n;
  }
  return 0;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    std::size_t length = decoded.length;
    if (!decoded.valid) {
      const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
      if (lead.length > 1) length = well_formed_prefix(text, lead);
      append_rune(out, kReplacementCharacter);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace hearth
