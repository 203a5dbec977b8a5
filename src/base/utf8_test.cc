// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace hearth {
namespace {

bool is_scalar_value(char32_t rune) {
  return rune <= 0x10FFFF && (rune < 0xD800 || rune > 0xDFFF);
}

// A second opinion, written from the definition instead of table 3-7: decode by the lead's bits,
// then accept only what is a scalar value in its shortest form.
std::size_t reference_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80             ? 1
                             : (byte(0) & 0xE0) == 0xC0 ? 2
                             : (byte(0) & 0xF0) == 0xE0 ? 3
                             : (byte(0) & 0xF8) == 0xF0 ? 4
                                                        : 0;
  if (length == 0 || length > text.size()) return 0;
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  char32_t rune = length == 1 ? byte(0) : byte(0) & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    rune = rune << 6 | (byte(i) & 0x3Fu);
  }
  return is_scalar_value(rune) && rune >= kSmallest[length] ? length : 0;
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

std::string replaced(int n_replacements) {
  std::string text;
  for (int i = 0; i < n_replacements; ++i) text += "\xEF\xBF\xBD";
  return text;
}

// Plain ifs: a million and more gtest assertions under a sanitizer would take half of the suite's
// time.
TEST(Utf8, EveryCodePointThereAndBack) {
  std::string text;
  for (char32_t rune = 0; rune < 0x110100; ++rune) {
    text.clear();
    append_rune(text, rune);
    const DecodedRune decoded = decode_rune(text);
    bool good = decoded.valid && decoded.length == text.size() && incomplete_tail(text) == 0 &&
                decoded.rune == (is_scalar_value(rune) ? rune : kReplacementCharacter);
    for (std::size_t n = 1; n < text.size(); ++n) {
      const std::string_view part = std::string_view(text).substr(0, n);
      good = good && !decode_rune(part).valid && incomplete_tail(part) == n;
    }
    if (!good) FAIL() << "at U+" << std::hex << static_cast<unsigned>(rune);
  }
}

TEST(Utf8, EverySequenceOfUpToThreeBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      for (const int third : {0x00, 0x41, 0x7F, 0x80, 0x81, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xFF}) {
        const std::string text = bytes_of({first, second, third});
        const DecodedRune decoded = decode_rune(text);
        const std::size_t expected = reference_length(text);
        if (decoded.valid != (expected != 0) || decoded.length != (expected == 0 ? 1 : expected))
          FAIL() << std::hex << first << ' ' << second << ' ' << third;
      }
    }
  }
}

TEST(Utf8, FourByteSequencesAtEveryBoundary) {
  for (int first = 0xEE; first <= 0xFF; ++first) {
    for (int second = 0; second < 256; ++second) {
      for (const int third : {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF}) {
        for (const int fourth : {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF}) {
          const std::string text = bytes_of({first, second, third, fourth});
          ASSERT_EQ(decode_rune(text).valid, reference_length(text) != 0)
              << std::hex << first << ' ' << second << ' ' << third << ' ' << fourth;
        }
      }
    }
  }
}

// Tables 3-8 to 3-11 of the Unicode standard: one U+FFFD for each maximal subpart.
TEST(Utf8, ReplacementFollowsTheStandard) {
  EXPECT_EQ(to_valid_utf8(bytes_of({0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41})),
            replaced(8) + "A");
  EXPECT_EQ(to_valid_utf8(bytes_of({0xED, 0xA0, 0x80, 0xED, 0xBF, 0xBF, 0xED, 0xAF, 0x41})),
            replaced(8) + "A");
  EXPECT_EQ(to_valid_utf8(bytes_of({0xF4, 0x91, 0x92, 0x93, 0xFF, 0x41, 0x80, 0xBF, 0x42})),
            replaced(5) + "A" + replaced(2) + "B");
  EXPECT_EQ(to_valid_utf8(bytes_of({0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41})),
            replaced(4) + "A");
  EXPECT_EQ(to_valid_utf8(bytes_of({0xE2, 0x82})), replaced(1));
  EXPECT_EQ(to_valid_utf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(to_valid_utf8(""), "");
}

TEST(Utf8, Validity) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_valid_utf8("\xF0\x9F\x94\xA5"));
  EXPECT_FALSE(is_valid_utf8("ok\xF0\x9F\x94"));
  EXPECT_FALSE(is_valid_utf8("\x80"));
}

TEST(Utf8, TailThatCannotBecomeARuneIsNotHeldBack) {
  EXPECT_EQ(incomplete_tail(""), 0u);
  EXPECT_EQ(incomplete_tail("a\xE2\x82"), 2u);
  EXPECT_EQ(incomplete_tail("a\xF0\x9F\x94"), 3u);
  EXPECT_EQ(incomplete_tail("\xC0"), 0u);          // never starts a rune
  EXPECT_EQ(incomplete_tail("\xED\xA0"), 0u);      // a surrogate
  EXPECT_EQ(incomplete_tail("\xF4\x90"), 0u);      // above U+10FFFF
  EXPECT_EQ(incomplete_tail("\x82\x82\x82"), 0u);  // continuations of nothing
  EXPECT_EQ(incomplete_tail("\xE2\x82\xE2"), 1u);
}

}  // namespace
}  // namespace hearth
