// SPDX-License-Identifier: Apache-2.0
//
// Products of a mixture of experts: each token meets a few of many matrices (Shazeer et al.,
// "Outrageously Large Neural Networks", arXiv:1701.06538). A (token, expert) pair is a slot.
//
// Slots are sorted by expert once a layer, so that an expert's matrix is read once for all tokens
// that chose it; the work of all experts together is one queue of (expert, rows), the largest
// experts first, so that neither a small expert nor the last one leaves threads idle. The numbers
// are those of a product for each token alone (docs/decisions/0002-numbers.md): neither the other
// tokens nor the threads show.
//
// The order of slots within an expert is that of the tokens. One thread calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "model/page_memory.h"

namespace hearth::model {

// Which slots an expert serves. A place is an index in the order of experts: rows of inputs and
// results lie in that order between the products of a layer.
class ExpertSlots {
 public:
  // expert_of[token * n_used + i] < n_experts is the i-th expert of a token.
  void sort(std::span<const std::uint32_t> expert_of, std::size_t n_used, std::size_t n_experts);

  std::size_t size() const { return slot_at_.size(); }
  std::size_t n_used() const { return n_used_; }
  std::size_t n_experts() const { return begin_.size() - 1; }
  // Places begin(e) .. begin(e + 1) - 1 are expert e's.
  std::size_t begin(std::size_t expert) const { return begin_[expert]; }
  std::size_t token_at(std::size_t place) const { return slot_at_[place] / n_used_; }
  std::size_t place_of(std::size_t token, std::size_t i) const {
    return place_of_[token * n_used_ + i];
  }
  // Experts that have slots, those with the most first.
  std::span<const std::uint32_t> by_size() const { return by_size_; }

 private:
  std::size_t n_used_ = 1;
  std::vector<std::uint32_t> begin_ = {0};
  std::vector<std::uint32_t> slot_at_, place_of_, by_size_;
};

// The matrices of all experts, one after the other.
struct ExpertWeights {
  kernels::WeightType type = kernels::WeightType::f32;
  const void* weights = nullptr;  // expert 0, as the table wants it (kernels/packed.h)
  std::size_t expert_bytes = 0;   // from expert to expert
  std::size_t row_bytes = 0;      // of rows as in the file
  std::size_t k = 0, n_rows = 0;
};

// Rows of activations: one for each token, or one for each place.
enum class ExpertInput : std::uint8_t { by_token, by_place };

class ExpertProduct {
 public:
  explicit ExpertProduct(const kernels::Kernels& table) : kernels_(table) {}

  // out[place * n_rows + row] = matrix of the place's expert times its input row. x: [row][k].
  // does_not_fit when there is no memory for the inputs' quantised form.
  Result<void> run(const ExpertWeights& weights, const ExpertSlots& slots, ExpertInput input,
                   const float* x, ThreadPool& pool, float* out);

 private:
  Result<void> make_room(std::size_t n_slots, std::size_t k, kernels::ActivationForm form);
  void prepare_inputs(const ExpertWeights& weights, const ExpertSlots& slots, ExpertInput input,
                      const float* x, ThreadPool& pool);
  kernels::QuantizedActivations inputs_of(const ExpertSlots& slots, std::size_t expert) const;

  const kernels::Kernels& kernels_;
  kernels::ActivationForm form_ = kernels::ActivationForm::f32;
  std::size_t k_ = 0, q_stride_ = 0, scale_stride_ = 0, sum_stride_ = 0;
  PageMemory q_, scales_, sums_, blocked_, gathered_;
};

// out[token] = sum over i, ascending, of weight[token * n_used + i] * rows[place of (token, i)].
void combine_experts(const ExpertSlots& slots, std::span<const float> weights, const float* rows,
                     std::size_t n, ThreadPool& pool, float* out);

}  // namespace hearth::model
