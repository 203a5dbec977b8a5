// SPDX-License-Identifier: Apache-2.0
#include "kernels/trial.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/packed.h"

namespace hearth::kernels {
namespace {

constexpr WeightType kType = WeightType::q4_k;
constexpr size_t kDepth = 512, kTokens = 24;
constexpr int kTurns = 6;
// Any byte that gives sensible weights and scales; speed does not depend on values.
constexpr int8_t kByte = 0x2a;

struct alignas(64) CacheLine {
  uint8_t bytes[64];
};

// What both multiply.
struct Operands {
  std::vector<CacheLine> weights{packed_panel_bytes(kType, kDepth) / sizeof(CacheLine)};
  std::vector<CacheLine> blocked{blocked_bytes(kDepth, kTokens) / sizeof(CacheLine)};
  std::vector<int8_t> q = std::vector<int8_t>(kTokens * kDepth, kByte);
  std::vector<float> scales = std::vector<float>(kTokens * kDepth / 256, 1.0f);
  std::vector<int16_t> sums = std::vector<int16_t>(kTokens * kDepth / 16, 16 * kByte);
  std::vector<float> out = std::vector<float>(kTokens * kPanelRows);

  Operands() { __builtin_memset(weights.data(), kByte, weights.size() * sizeof(CacheLine)); }

  MatmulArgs args_for(const Kernels& table) {
    MatmulArgs args{};
    args.weights = weights.data();
    args.k = kDepth;
    args.row_end = kPanelRows;
    args.n_tokens = kTokens;
    args.quantized = {q.data(),     scales.data(), sums.data(), kDepth,
                      kDepth / 256, kDepth / 16,   nullptr};
    if (wants_blocked(table, kTokens)) {
      table.block_activations(args.quantized, activation_form(kType), kDepth, kTokens, 0, kTokens,
                              blocked.data());
      args.quantized.blocked = blocked.data();
    }
    args.out = out.data();
    args.out_stride = kPanelRows;
    return args;
  }
};

}  // namespace

Trial try_products(const Kernels& first, const Kernels& second) {
  Operands operands;
  const auto run = [&](const Kernels& table) {
    const MatmulArgs args = operands.args_for(table);
    const auto start = std::chrono::steady_clock::now();
    table.matmul[static_cast<size_t>(kType)](args);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return static_cast<double>(kPanelRows * kDepth * kTokens) / std::max(took.count(), 1e-9);
  };
  Trial best{0, 0};
  for (int turn = 0; turn < kTurns; ++turn) {
    best.first = std::max(best.first, run(first));
    best.second = std::max(best.second, run(second));
  }
  return best;
}

}  // namespace hearth::kernels
