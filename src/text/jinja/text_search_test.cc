// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/text_search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace hearth::text::jinja {
namespace {

// Two letters, so that almost every place begins like what is searched for, and texts long enough
// for the search to change its way in the middle.
TEST(TextSearch, FindsWhatTheStandardLibraryFinds) {
  std::mt19937 random(3);
  const auto letters = [&random](std::size_t n, std::size_t one_in) {
    std::string text;
    while (text.size() < n) text += random() % one_in == 0 ? 'b' : 'a';
    return text;
  };
  for (int i = 0; i < 3000; ++i) {
    const std::string text = letters(random() % 4000, 2 + random() % 40);
    std::string what = letters(random() % 40, 2 + random() % 10);
    if (i % 3 == 0 && text.size() > 300) what = text.substr(random() % 300, random() % 200);
    if (i % 5 == 0) what += 'c';
    ASSERT_EQ(find_text(text, what), text.find(what)) << text << "\n" << what;
    ASSERT_EQ(rfind_text(text, what), text.rfind(what)) << text << "\n" << what;
    if (what.empty()) continue;
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + what.size()))
      ++n;
    ASSERT_EQ(count_text(text, what), n);
  }
  EXPECT_EQ(count_text("aaaa", "a", 3), 3U);
  EXPECT_EQ(find_text("", ""), 0U);
  EXPECT_EQ(rfind_text("abc", ""), 3U);
  EXPECT_EQ(find_text("", "a"), std::string_view::npos);
}

}  // namespace
}  // namespace hearth::text::jinja
