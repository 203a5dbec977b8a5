// SPDX-License-Identifier: Apache-2.0
#include "model/expert_product.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/packed.h"

namespace hearth::model {
namespace {

using kernels::ActivationForm;

constexpr std::size_t kItemRows = 64;  // outputs of one item of the queue
constexpr std::size_t kAlignment = 64;

Result<void> grow(PageMemory& memory, std::size_t bytes) {
  if (memory.size() < bytes) memory = TRY(PageMemory::allocate(bytes));
  return {};
}

template <class T>
T* as(const PageMemory& memory) {
  return reinterpret_cast<T*>(memory.data());
}

}  // namespace

void ExpertSlots::sort(std::span<const std::uint32_t> expert_of, std::size_t n_used,
                       std::size_t n_experts) {
  n_used_ = n_used;
  begin_.assign(n_experts + 1, 0);
  for (const std::uint32_t expert : expert_of) ++begin_[expert + 1];
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  slot_at_.resize(expert_of.size());
  place_of_.resize(expert_of.size());
  std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
  for (std::uint32_t slot = 0; slot < expert_of.size(); ++slot) {
    const std::uint32_t place = next[expert_of[slot]]++;
    slot_at_[place] = slot;
    place_of_[slot] = place;
  }
  by_size_.clear();
  for (std::uint32_t e = 0; e < n_experts; ++e)
    if (begin_[e + 1] > begin_[e]) by_size_.push_back(e);
  std::stable_sort(by_size_.begin(), by_size_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return begin_[a + 1] - begin_[a] > begin_[b + 1] - begin_[b];
  });
}

Result<void> ExpertProduct::make_room(std::size_t n_slots, std::size_t k, ActivationForm form) {
  form_ = form;
  k_ = k;
  if (form == ActivationForm::f32) return grow(gathered_, n_slots * k * sizeof(float));
  const std::size_t group = form == ActivationForm::q8_32 ? 32 : 256;
  scale_stride_ = (k + group - 1) / group;
  q_stride_ = (scale_stride_ * group + kAlignment - 1) / kAlignment * kAlignment;
  sum_stride_ = q_stride_ / 16;
  TRY(grow(q_, n_slots * q_stride_));
  TRY(grow(scales_, n_slots * scale_stride_ * sizeof(float)));
  TRY(grow(sums_, n_slots * sum_stride_ * sizeof(std::int16_t)));
  if (kernels_.block_activations != nullptr)
    TRY(grow(blocked_, kernels::blocked_bytes(k, n_slots)));
  return {};
}

// The inputs of an expert: those of its places, which follow one another.
kernels::QuantizedActivations ExpertProduct::inputs_of(const ExpertSlots& slots,
                                                       std::size_t expert) const {
  const std::size_t begin = slots.begin(expert), n = slots.begin(expert + 1) - begin;
  const bool is_blocked = kernels::wants_blocked(kernels_, n);
  return {as<std::int8_t>(q_) + begin * q_stride_,
          as<float>(scales_) + begin * scale_stride_,
          as<std::int16_t>(sums_) + begin * sum_stride_,
          q_stride_,
          scale_stride_,
          sum_stride_,
          is_blocked ? blocked_.data() + kernels::blocked_bytes(k_, begin) : nullptr};
}

void ExpertProduct::prepare_inputs(const ExpertWeights& weights, const ExpertSlots& slots,
                                   ExpertInput input, const float* x, ThreadPool& pool) {
  const std::size_t k = weights.k;
  const auto row = [&](std::size_t place) {
    return x + (input == ExpertInput::by_token ? slots.token_at(place) : place) * k;
  };
  if (form_ == ActivationForm::f32) {
    for_each_item(pool, slots.size(), 8, [&](std::size_t place, unsigned) {
      std::copy_n(row(place), k, as<float>(gathered_) + place * k);
    });
    return;
  }
  const auto quantize =
      form_ == ActivationForm::q8_32 ? kernels_.quantize_q8_32 : kernels_.quantize_q8_256;
  // A token is quantised for the first of its slots and copied to the others.
  const std::size_t copies = input == ExpertInput::by_token ? slots.n_used() : 1;
  for_each_item(pool, slots.size() / copies, 4, [&](std::size_t i, unsigned) {
    const std::size_t first = input == ExpertInput::by_token ? slots.place_of(i, 0) : i;
    std::int8_t* q = as<std::int8_t>(q_);
    float* scales = as<float>(scales_);
    std::int16_t* sums = as<std::int16_t>(sums_);
    quantize(row(first), k, q + first * q_stride_, scales + first * scale_stride_,
             sums + first * sum_stride_);
    for (std::size_t c = 1; c < copies; ++c) {
      const std::size_t place = slots.place_of(i, c);
      std::copy_n(q + first * q_stride_, q_stride_, q + place * q_stride_);
      std::copy_n(scales + first * scale_stride_, scale_stride_, scales + place * scale_stride_);
      std::copy_n(sums + first * sum_stride_, sum_stride_, sums + place * sum_stride_);
    }
  });
  if (kernels_.block_activations == nullptr) return;
  for_each_item(pool, slots.by_size().size(), 1, [&](std::size_t i, unsigned) {
    const std::size_t expert = slots.by_size()[i];
    const kernels::QuantizedActivations inputs = inputs_of(slots, expert);
    if (inputs.blocked == nullptr) return;
    const std::size_t n = slots.begin(expert + 1) - slots.begin(expert);
    kernels_.block_activations(inputs, form_, k, n, 0, n, const_cast<void*>(inputs.blocked));
  });
}

Result<void> ExpertProduct::run(const ExpertWeights& weights, const ExpertSlots& slots,
                                ExpertInput input, const float* x, ThreadPool& pool, float* out) {
  if (slots.size() == 0) return {};
  TRY(make_room(slots.size(), weights.k, kernels::activation_form(weights.type)));
  prepare_inputs(weights, slots, input, x, pool);

  const auto matmul = kernels_.matmul[static_cast<std::size_t>(weights.type)];
  const std::size_t items_each = (weights.n_rows + kItemRows - 1) / kItemRows;
  for_each_item(pool, slots.by_size().size() * items_each, 1, [&](std::size_t item, unsigned) {
    const std::size_t expert = slots.by_size()[item / items_each];
    const std::size_t begin = slots.begin(expert);
    kernels::MatmulArgs args{};
    args.weights = static_cast<const std::byte*>(weights.weights) + expert * weights.expert_bytes;
    args.row_bytes = weights.row_bytes;
    args.k = weights.k;
    args.row_begin = item % items_each * kItemRows;
    args.row_end = std::min(weights.n_rows, args.row_begin + kItemRows);
    args.n_tokens = slots.begin(expert + 1) - begin;
    if (form_ == ActivationForm::f32) {
      args.x = as<float>(gathered_) + begin * weights.k;
      args.x_stride = weights.k;
    } else {
      args.quantized = inputs_of(slots, expert);
    }
    args.out = out + begin * weights.n_rows;
    args.out_stride = weights.n_rows;
    matmul(args);
  });
  return {};
}

void combine_experts(const ExpertSlots& slots, std::span<const float> weights, const float* rows,
                     std::size_t n, ThreadPool& pool, float* out) {
  for_each_item(pool, slots.size() / slots.n_used(), 4, [&](std::size_t token, unsigned) {
    float* to = out + token * n;
    std::fill_n(to, n, 0.0f);
    for (std::size_t i = 0; i < slots.n_used(); ++i) {
      const float weight = weights[token * slots.n_used() + i];
      const float* from = rows + slots.place_of(token, i) * n;
      for (std::size_t j = 0; j < n; ++j) to[j] = std::fma(weight, from[j], to[j]);
    }
  });
}

}  // namespace hearth::model
