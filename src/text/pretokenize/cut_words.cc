// SPDX-License-Identifier: Apache-2.0
//
// The main expressions: words with what may precede them, numbers, punctuation, white space.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pieces.h"

namespace hearth::text {
namespace {

// The expression that llama-bpe, qwen2 and their many relatives share.
template <std::size_t max_digits>
std::size_t match_llama(const Span& span, std::size_t at) {
  std::size_t to = contraction(span, at, true);
  if (to == at) to = prefixed_word(span, at, kWordOrNumber, kLetter);
  if (to == at) to = number(span, at, max_digits);
  if (to == at && (to = spaced_other(span, at, kWordOrNumber)) != at) to = skip_newlines(span, to);
  if (to == at) to = spaces_to_newline(span, at);
  return to == at ? spaces(span, at) : to;
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
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return match_llama<3>(span, at); });
}

void cut_qwen2(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends) {
  const Span span(text, end);
  isolate(span, begin, ends, [&](std::size_t at) { return match_llama<1>(span, at); });
}

}  // namespace hearth::text
