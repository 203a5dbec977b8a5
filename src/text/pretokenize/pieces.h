// SPDX-License-Identifier: Apache-2.0
//
// The building blocks of pre-tokenizers: each function is one alternative of a published
// expression. Given a position it returns the end of its match there, or that same position when it
// does not match; an expression's alternatives are tried in their order. Only the span's own runes
// are seen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "text/pretokenize/pretokenizer.h"
#include "text/unicode.h"

namespace hearth::text {

inline constexpr std::uint8_t kWord = kLetter | kMark;
inline constexpr std::uint8_t kWordOrNumber = kLetter | kNumber;
inline constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

// A window on a text. Beyond it there is no rune and the class is kOutside.
struct Span {
  const char32_t* runes;
  const std::uint8_t* classes;
  std::size_t end;

  Span(const RuneText& text, std::size_t end_at)
      : runes(text.runes()), classes(text.classes()), end(end_at) {}

  static constexpr char32_t kNoRune = 0xFFFFFFFF;
  char32_t rune(std::size_t at) const { return at < end ? runes[at] : kNoRune; }
  std::uint8_t class_of(std::size_t at) const { return at < end ? classes[at] : kOutside; }
  bool is(std::size_t at, std::uint8_t mask) const { return (class_of(at) & mask) != 0; }
  // A rune of none of the classes; false beyond the end.
  bool is_other(std::size_t at, std::uint8_t mask) const {
    return !is(at, static_cast<std::uint8_t>(mask | kOutside));
  }
  bool is_newline(std::size_t at) const { return rune(at) == '\n' || rune(at) == '\r'; }

  std::size_t run(std::size_t at, std::uint8_t mask) const {
    while (is(at, mask)) ++at;
    return at;
  }
  std::size_t run_other(std::size_t at, std::uint8_t mask) const {
    while (is_other(at, mask)) ++at;
    return at;
  }
};

// Cuts [begin, span.end) into the matches of match(position) and what lies between them.
template <class Match>
void isolate(const Span& span, std::size_t begin, WordEnds& ends, Match match) {
  std::size_t gap = begin;
  for (std::size_t at = begin; at < span.end;) {
    const std::size_t match_end = match(at);
    if (match_end == at) {
      ++at;
      continue;
    }
    if (gap < at) ends.push_back(at);
    ends.push_back(match_end);
    at = gap = match_end;
  }
  if (gap < span.end) ends.push_back(span.end);
}

// 's|'t|'re|'ve|'m|'ll|'d, in lower case or in any.
inline std::size_t contraction(const Span& span, std::size_t at, bool any_case) {
  if (span.rune(at) != '\'') return at;
  const auto letter = [&](std::size_t i) {
    const char32_t rune = span.rune(i);
    return any_case && rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  };
  const char32_t first = letter(at + 1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  const char32_t second = letter(at + 2);
  const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                   (first == 'l' && second == 'l');
  return two ? at + 3 : at;
}

// [^\r\n EXCLUDED]?[WORD]+
inline std::size_t prefixed_word(const Span& span, std::size_t at, std::uint8_t excluded,
                                 std::uint8_t word) {
  const bool prefix = span.is_other(at, excluded) && !span.is_newline(at);
  if (prefix && span.is(at + 1, word)) return span.run(at + 1, word);
  return span.run(at, word);
}

// \p{N}{1,limit}
inline std::size_t number(const Span& span, std::size_t at, std::size_t limit) {
  const std::size_t start = at;
  while (at - start < limit && span.is(at, kNumber)) ++at;
  return at;
}

inline std::size_t skip_newlines(const Span& span, std::size_t at) {
  while (span.is_newline(at)) ++at;
  return at;
}

inline std::size_t skip_newlines_and_slashes(const Span& span, std::size_t at) {
  while (span.is_newline(at) || span.rune(at) == '/') ++at;
  return at;
}

//  ?[CLASSES]+
inline std::size_t spaced_run(const Span& span, std::size_t at, std::uint8_t classes) {
  const std::size_t start = span.rune(at) == ' ' ? at + 1 : at;
  const std::size_t run_end = span.run(start, classes);
  return run_end == start ? at : run_end;
}

//  ?[^\s EXCLUDED]+
inline std::size_t spaced_other(const Span& span, std::size_t at, std::uint8_t excluded) {
  const auto mask = static_cast<std::uint8_t>(excluded | kWhiteSpace);
  const std::size_t start = span.rune(at) == ' ' ? at + 1 : at;
  const std::size_t run_end = span.run_other(start, mask);
  return run_end == start ? at : run_end;
}

// \s*[\r\n]+ (and \s*[\r\n], which matches the same): up to the last newline of the white space.
inline std::size_t spaces_to_newline(const Span& span, std::size_t at) {
  std::size_t match_end = at;
  for (std::size_t i = at; span.is(i, kWhiteSpace); ++i) {
    if (span.is_newline(i)) match_end = i + 1;
  }
  return match_end;
}

// \s+(?!\S): white space, but not its last rune when a word follows.
inline std::size_t spaces_before_space(const Span& span, std::size_t at) {
  const std::size_t run_end = span.run(at, kWhiteSpace);
  return run_end == span.end || run_end == at ? run_end : run_end - 1;
}

// \s+(?!\S)|\s+
inline std::size_t spaces(const Span& span, std::size_t at) {
  const std::size_t most = spaces_before_space(span, at);
  return most > at ? most : span.run(at, kWhiteSpace);
}

}  // namespace hearth::text
