// SPDX-License-Identifier: Apache-2.0
//
// Cuts that single out one kind of run: digits, punctuation, newlines.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pieces.h"

namespace hearth::text {

void cut_each_number(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return number(span, at, 1); });
}

void cut_numbers(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return number(span, at, kUnlimited); });
}

void cut_default_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                             WordEnds& ends) {
  const Span span(text, end);
  const auto listed = [](char32_t rune) {
    return rune < 0x80 && std::string_view("$+<=>^~|").contains(static_cast<char>(rune));
  };
  isolate(span, begin, ends, [&](std::size_t at) {
    while (span.is(at, kPunctuation) || listed(span.rune(at))) ++at;
    return at;
  });
}

void cut_ascii_triples(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  const auto digit = [&](std::size_t at) { return span.rune(at) >= '0' && span.rune(at) <= '9'; };
  isolate(span, begin, ends, [&](std::size_t at) {
    return digit(at) && digit(at + 1) && digit(at + 2) ? at + 3 : at;
  });
}

}  // namespace hearth::text
