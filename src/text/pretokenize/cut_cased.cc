// SPDX-License-Identifier: Apache-2.0
//
// Expressions whose words may go from upper to lower case once: U*W+ or U+W*, where U are letters
// that are not a-z, W letters that are not A-Z, and letters outside ASCII are both. A regex engine
// backtracks to find where W begins; one look at the run of U tells the same.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pieces.h"

namespace hearth::text {
namespace {

struct CasedLike {
  std::uint8_t word = kLetter;
  bool cased = true;  // false: a word is any run
  bool contractions = true;
  std::size_t max_digits = 3;
};

template <CasedLike like>
struct CasedMatcher {
  const Span& span;

  bool upper(std::size_t i) const {
    return span.is(i, like.word) && !(span.rune(i) >= 'a' && span.rune(i) <= 'z');
  }
  bool lower(std::size_t i) const {
    return span.is(i, like.word) && !(span.rune(i) >= 'A' && span.rune(i) <= 'Z');
  }

  // U*W+. After the longest run of U either W goes on, or the match must end with the last rune of
  // the run that is in W too.
  std::size_t mixed(std::size_t at) const {
    std::size_t match_end = at;
    std::size_t i = at;
    for (; upper(i); ++i) {
      if (lower(i)) match_end = i + 1;
    }
    if (!lower(i)) return match_end;
    while (lower(i)) ++i;
    return i;
  }

  std::size_t word(std::size_t at) const {
    if (!like.cased) return prefixed_word(span, at, kWordOrNumber, like.word);
    const bool prefix = span.is_other(at, kWordOrNumber) && !span.is_newline(at);
    const std::size_t start = prefix ? at + 1 : at;
    std::size_t to = mixed(start);
    if (to != start) return to;
    if (prefix && (to = mixed(at)) != at) return to;
    // U+W*, reached only when no W follows: U+ alone.
    for (to = start; upper(to);) ++to;
    return to == start ? at : to;
  }

  std::size_t operator()(std::size_t at) const {
    std::size_t to = word(at);
    if (to != at) return like.contractions ? contraction(span, to, true) : to;
    if ((to = number(span, at, like.max_digits)) != at) return to;
    if ((to = spaced_other(span, at, kWordOrNumber)) != at)
      return skip_newlines_and_slashes(span, to);
    to = spaces_to_newline(span, at);
    return to == at ? spaces(span, at) : to;
  }
};

template <CasedLike like>
void cut_like(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, CasedMatcher<like>{span});
}

}  // namespace

void cut_tekken(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like<CasedLike{.contractions = false, .max_digits = 1}>(text, begin, end, ends);
}

void cut_gpt4o(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like<CasedLike{}>(text, begin, end, ends);
}

void cut_granite_multi(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like<CasedLike{.word = kWord}>(text, begin, end, ends);
}

void cut_tiny_aya(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like<CasedLike{.word = kWord, .cased = false}>(text, begin, end, ends);
}

void cut_youtu(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like<CasedLike{.word = kWord, .cased = false, .max_digits = 1}>(text, begin, end, ends);
}

}  // namespace hearth::text
