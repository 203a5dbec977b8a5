// SPDX-License-Identifier: Apache-2.0
//
// DeepSeek's expressions and those of its relatives, which single out scripts before words.
//
// llama.cpp turns white space outside ASCII into a vertical tab before it matches ranges, so a
// range never takes in such a rune even where it spans it.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pieces.h"
#include "text/pretokenize/rune_ranges.h"

namespace hearth::text {
namespace {

constexpr auto kPunctuationOrSymbol = static_cast<std::uint8_t>(kPunctuation | kSymbol);

constexpr RuneRange kCjk3[] = {{0x3040, 0x30FF}, {0x4E00, 0x9FA5}};
constexpr RuneRange kCjk[] = {{0x0800, 0x9FA5}, {0xAC00, 0xD7FF}};
constexpr RuneRange kPunctuationRanges[] = {
    {0x21, 0x2F},     {0x3A, 0x7E},     {0x2018, 0x201F},
    {0x3000, 0x3002}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E},
};
constexpr RuneRange kHangul[] = {{0x3131, 0x318E}, {0xAC00, 0xD7A3}};
constexpr RuneRange kEastPunctuation[] = {
    {0x2014, 0x2014}, {0x2018, 0x2019}, {0x201C, 0x201D}, {0x2026, 0x2026}, {0x3001, 0x303F},
    {0xFE30, 0xFE4F}, {0xFF01, 0xFF01}, {0xFF0C, 0xFF0C}, {0xFF1A, 0xFF1B},
};
constexpr RuneRange kBopomofo[] = {{0x3105, 0x312F}};
constexpr RuneRange kAfmoe[] = {
    {0x0E40, 0x0EFF}, {0x1000, 0x109F}, {0x1100, 0x11FF}, {0x1780, 0x17FF}, {0x2F00, 0x2FDF},
    {0x3040, 0x30FF}, {0x3400, 0x4DBF}, {0x4E00, 0xFAFF}, {0xFF65, 0xFF9F},
};

std::size_t range_run(const Span& span, std::size_t at, std::span<const RuneRange> ranges) {
  while (at < span.end && in_ranges(ranges, span.runes[at]) &&
         !(span.runes[at] >= 0x80 && span.is(at, kWhiteSpace)))
    ++at;
  return at;
}

void cut_ranges(const RuneText& text, std::size_t begin, std::size_t end,
                std::span<const RuneRange> ranges, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return range_run(span, at, ranges); });
}

// \s?X+, where run(at) is the end of X+.
template <class Run>
std::size_t after_space(const Span& span, std::size_t at, Run run) {
  const std::size_t start = span.is(at, kWhiteSpace) ? at + 1 : at;
  const std::size_t to = run(start);
  return to == start ? at : to;
}

bool is_ascii_letter(char32_t rune) {
  return (rune >= 'A' && rune <= 'Z') || (rune >= 'a' && rune <= 'z');
}

// [!-~ without letters and digits][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+
std::size_t match_deepseek3(const Span& span, std::size_t at, bool newlines_after) {
  std::size_t to = at;
  if (span.rune(at) < 0x80 && span.is(at, kPunctuationOrSymbol) &&
      is_ascii_letter(span.rune(at + 1))) {
    for (to = at + 1; is_ascii_letter(span.rune(to));) ++to;
    return to;
  }
  to = prefixed_word(span, at, static_cast<std::uint8_t>(kLetter | kPunctuationOrSymbol), kWord);
  if (to != at) return to;
  to = spaced_run(span, at, kPunctuationOrSymbol);
  return to != at && newlines_after ? skip_newlines(span, to) : to;
}

}  // namespace

void cut_deepseek3(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    std::size_t to = match_deepseek3(span, at, true);
    if (to == at) to = spaces_to_newline(span, at);
    return to == at ? spaces(span, at) : to;
  });
}

void cut_spark(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    const std::size_t to = match_deepseek3(span, at, false);
    if (to != at) return to;
    return span.is_newline(at) ? at + 1 : spaces(span, at);
  });
}

void cut_deepseek3_cjk(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_ranges(text, begin, end, kCjk3, ends);
}

void cut_deepseek_cjk(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_ranges(text, begin, end, kCjk, ends);
}

void cut_afmoe_scripts(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_ranges(text, begin, end, kAfmoe, ends);
}

void cut_deepseek_letters(const RuneText& text, std::size_t begin, std::size_t end,
                          WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    return after_space(span, at,
                       [&](std::size_t i) { return range_run(span, i, deepseek_letters()); });
  });
}

void cut_deepseek_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                              WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    return after_space(span, at,
                       [&](std::size_t i) { return range_run(span, i, kPunctuationRanges); });
  });
}

void cut_deepseek_coder_letters(const RuneText& text, std::size_t begin, std::size_t end,
                                WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    return after_space(span, at, [&](std::size_t i) { return span.run(i, kLetter); });
  });
}

void cut_deepseek_coder_punctuation(const RuneText& text, std::size_t begin, std::size_t end,
                                    WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    return after_space(span, at, [&](std::size_t i) { return span.run(i, kPunctuation); });
  });
}

void cut_youtu_scripts(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    for (const std::span<const RuneRange> ranges :
         {std::span<const RuneRange>(kHangul), std::span<const RuneRange>(kEastPunctuation),
          std::span<const RuneRange>(kBopomofo), std::span<const RuneRange>(kCjk3)}) {
      if (const std::size_t to = range_run(span, at, ranges); to != at) return to;
    }
    return at;
  });
}

}  // namespace hearth::text
