// SPDX-License-Identifier: Apache-2.0
//
// Cuts that single out one kind of run: digits, punctuation, newlines.
#include <string_view>

#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pieces.h"
#include "text/pretokenize/rune_ranges.h"

namespace hearth::text {
namespace {

bool is_digit(char32_t rune) {
  return rune >= '0' && rune <= '9';
}

bool is_listed(std::string_view list, char32_t rune) {
  return rune < 0x80 && list.contains(static_cast<char>(rune));
}

bool spells(const Span& span, std::size_t at, std::string_view text) {
  for (const char c : text) {
    if (span.rune(at++) != static_cast<unsigned char>(c)) return false;
  }
  return true;
}

void cut_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                     std::string_view more, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    while (span.is(at, kPunctuation) || is_listed(more, span.rune(at))) ++at;
    return at;
  });
}

void cut_numbers_up_to(const RuneText& text, std::size_t begin, std::size_t end, std::size_t limit,
                       WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return number(span, at, limit); });
}

}  // namespace

void cut_each_number(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_numbers_up_to(text, begin, end, 1, ends);
}

void cut_number_triples(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_numbers_up_to(text, begin, end, 3, ends);
}

void cut_numbers(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_numbers_up_to(text, begin, end, kUnlimited, ends);
}

void cut_ascii_triples(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  const auto digit = [&](std::size_t i) { return is_digit(span.rune(i)); };
  isolate(span, begin, ends, [&](std::size_t at) {
    return digit(at) && digit(at + 1) && digit(at + 2) ? at + 3 : at;
  });
}

// Groups of three counted from a number's end.
void cut_number_groups(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  std::size_t last = begin;
  for (std::size_t at = begin; at < end;) {
    const std::size_t to = span.run(at, kNumber);
    if (to == at) {
      ++at;
      continue;
    }
    const std::size_t first_group = (to - at) % 3;
    for (std::size_t i = at + (first_group == 0 ? 3 : first_group); i <= to; i += 3)
      ends.push_back(i);
    at = last = to;
  }
  if (last < end) ends.push_back(end);
}

// A boundary before every group of three, and none elsewhere.
void cut_ascii_groups(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  for (std::size_t at = begin; at < end;) {
    std::size_t to = at;
    while (is_digit(span.rune(to))) ++to;
    if (to == at) {
      ++at;
      continue;
    }
    for (std::size_t i = at + (to - at) % 3; i < to; i += 3) {
      if (i > begin) ends.push_back(i);
    }
    at = to;
  }
  if (begin < end) ends.push_back(end);
}

void cut_default_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                             WordEnds& ends) {
  cut_punctuation(text, begin, end, "$+<=>^~|", ends);
}

void cut_falcon_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                            WordEnds& ends) {
  cut_punctuation(text, begin, end, "$+<=>^~|`", ends);
}

void cut_each_newline(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return span.is_newline(at) ? at + 1 : at; });
}

void cut_newline_runs(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    const bool newline = span.rune(at) == '\n';
    while (at < end && (span.rune(at) == '\n') == newline) ++at;
    return at;
  });
}

void cut_trailing_spaces(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  std::size_t tail = end;
  while (tail > begin && span.is(tail - 1, kWhiteSpace)) --tail;
  if (tail > begin) ends.push_back(tail);
  if (tail < end) ends.push_back(end);
}

void cut_words_only(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return span.run_other(at, kWhiteSpace); });
}

void cut_bloom(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  constexpr RuneRange kStops[] = {{0x060C, 0x060C}, {0x06D4, 0x06D4}, {0x0964, 0x0964},
                                  {0x2026, 0x2026}, {0x3001, 0x3002}, {0xFF0C, 0xFF0C}};
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    const std::size_t start = span.rune(at) == ' ' ? at + 1 : at;
    std::size_t to = start;
    while (span.is_other(to, kWhiteSpace) && !is_listed("(|.,!?)", span.rune(to)) &&
           !in_ranges(kStops, span.rune(to)))
      ++to;
    return to == start ? at : to;
  });
}

void cut_sentinels(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  constexpr std::string_view kOpening = "<sentinel:";
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    if (!spells(span, at, kOpening)) return at;
    const std::size_t digits = at + kOpening.size();
    std::size_t to = digits;
    while (is_digit(span.rune(to))) ++to;
    return to > digits && span.rune(to) == '>' ? to + 1 : at;
  });
}

void cut_images(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  constexpr std::string_view kOpening = "IMGIMG";
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    if (!spells(span, at, kOpening)) return at;
    const std::size_t letters = at + kOpening.size();
    std::size_t to = letters;
    while (to - letters < 4 && span.rune(to) >= 'A' && span.rune(to) <= 'I') ++to;
    return to > letters && span.rune(to) == 'Z' ? to + 1 : at;
  });
}

void cut_chameleon_spaces(const RuneText& text, std::size_t begin, std::size_t end,
                          WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    if (span.rune(at) == '\t' || span.rune(at) == '\n') return at + 1;
    if (spells(span, at, "    ")) return at + 4;
    return spells(span, at, "  ") ? at + 2 : at;
  });
}

void cut_chameleon_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                               WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    const bool ascii = span.rune(at) < 0x80 && span.is(at, kSymbol);
    return ascii || span.is(at, kPunctuation) ? at + 1 : at;
  });
}

}  // namespace hearth::text
