// SPDX-License-Identifier: Apache-2.0
//
// The main expressions of model families: words with what may precede them, numbers, punctuation
// and white space.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pieces.h"
#include "text/pretokenize/rune_ranges.h"

namespace hearth::text {
namespace {

// What the relatives of llama-bpe differ in.
struct LlamaLike {
  bool contractions = true;
  std::uint8_t word = kLetter;
  std::size_t max_digits = 1;
};

// The tail that nearly all share: \s*[\r\n]+|\s+(?!\S)|\s+
std::size_t match_spaces(const Span& span, std::size_t at) {
  const std::size_t to = spaces_to_newline(span, at);
  return to == at ? spaces(span, at) : to;
}

template <LlamaLike like>
std::size_t match_until_spaces(const Span& span, std::size_t at) {
  std::size_t to = like.contractions ? contraction(span, at, true) : at;
  if (to == at) to = prefixed_word(span, at, kWordOrNumber, like.word);
  if (to == at) to = number(span, at, like.max_digits);
  if (to != at) return to;
  to = spaced_other(span, at, static_cast<std::uint8_t>(like.word | kNumber));
  return to == at ? at : skip_newlines(span, to);
}

template <LlamaLike like>
void cut_like_llama(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    const std::size_t to = match_until_spaces<like>(span, at);
    return to == at ? match_spaces(span, at) : to;
  });
}

// White space in powers of two, as jais-2 wants it: how much of a run of n is taken at once.
std::size_t cascade(std::size_t n, bool word_follows) {
  for (std::size_t size = 512; size >= 4; size /= 2) {
    if (size < n || (size == n && !word_follows)) return size;
  }
  return n > 2 || (n == 2 && !word_follows) ? 2 : 1;
}

// \p{L}\p{M}* with single spaces between: exaone-moe's words are whole phrases.
std::size_t phrase(const Span& span, std::size_t at) {
  while (span.is(at, kLetter)) {
    at = span.run(at + 1, kMark);
    if (span.rune(at) == ' ' && span.is(at + 1, kLetter)) ++at;
  }
  return at;
}

}  // namespace

void cut_gpt2(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    std::size_t to = contraction(span, at, false);
    if (to == at) to = spaced_run(span, at, kLetter);
    if (to == at) to = spaced_run(span, at, kNumber);
    if (to == at) to = spaced_other(span, at, kWordOrNumber);
    return to == at ? spaces_before_space(span, at) : to;
  });
}

void cut_llama3(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like_llama<LlamaLike{.max_digits = 3}>(text, begin, end, ends);
}

void cut_qwen2(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like_llama<LlamaLike{}>(text, begin, end, ends);
}

// Written differently, it cuts the same: \s* reaches the last newline either way.
void cut_bailing(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like_llama<LlamaLike{}>(text, begin, end, ends);
}

void cut_qwen35(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like_llama<LlamaLike{.word = kWord}>(text, begin, end, ends);
}

void cut_ufakzeka(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like_llama<LlamaLike{.contractions = false}>(text, begin, end, ends);
}

void cut_minicpm5(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  cut_like_llama<LlamaLike{.max_digits = kUnlimited}>(text, begin, end, ends);
}

void cut_seed_coder(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    std::size_t to = contraction(span, at, true);
    if (to == at) to = prefixed_word(span, at, kWordOrNumber, kLetter);
    if (to == at) to = number(span, at, 1);
    if (to == at) to = spaced_other(span, at, kWordOrNumber);
    return to == at ? match_spaces(span, at) : to;
  });
}

void cut_jais2(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  std::size_t plain_run_end = 0;  // white space up to here holds no newline: look at it only once
  isolate(span, begin, ends, [&](std::size_t at) {
    std::size_t to = match_until_spaces<LlamaLike{.max_digits = 3}>(span, at);
    if (to != at || !span.is(at, kWhiteSpace)) return to;
    if (at >= plain_run_end) {
      if ((to = spaces_to_newline(span, at)) != at) return to;
      plain_run_end = span.run(at, kWhiteSpace);
    }
    return at + cascade(plain_run_end - at, plain_run_end < end);
  });
}

void cut_exaone_moe(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) {
    std::size_t to = contraction(span, at, true);
    if (to != at) return to;
    const bool prefix = span.is_other(at, kWordOrNumber) && !span.is_newline(at);
    const std::size_t word = prefix ? at + 1 : at;
    if ((to = phrase(span, word)) != word) return to;
    if ((to = number(span, at, 1)) != at) return to;
    if ((to = spaced_other(span, at, kWordOrNumber)) != at)
      return span.is_newline(to) || span.rune(to) == '/' ? to + 1 : to;
    return match_spaces(span, at);
  });
}

void cut_kimi_k2(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  const auto word_rune = [&](std::size_t i) {
    return span.is(i, kLetter) && !is_han(span.rune(i));
  };
  isolate(span, begin, ends, [&](std::size_t at) {
    std::size_t to = at;
    while (is_han(span.rune(to))) ++to;
    if (to != at) return to;
    const bool prefix = span.is_other(at, kWordOrNumber) && !span.is_newline(at);
    const std::size_t word = prefix ? at + 1 : at;
    to = word;
    while (word_rune(to)) ++to;
    if (to != word) return contraction(span, to, true);
    if ((to = number(span, at, 3)) != at) return to;
    if ((to = spaced_other(span, at, kWordOrNumber)) != at) return skip_newlines(span, to);
    return match_spaces(span, at);
  });
}

}  // namespace hearth::text
