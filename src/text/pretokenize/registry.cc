// SPDX-License-Identifier: Apache-2.0
//
// Every pre-tokenizer that llama.cpp knows by name (src/llama-vocab.cpp, llama_vocab::impl::load), with
// the defaults that go with it. Many names share one list of cuts.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pretokenizer.h"

namespace hearth::text {
namespace {

constexpr Cut kDefault[] = {cut_default_punctuation, cut_gpt2, cut_numbers, cut_ascii_triples};
constexpr Cut kGpt2[] = {cut_gpt2};
constexpr Cut kLlama3[] = {cut_llama3};
constexpr Cut kQwen2[] = {cut_qwen2};
constexpr Cut kStarcoder[] = {cut_each_number, cut_gpt2};

constexpr PreTokenizer kPreTokenizers[] = {
    {.name = "default", .cuts = kDefault},
    {.name = "llama3", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-bpe", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "gpt-2", .cuts = kGpt2},
    {.name = "qwen2", .cuts = kQwen2},
    {.name = "smollm", .cuts = kStarcoder},
};

}  // namespace

std::span<const PreTokenizer> all_pretokenizers() { return kPreTokenizers; }

const PreTokenizer* find_pretokenizer(std::string_view name) {
  if (name.empty()) name = "default";
  for (const PreTokenizer& pre : kPreTokenizers) {
    if (pre.name == name) return &pre;
  }
  return nullptr;
}

void cut_words(const PreTokenizer& pre, const RuneText& text, WordEnds& ends, WordEnds& spare) {
  ends.assign(1, text.size());
  for (const Cut cut : pre.cuts) {
    spare.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      cut(text, begin, end, spare);
      begin = end;
    }
    std::swap(ends, spare);
  }
}

}  // namespace hearth::text
