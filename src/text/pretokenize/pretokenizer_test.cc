// SPDX-License-Identifier: Apache-2.0
//
// Holds every hand-written cut to its published expression, run by PCRE2 with Unicode properties,
// on random texts rich in what the expressions look at. PCRE2 10.42 knows Unicode 14 and our
// tables 15.1, so texts use code points that both know; U+180E, which PCRE2 alone calls white
// space, stays out.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <gtest/gtest.h>
#include <pcre2.h>

#include <memory>
#include <random>
#include <string>

#include "text/pretokenize/cuts.h"
#include "text/unicode.h"

namespace hearth::text {
namespace {

enum class Subject { plain, folded, ascii_digits };

struct Case {
  const char* name;
  Cut cut;
  const char* expression;
  Subject subject;
};

const Case kCases[] = {
#define HEARTH_CUT(name, expression, subject) {#name, name, expression, Subject::subject},
#include "text/pretokenize/expressions.inc"
#undef HEARTH_CUT
};

class Regex {
 public:
  Regex(const char* expression, std::uint32_t options) {
    int error = 0;
    std::size_t offset = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression), PCRE2_ZERO_TERMINATED,
                              options, &error, &offset, nullptr));
    EXPECT_TRUE(code_) << expression << " at " << offset;
    match_.reset(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  }

  // The first match at or after a position, if any.
  bool find(std::string_view text, std::size_t at, std::size_t& begin, std::size_t& end) {
    const int rc = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                               at, PCRE2_NO_UTF_CHECK, match_.get(), nullptr);
    EXPECT_TRUE(rc > 0 || rc == PCRE2_ERROR_NOMATCH) << rc;
    if (rc <= 0) return false;
    const std::size_t* offsets = pcre2_get_ovector_pointer(match_.get());
    begin = offsets[0];
    end = offsets[1];
    return true;
  }

 private:
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
  };
  std::unique_ptr<pcre2_code, Free> code_;
  std::unique_ptr<pcre2_match_data, Free> match_;
};

std::string to_utf8(std::u32string_view runes) {
  std::string text;
  for (const char32_t rune : runes) append_plain(text, rune);
  return text;
}

// Ends of words in bytes, as llama.cpp takes them from std::regex_iterator.
WordEnds ends_by_regex(Regex& regex, std::string_view text) {
  WordEnds ends;
  std::size_t start = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at <= text.size() && regex.find(text, at, begin, end);) {
    if (begin > start) ends.push_back(begin);
    if (end > begin) ends.push_back(end);
    start = end;
    at = end;
    if (end > begin) continue;
    for (++at; at < text.size() && (text[at] & 0xC0) == 0x80;) ++at;
  }
  if (start < text.size()) ends.push_back(text.size());
  return ends;
}

WordEnds ends_by_hand(const Case& one, std::u32string_view runes) {
  RuneText text;
  const std::string bytes = to_utf8(runes);
  text.assign(bytes);
  WordEnds ends;
  one.cut(text, 0, text.size(), ends);
  WordEnds in_bytes;
  std::size_t rune = 0;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    for (; rune < end; ++rune) at += plain_length(runes[rune]);
    in_bytes.push_back(at);
  }
  return in_bytes;
}

std::u32string fold(std::u32string_view runes, std::u32string& widths) {
  std::u32string folded;
  widths.clear();
  for (const char32_t rune : runes) {
    const bool space = rune >= 0x80 && (rune_class(rune) & kWhiteSpace);
    folded.push_back(space ? U'\v' : rune);
    widths.push_back(static_cast<char32_t>(plain_length(rune)));
  }
  return folded;
}

class TextMaker {
 public:
  explicit TextMaker(unsigned seed)
      : random_(seed), unassigned_("\\p{Cn}", PCRE2_UTF | PCRE2_UCP) {}

  std::u32string make() {
    std::u32string text;
    const std::size_t n = below(40);
    while (text.size() < n) append(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  void pick(std::u32string& text, std::u32string_view from) { text += from[below(from.size())]; }

  void append(std::u32string& text) {
    static const std::u32string_view kChunks[] = {U"'s",
                                                  U"'T",
                                                  U"'re",
                                                  U"'VE",
                                                  U"'ll",
                                                  U"'lL",
                                                  U"'d",
                                                  U"'",
                                                  U"  ",
                                                  U"    ",
                                                  U"\n\n",
                                                  U"\r\n",
                                                  U" \n ",
                                                  U"don't",
                                                  U"HELLO",
                                                  U"Hello",
                                                  U"camelCase",
                                                  U"<sentinel:12>",
                                                  U"<sentinel:>",
                                                  U"IMGIMGABCZ",
                                                  U"IMGIMGABCDEZ",
                                                  U"1234567",
                                                  U"12",
                                                  U"3.14",
                                                  U"\u00e9\u0301",
                                                  U"\U0001F469\u200D\U0001F680",
                                                  U"\U0001F636\u200D\U0001F32B\uFE0F",
                                                  U"我想在",
                                                  U"ひらがな",
                                                  U"カタカナ",
                                                  U"한국어",
                                                  U"ภาษาไทย",
                                                  U"हिन्दी",
                                                  U"عربي١٢٣",
                                                  U"!!!",
                                                  U"...",
                                                  U"//",
                                                  U"/\n",
                                                  U"==",
                                                  U" (",
                                                  U"\u3000",
                                                  U"，。",
                                                  U"…",
                                                  U"１２３",
                                                  U"½",
                                                  U"ǅ",
                                                  U"ÀÉÎ",
                                                  U"żółw"};
    if (below(150) == 0) text.append(below(600), U' ');
    switch (below(9)) {
      case 0:
        return pick(text, U"abcstmdrevlxyzABCSTMDREVLXYZ");
      case 1:
        return pick(text, U"0123456789²½١৩４Ⅻ");
      case 2:
        return pick(text, U"     \t\n\r\v\f\u0085\u00a0\u2003\u2028\u3000");
      case 3:
        return pick(text, U".,!?'\"/\\()[]{}<>|`~@#$%^&*-_=+:;");
      case 4:
        return pick(text, U"éÉßжЖñΩωµªʰǅ中文字あアー가나ᄀ\u0301\u0300\u093e\u20dd\u200d\ufe0f");
      case 5:
        return pick(text, U"€£©™±«»—–‘’“”„、。！（）・॥،۔।");
      case 6:
        return pick(text,
                    U"\x01\x1c\x1f\x7f\u00ad\u200b\ufeff\ue000\U0001F600\U0001F999\U0001F1E9");
      case 7:
        text += kChunks[below(std::size(kChunks))];
        return;
      default:
        text += any_rune();
    }
  }

  char32_t any_rune() {
    for (;;) {
      const auto rune = static_cast<char32_t>(below(2) == 0 ? below(0x3000) : below(0x30000));
      if ((rune >= 0xD800 && rune < 0xE000) || rune == 0x180E) continue;
      std::size_t begin = 0;
      std::size_t end = 0;
      const bool unassigned_14 = unassigned_.find(to_utf8({&rune, 1}), 0, begin, end);
      if (!unassigned_14 || rune_class(rune) == 0) return rune;
    }
  }

  std::mt19937 random_;
  Regex unassigned_;
};

TEST(PreTokenizer, EveryCutEqualsItsExpression) {
  constexpr int kTexts = 1500;
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.name);
    // llama.cpp's std::regex takes \d as ASCII digits.
    const std::uint32_t properties = one.subject == Subject::ascii_digits ? 0 : PCRE2_UCP;
    Regex regex(one.expression, PCRE2_UTF | properties);
    TextMaker maker(42);
    for (int i = 0; i < kTexts; ++i) {
      const std::u32string runes = maker.make();
      std::u32string widths;
      const bool folded = one.subject == Subject::folded;
      const std::string subject = to_utf8(folded ? fold(runes, widths) : runes);
      WordEnds expected = ends_by_regex(regex, subject);
      if (folded) {  // back to offsets in the text as it was
        std::vector<std::size_t> offset_of(subject.size() + 1);
        std::size_t from = 0;
        std::size_t to = 0;
        for (std::size_t k = 0; k < runes.size(); ++k) {
          offset_of[from] = to;
          from += plain_length(
              widths[k] != plain_length(U'\v') && rune_class(runes[k]) & kWhiteSpace ? U'\v'
                                                                                     : runes[k]);
          to += widths[k];
        }
        offset_of[from] = to;
        for (std::size_t& end : expected) end = offset_of[end];
      }
      ASSERT_EQ(ends_by_hand(one, runes), expected)
          << "text " << i << ": [" << to_utf8(runes) << "]";
    }
  }
}

// A cut looks at its window alone: cutting a part is the same as cutting a text that is that part.
TEST(PreTokenizer, NothingOutsideTheWindowMatters) {
  TextMaker maker(7);
  for (int i = 0; i < 500; ++i) {
    const std::u32string before = maker.make();
    const std::u32string middle = maker.make();
    const std::string bytes = to_utf8(before + middle + maker.make());
    const std::string alone = to_utf8(middle);
    RuneText whole;
    RuneText part;
    whole.assign(bytes);
    part.assign(alone);
    for (const Case& one : kCases) {
      WordEnds in_whole;
      WordEnds in_part;
      one.cut(whole, before.size(), before.size() + middle.size(), in_whole);
      one.cut(part, 0, middle.size(), in_part);
      for (std::size_t& end : in_part) end += before.size();
      ASSERT_EQ(in_whole, in_part) << one.name << " on [" << alone << "]";
    }
  }
}

TEST(PreTokenizer, EveryNameLeadsToCutsAndUnknownOnesToNothing) {
  EXPECT_EQ(all_pretokenizers().size(), 91U);
  for (const PreTokenizer& pre : all_pretokenizers()) {
    EXPECT_FALSE(pre.cuts.empty()) << pre.name;
    EXPECT_EQ(find_pretokenizer(pre.name), &pre);
  }
  EXPECT_EQ(find_pretokenizer(""), find_pretokenizer("default"));
  EXPECT_EQ(find_pretokenizer("llama-9"), nullptr);
}

// Words end one after the other and the last at the end, whatever the text.
TEST(PreTokenizer, WordsCoverTheText) {
  TextMaker maker(3);
  for (int i = 0; i < 300; ++i) {
    RuneText text;
    const std::string bytes = to_utf8(maker.make());
    text.assign(bytes);
    for (const PreTokenizer& pre : all_pretokenizers()) {
      WordEnds ends;
      WordEnds spare;
      cut_words(pre, text, ends, spare);
      std::size_t last = 0;
      for (const std::size_t end : ends) {
        ASSERT_TRUE(end > last || text.size() == 0) << pre.name;
        last = end;
      }
      ASSERT_EQ(last, text.size()) << pre.name << " on [" << bytes << "]";
    }
  }
}

}  // namespace
}  // namespace hearth::text
