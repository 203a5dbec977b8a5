// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

struct DecodedRune {
  char32_t rune = kReplacementCharacter;  // kReplacementCharacter when not valid
  std::uint8_t length = 1;                // bytes consumed; 1 for a byte that starts no valid rune
  bool valid = false;
};

// Decodes the rune at the front of text, which must not be empty.
DecodedRune decode_rune(std::string_view text);

// Appends the UTF-8 form; surrogates and values above U+10FFFF become U+FFFD.
void append_rune(std::string& out, char32_t rune);

bool is_valid_utf8(std::string_view text);

// How many bytes at the end of text are a proper beginning of a rune that more bytes could complete
// (0 to 3). A streaming decoder holds exactly these back.
std::size_t incomplete_tail(std::string_view text);

// The text with every maximal invalid sequence replaced by U+FFFD (as the WHATWG decoder does).
std::string to_valid_utf8(std::string_view text);

}  // namespace hearth
