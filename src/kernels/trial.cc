// SPDX-License-Identifier: Apache-2.0
#include "kernels/trial.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/packed.h"

namespace hearth::kernels {
namespace {

constexpr size_t kDepth = 512;
constexpr size_t kRows = 2 * kPanelRows;  // tiles take two panels together
constexpr int kTurns = 6;
// Any byte that gives sensible weights and scales; speed does not depend on values.
constexpr int8_t kByte = 0x2a;

struct alignas(64) CacheLine {
  uint8_t bytes[64];
};

// What both multiply.
class Operands {
 public:
  Operands(WeightType type, size_t n_tokens)
      : type_(type),
        n_tokens_(n_tokens),
        weights_(kRows / kPanelRows * packed_panel_bytes(type, kDepth) / sizeof(CacheLine)),
        blocked_(blocked_bytes(kDepth, n_tokens) / sizeof(CacheLine)),
        q_(n_tokens * kDepth, kByte),
        scales_(n_tokens * kDepth / 32, 1.0f),
        sums_(n_tokens * kDepth / 16, 16 * kByte),
        out_(n_tokens * kRows) {
    __builtin_memset(weights_.data(), kByte, weights_.size() * sizeof(CacheLine));
  }

  // Multiply-adds a second of one product.
  double time(const Kernels& table) {
    const MatmulArgs args = args_for(table);
    const auto start = std::chrono::steady_clock::now();
    table.matmul[static_cast<size_t>(type_)](args);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return static_cast<double>(kRows * kDepth * n_tokens_) / std::max(took.count(), 1e-9);
  }

 private:
  MatmulArgs args_for(const Kernels& table) {
    const ActivationForm form = activation_form(type_);
    const size_t n_scales = form == ActivationForm::q8_32 ? kDepth / 32 : kDepth / 256;
    MatmulArgs args{};
    args.weights = weights_.data();
    args.k = kDepth;
    args.row_end = kRows;
    args.n_tokens = n_tokens_;
    args.quantized = {q_.data(), scales_.data(), sums_.data(), kDepth,
                      n_scales,  kDepth / 16,    nullptr};
    if (wants_blocked(table, n_tokens_)) {
      table.block_activations(args.quantized, form, kDepth, n_tokens_, 0, n_tokens_,
                              blocked_.data());
      args.quantized.blocked = blocked_.data();
    }
    args.out = out_.data();
    args.out_stride = kRows;
    return args;
  }

  WeightType type_;
  size_t n_tokens_;
  std::vector<CacheLine> weights_, blocked_;
  std::vector<int8_t> q_;
  std::vector<float> scales_;
  std::vector<int16_t> sums_;
  std::vector<float> out_;
};

Trial try_with(const Kernels& first, const Kernels& second, WeightType type, size_t n_tokens) {
  Operands operands(type, n_tokens);
  Trial best{0, 0};
  for (int turn = 0; turn < kTurns; ++turn) {
    best.first = std::max(best.first, operands.time(first));
    best.second = std::max(best.second, operands.time(second));
  }
  return best;
}

}  // namespace

Trial try_products(const Kernels& first, const Kernels& second) {
  return try_with(first, second, WeightType::q4_k, 24);
}

std::vector<TrialOf> try_numbers_of_tokens(const Kernels& first, const Kernels& second,
                                           WeightType type) {
  std::vector<TrialOf> out;
  for (const size_t n : {4, 6, 8, 12, 16, 24, 32, 48, 64})
    out.push_back({n, try_with(first, second, type, n)});
  return out;
}

size_t break_even(std::span<const TrialOf> ascending) {
  size_t least = kNoBatch;
  for (size_t i = ascending.size();
       i > 0 && ascending[i - 1].trial.first > ascending[i - 1].trial.second; --i)
    least = ascending[i - 1].n_tokens;
  return least;
}

}  // namespace hearth::kernels
