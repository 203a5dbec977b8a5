// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "sample/candidates_internal.h"
#include "sample/numeric_internal.h"

namespace hearth::sample {

void select_top(std::span<const float> logits, const TokenMask* mask, std::size_t k,
                std::vector<Candidate>& out) {
  out.clear();
  if (k == 0) return;
  const std::size_t room = std::max<std::size_t>(2 * std::min(k, logits.size()), 256);
  const auto kth = static_cast<std::ptrdiff_t>(k) - 1;
  // Ids rise during the pass, so a later token that equals the k-th best loses to it: > is exact.
  float threshold = kDead;
  for_each_live(logits, mask, [&](std::int32_t id, float logit) {
    if (!(logit > threshold)) return;
    out.push_back({logit, id});
    if (out.size() == room && room > k) {
      std::nth_element(out.begin(), out.begin() + kth, out.end(), better);
      out.resize(k);
      threshold = out.back().logit;
    }
  });
  if (out.size() > k) {
    std::nth_element(out.begin(), out.begin() + kth, out.end(), better);
    out.resize(k);
  }
  std::sort(out.begin(), out.end(), better);
}

void Candidates::reset(std::span<const float> logits, const TokenMask* mask) {
  logits_ = logits;
  mask_ = mask;
  listed_ = false;
  copied_ = false;
  sorted_ = 0;
  list_.clear();
}

void Candidates::begin_edits() {
  if (!listed_) {
    if (copied_) return;
    copy_.assign(logits_.begin(), logits_.end());
    logits_ = copy_;
    copied_ = true;
    return;
  }
  slot_.resize(logits_.size());
  for (std::size_t i = 0; i < list_.size(); ++i) {
    slot_[static_cast<std::size_t>(list_[i].id)] = static_cast<std::uint32_t>(i);
  }
}

float* Candidates::find(std::int32_t id) {
  const auto i = static_cast<std::size_t>(id);
  DCHECK(i < logits_.size());
  if (!listed_) return &copy_[i];
  const std::size_t slot = slot_[i];
  return slot < list_.size() && list_[slot].id == id ? &list_[slot].logit : nullptr;
}

void Candidates::end_edits() {
  if (!listed_) return;
  // Whatever fell to -infinity leaves; the order may have changed, so the list goes back to ids.
  std::erase_if(list_, [](const Candidate& c) { return c.logit == kDead; });
  std::sort(list_.begin(), list_.end(),
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  sorted_ = 0;
}

void Candidates::make_list() {
  list_.clear();
  for_each_live(logits_, mask_,
                [&](std::int32_t id, float logit) { list_.push_back({logit, id}); });
  listed_ = true;
  sorted_ = 0;
}

std::span<const Candidate> Candidates::list() {
  if (!listed_) make_list();
  return list_;
}

bool Candidates::empty() {
  if (listed_) return list_.empty();
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    const bool allowed = mask_ == nullptr || mask_->allows(static_cast<std::int32_t>(i));
    if (allowed && logits_[i] != kDead) return false;
  }
  return true;
}

Candidate Candidates::best() {
  if (listed_ && sorted_ > 0) return list_.front();
  Candidate found{kDead, -1};
  if (listed_) {
    CHECK(!list_.empty());
    found = list_.front();
    for (const Candidate& c : list_) {
      if (better(c, found)) found = c;
    }
    return found;
  }
  for_each_live(logits_, mask_, [&](std::int32_t id, float logit) {
    if (logit > found.logit) found = {logit, id};
  });
  CHECK(found.id >= 0);
  return found;
}

const Candidate& Candidates::ranked(std::size_t i) {
  list();
  if (i >= sorted_) {
    const std::size_t want =
        std::min(list_.size(), std::max<std::size_t>({64, i + 1, 4 * sorted_}));
    grow_sorted_prefix(list_, sorted_, want, better);
    sorted_ = want;
  }
  return list_[i];
}

void Candidates::keep_first(std::size_t n) {
  list();
  DCHECK(n <= sorted_ || n == list_.size());
  list_.resize(n);
  sorted_ = std::min(sorted_, n);
}

void Candidates::sort() {
  list();
  grow_sorted_prefix(list_, sorted_, list_.size(), better);
  sorted_ = list_.size();
}

void Candidates::keep_top(std::size_t k) {
  if (!listed_) {
    select_top(logits_, mask_, k, list_);
    listed_ = true;
    sorted_ = list_.size();
    return;
  }
  k = std::min(k, list_.size());
  if (sorted_ < k) {
    grow_sorted_prefix(list_, sorted_, k, better);
    sorted_ = k;
  }
  keep_first(k);
}

void Candidates::keep_from(double floor, std::size_t min_keep) {
  if (min_keep > 1) {
    std::size_t n = 0;
    for (const Candidate& c : list()) n += c.logit >= floor ? 1 : 0;
    if (n < min_keep) return keep_top(min_keep);
  }
  if (listed_) return keep_if([&](std::size_t, const Candidate& c) { return c.logit >= floor; });
  for_each_live(logits_, mask_, [&](std::int32_t id, float logit) {
    if (logit >= floor) list_.push_back({logit, id});
  });
  listed_ = true;
  sorted_ = 0;
}

double Candidates::weigh() {
  list();
  weights_.resize(list_.size());
  if (list_.empty()) return 0;
  const double top = best().logit;
  // Two loops: the first becomes vector code, the second keeps one order of summation.
  for (std::size_t i = 0; i < list_.size(); ++i) weights_[i] = weight_of(list_[i].logit - top);
  double total = 0;
  for (const double weight : weights_) total += weight;
  return total;
}

}  // namespace hearth::sample
