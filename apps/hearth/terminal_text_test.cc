// SPDX-License-Identifier: Apache-2.0
#include "terminal_text.h"

#include <gmock/gmock.h>

#include <random>

#include "base/utf8.h"

namespace hearth::app {
namespace {

std::string filtered(std::string_view text, std::size_t n) {
  TerminalFilter filter;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += n) out += filter.push(text.substr(at, n));
  return out + filter.finish();
}

TEST(TerminalFilter, ShowsWhatATerminalWouldObey) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain\ttext\n", "plain\ttext\n"},
      {"\033]0;title\a", "\\x1b]0;title\\x07"},
      {"\033[2Jgone", "\\x1b[2Jgone"},
      {"a\bb\x7f", "a\\x08b\\x7f"},
      {"\xC2\x9B 31m", "\\u{9b} 31m"},  // CSI as one C1 character
      {"\x9B 31m", "\\x9b 31m"},        // and as a lone byte
      {"over\rwritten", "over\\rwritten"},
      {"dos\r\nlines\r\n", "dos\nlines\n"},
      {"\r\r\n\r", "\\r\n\\r"},
      {"\xE2\x80\xAE"
       "evil",
       "\\u{202e}evil"},
      {std::string("\0", 1), "\\x00"},
      {"h\xC3\xA9 \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",
       "h\xC3\xA9 \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80"},  // joined emoji
      {"cut \xF0\x9F\x91", "cut \\xf0\\x9f\\x91"},
  };
  for (const auto& [text, expected] : cases)
    for (const std::size_t n : {1, 2, 3, 100}) EXPECT_EQ(filtered(text, n), expected) << n;
}

// Whatever comes in, in whatever pieces: nothing that commands goes out, and text does unchanged.
TEST(TerminalFilter, HoldsForRandomBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += static_cast<char>(random() % 256);
    const std::string out = filtered(text, 1 + random() % 7);
    EXPECT_TRUE(is_valid_utf8(out));
    for (std::string_view rest = out; !rest.empty();) {
      const DecodedRune decoded = decode_rune(rest);
      const bool is_control = decoded.rune < 0x20 || (decoded.rune >= 0x7F && decoded.rune < 0xA0);
      EXPECT_TRUE(!is_control || decoded.rune == '\n' || decoded.rune == '\t');
      rest.remove_prefix(decoded.length);
    }
    EXPECT_EQ(filtered(out, 1 + random() % 7), out);
  }
}

}  // namespace
}  // namespace hearth::app
