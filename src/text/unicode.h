// SPDX-License-Identifier: Apache-2.0
//
// What tokenizers ask of Unicode: the class of a code point, lower case, the base letter under
// accents, and UTF-8 read the way llama.cpp reads it. Classes come from generated tables
// (Unicode 15.1, the version of llama.cpp's own); case and decomposition from utf8proc. Pure
// functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::text {

// Bits of rune_class(); unassigned code points and separators that are not white space have none.
inline constexpr std::uint8_t kLetter = 1;
inline constexpr std::uint8_t kNumber = 2;
inline constexpr std::uint8_t kMark = 4;
inline constexpr std::uint8_t kPunctuation = 8;
inline constexpr std::uint8_t kSymbol = 16;
inline constexpr std::uint8_t kControl = 32;
inline constexpr std::uint8_t kWhiteSpace = 64;
inline constexpr std::uint8_t kOutside = 128;  // never in the table: what lies beyond a text's end

std::uint8_t rune_class(char32_t rune);

// The simple lower-case mapping; the rune itself when it has none.
char32_t lower_case(char32_t rune);
// The first code point of the canonical decomposition: the letter without its accents.
char32_t base_rune(char32_t rune);

// UTF-8 as llama.cpp decodes it (unicode.cpp): overlong forms and surrogates are taken at their
// value, and a byte that starts nothing is U+FFFD. Values above U+10FFFF, at which llama.cpp
// throws, count as such bytes.
struct LenientRune {
  char32_t rune;
  std::uint8_t length;
};
LenientRune decode_lenient(std::string_view text);
// The length that the first byte of a sequence promises, trusting it (continuation bytes: 1).
std::size_t promised_length(char first);
// Appends the plain UTF-8 form, of surrogates too.
void append_plain(std::string& out, char32_t rune);
std::size_t plain_length(char32_t rune);

// A text as code points with their classes, and the bytes that they stand for.
class RuneText {
 public:
  // Decodes text, which must outlive this unless it had to be rewritten (see bytes()).
  void assign(std::string_view text);

  std::size_t size() const { return runes_.size(); }
  const char32_t* runes() const { return runes_.data(); }
  const std::uint8_t* classes() const { return classes_.data(); }
  // The text itself when it was plain UTF-8, else a copy with every rune in plain form.
  std::string_view bytes() const { return bytes_; }

 private:
  std::vector<char32_t> runes_;
  std::vector<std::uint8_t> classes_;
  std::string rewritten_;
  std::string_view bytes_;
};

}  // namespace hearth::text
