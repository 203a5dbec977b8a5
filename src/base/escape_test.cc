// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace hearth {
namespace {

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable("plain text, with \"quotes\" and \\"), "plain text, with \"quotes\" and \\");
  EXPECT_EQ(printable("caf\xC3\xA9 \xF0\x9F\x94\xA5"), "caf\xC3\xA9 \xF0\x9F\x94\xA5");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesWhatMovesACursor) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\u{9b}31m");  // C1: an escape sequence in one rune
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "cod"),
            "\\u{202e}cod");                          // right-to-left override
  EXPECT_EQ(printable("\xE2\x81\xA6"), "\\u{2066}");  // an isolate
  EXPECT_EQ(printable("\xEF\xBB\xBF"), "\\u{feff}");
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\xFFok\xC3"), "\\xffok\\xc3");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");
}

TEST(Printable, CutsAtTheLimitBetweenPieces) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable("abcd\x1b", 6), "abcd...");
  EXPECT_EQ(printable("\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5", 5), "\xF0\x9F\x94\xA5...");
}

TEST(Printable, EveryByteComesOutClean) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const std::string shown = printable(text);
      ASSERT_TRUE(is_valid_utf8(shown));
      for (const char c : shown) ASSERT_TRUE((c & 0x80) != 0 || (c >= 0x20 && c < 0x7F));
    }
  }
}

TEST(EscapeHtml, WritesWhatMarksUpAsReferences) {
  EXPECT_EQ(escape_html("<a href=\"b\">'c' & d</a>"),
            "&lt;a href=&#34;b&#34;&gt;&#39;c&#39; &amp; d&lt;/a&gt;");
  EXPECT_EQ(escape_html("&amp;"), "&amp;amp;");
  EXPECT_EQ(escape_html("Gr\xC3\xBC\xC3\x9F\x65"), "Gr\xC3\xBC\xC3\x9F\x65");
}

}  // namespace
}  // namespace hearth
