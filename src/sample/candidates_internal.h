// SPDX-License-Identifier: Apache-2.0
//
// The tokens still in the running during one step, and what the samplers may do to them.
//
// It begins dense: the caller's logits, by id, copied only when somebody edits one. The first
// truncation makes it a list of live tokens, so that the usual chain never builds 150 000 pairs.
// A token that the mask forbids or whose logit is -infinity is not a candidate at all.
//
// Between samplers the list is canonical: in order of id, or best first (higher logit, then lower
// id). Sums over it therefore have one defined order, whatever the standard library's selection
// does. Buffers live as long as the object; one thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sample/logprobs.h"
#include "sample/token_mask.h"

namespace hearth::sample {

struct Candidate {
  float logit;
  std::int32_t id;
};

inline bool better(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

inline constexpr float kDead = -std::numeric_limits<float>::infinity();

// Calls f(id, logit) for every live token in order of id.
template <class F>
void for_each_live(std::span<const float> logits, const TokenMask* mask, F&& f) {
  if (mask == nullptr) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] != kDead) f(static_cast<std::int32_t>(i), logits[i]);
    }
    return;
  }
  const std::span<const std::uint64_t> words = mask->words();
  for (std::size_t w = 0; w < words.size(); ++w) {
    for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
      const std::size_t i = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      if (logits[i] != kDead) f(static_cast<std::int32_t>(i), logits[i]);
    }
  }
}

// Orders items so that the first `want` are the least by `less`, sorted; the first `sorted` already
// are.
template <class T, class Less>
void grow_sorted_prefix(std::vector<T>& items, std::size_t sorted, std::size_t want, Less less) {
  const auto at = [&](std::size_t i) { return items.begin() + static_cast<std::ptrdiff_t>(i); };
  if (want < items.size()) std::nth_element(at(sorted), at(want), items.end(), less);
  std::sort(at(sorted), at(want), less);
}

// Writes the k best live tokens to out, best first: one pass with a rising threshold, no full sort.
void select_top(std::span<const float> logits, const TokenMask* mask, std::size_t k,
                std::vector<Candidate>& out);

// read_logprobs() of logprobs.h with a buffer to reuse.
float read_logprobs(std::span<const float> logits, std::int32_t id, std::size_t n_top,
                    std::vector<TokenLogprob>& top, std::vector<Candidate>& best);

class Candidates {
 public:
  void reset(std::span<const float> logits, const TokenMask* mask);

  // Edits. find() is null when the token is no candidate; the pointer is valid until the next call
  // of anything else. Bracket a run of them with begin_edits() and end_edits().
  void begin_edits();
  float* find(std::int32_t id);
  void end_edits();

  // The live tokens as a list (made now if need be), for reading and for whole-list changes.
  std::span<const Candidate> list();
  std::size_t size() { return list().size(); }
  bool empty();
  Candidate best();  // must not be empty

  // The i-th best, i < size(). Sorts no further than needed, leaving the rest in no defined order:
  // the sampler that calls this ends with keep_first() of what it has ranked, or sort().
  const Candidate& ranked(std::size_t i);
  void keep_first(std::size_t n);
  void sort();

  void keep_top(std::size_t k);  // the k best, best first
  // Keeps tokens whose logit is >= floor, and the min_keep best in any case.
  void keep_from(double floor, std::size_t min_keep);
  // Keeps what keep(index, candidate) says; order stays.
  template <class Keep>
  void keep_if(Keep&& keep) {
    list();
    const bool was_sorted = sorted_ == list_.size();
    std::size_t n = 0;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (keep(i, list_[i])) list_[n++] = list_[i];
    }
    list_.resize(n);
    sorted_ = was_sorted ? n : 0;
  }
  // Replaces every logit by f(index, candidate); monotone says that the order of logits survives.
  template <class F>
  void transform(bool monotone, F&& f) {
    list();
    for (std::size_t i = 0; i < list_.size(); ++i) list_[i].logit = f(i, list_[i]);
    if (!monotone) sorted_ = 0;
  }

  // exp(logit - best) of every candidate in list order, in weights(); returns their sum. The
  // weights stand until the list changes or is ranked.
  double weigh();
  std::span<const double> weights() const { return weights_; }

 private:
  void make_list();

  std::span<const float> logits_;
  const TokenMask* mask_ = nullptr;
  bool listed_ = false;
  bool copied_ = false;
  std::size_t sorted_ = 0;  // how many at the front of list_ are its best, in order
  std::vector<float> copy_;
  std::vector<Candidate> list_;
  std::vector<double> weights_;
  std::vector<std::uint32_t> slot_;  // id to list position, checked against the list on use
};

}  // namespace hearth::sample
