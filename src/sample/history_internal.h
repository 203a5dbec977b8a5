// SPDX-License-Identifier: Apache-2.0
//
// What a request remembers from step to step: its tokens, how often each occurs in the penalty
// window, and the running values of mirostat and adaptive-p. push() and pop() are exact inverses,
// which is what makes roll back exact. A plain value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"

namespace hearth::sample {

// A map from token to a count with a dense index: constant time, no allocation once warm, and its
// entries lie together. Their order carries no meaning.
class TokenCounts {
 public:
  struct Entry {
    std::int32_t token;
    std::int32_t count;
  };

  void start(std::size_t vocab_size) {
    slot_.assign(vocab_size, 0);
    entries_.clear();
  }
  bool started() const { return !slot_.empty(); }
  std::span<const Entry> entries() const { return entries_; }
  void clear() { entries_.clear(); }

  // The count of a token, entered as 0 if it was absent.
  std::int32_t& operator[](std::int32_t token) {
    std::uint32_t& slot = slot_[static_cast<std::size_t>(token)];
    if (slot >= entries_.size() || entries_[slot].token != token) {
      slot = static_cast<std::uint32_t>(entries_.size());
      entries_.push_back({token, 0});
    }
    return entries_[slot].count;
  }
  void decrement(std::int32_t token) {
    std::int32_t& count = (*this)[token];
    CHECK(count > 0);
    if (--count > 0) return;
    const std::uint32_t slot = slot_[static_cast<std::size_t>(token)];
    entries_[slot] = entries_.back();
    slot_[static_cast<std::size_t>(entries_[slot].token)] = slot;
    entries_.pop_back();
  }

 private:
  std::vector<std::uint32_t> slot_;  // trusted only if the entry there names the token
  std::vector<Entry> entries_;
};

// The values that one choice feeds into the next.
struct Feedback {
  double mirostat_mu = 0;
  double adaptive_sum = 0;     // of past probabilities, decayed
  double adaptive_weight = 0;  // of ones, decayed
  bool operator==(const Feedback&) const = default;
};

class History {
 public:
  static constexpr std::size_t kEverything = static_cast<std::size_t>(-1);

  // window: how many tokens the penalties look back; 0 keeps no counts. keep_feedback: whether
  // feedback changes, and so must be restored.
  void start(std::size_t vocab_size, std::size_t window, Feedback feedback, bool keep_feedback) {
    window_ = window;
    feedback_ = feedback;
    keep_feedback_ = keep_feedback;
    if (window_ > 0) counts_.start(vocab_size);
  }

  void push_prompt(std::int32_t token) {
    CHECK(n_generated_ == 0);
    push_token(token);
  }
  void push(std::int32_t token, const Feedback& next) {
    push_token(token);
    ++n_generated_;
    if (keep_feedback_) {
      past_feedback_.push_back(feedback_);
      feedback_ = next;
    }
  }
  void pop() {
    CHECK(n_generated_ > 0);
    --n_generated_;
    if (keep_feedback_) {
      feedback_ = past_feedback_.back();
      past_feedback_.pop_back();
    }
    const std::int32_t token = tokens_.back();
    tokens_.pop_back();
    if (window_ == 0) return;
    counts_.decrement(token);
    if (tokens_.size() >= window_) ++counts_[tokens_[tokens_.size() - window_]];
  }

  std::span<const std::int32_t> tokens() const { return tokens_; }
  std::span<const TokenCounts::Entry> counts() const { return counts_.entries(); }
  std::size_t n_generated() const { return n_generated_; }
  const Feedback& feedback() const { return feedback_; }

 private:
  void push_token(std::int32_t token) {
    if (window_ > 0) {
      if (tokens_.size() >= window_) counts_.decrement(tokens_[tokens_.size() - window_]);
      ++counts_[token];
    }
    tokens_.push_back(token);
  }

  std::vector<std::int32_t> tokens_;
  std::size_t n_generated_ = 0;
  std::size_t window_ = 0;
  TokenCounts counts_;
  Feedback feedback_;
  bool keep_feedback_ = false;
  std::vector<Feedback> past_feedback_;  // before each generated token
};

}  // namespace hearth::sample
