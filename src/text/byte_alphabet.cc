// SPDX-License-Identifier: Apache-2.0
#include "text/byte_alphabet.h"

#include <array>

#include "text/unicode.h"

namespace hearth::text {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> make_alphabet() {
  std::array<char32_t, 256> alphabet = {};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte)
    alphabet[byte] = stands_for_itself(byte) ? byte : next++;
  return alphabet;
}

constexpr std::array<char32_t, 256> kAlphabet = make_alphabet();

constexpr std::array<std::int16_t, 0x144> make_inverse() {
  std::array<std::int16_t, 0x144> inverse = {};
  for (std::int16_t& byte : inverse) byte = -1;
  for (unsigned byte = 0; byte < 256; ++byte)
    inverse[kAlphabet[byte]] = static_cast<std::int16_t>(byte);
  return inverse;
}

constexpr std::array<std::int16_t, 0x144> kInverse = make_inverse();

}  // namespace

char32_t byte_to_rune(std::uint8_t byte) {
  return kAlphabet[byte];
}

std::optional<std::uint8_t> rune_to_byte(char32_t rune) {
  if (rune >= kInverse.size() || kInverse[rune] < 0) return std::nullopt;
  return static_cast<std::uint8_t>(kInverse[rune]);
}

std::optional<std::string> decode_byte_alphabet(std::string_view spelling) {
  std::string bytes;
  while (!spelling.empty()) {
    const LenientRune next = decode_lenient(spelling);
    const auto byte =
        next.length == plain_length(next.rune) ? rune_to_byte(next.rune) : std::nullopt;
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<char>(*byte));
    spelling.remove_prefix(next.length);
  }
  return bytes;
}

std::string from_byte_alphabet(std::string_view spelling) {
  std::string bytes;
  while (!spelling.empty()) {
    const LenientRune next = decode_lenient(spelling);
    if (const auto byte = rune_to_byte(next.rune))
      bytes.push_back(static_cast<char>(*byte));
    else
      bytes.append(spelling.substr(0, next.length));
    spelling.remove_prefix(next.length);
  }
  return bytes;
}

}  // namespace hearth::text
