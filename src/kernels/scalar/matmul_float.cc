// SPDX-License-Identifier: Apache-2.0
//
// Products with plain float weights:  out[token][row] = sum over e of w[row][e] x[token][e]
// by fused multiply-adds into 16 lanes (lanes.h). 16-bit weights are widened exactly.
#include "kernels/half.h"
#include "kernels/scalar/functions.h"
#include "kernels/scalar/lanes.h"

namespace hearth::kernels::scalar {
namespace {

struct ElementF32 {
  U32 raw;
  float value() const { return float_of(word(raw)); }
};
struct ElementF16 {
  U16 raw;
  float value() const { return f16_to_f32(raw); }
};
struct ElementBF16 {
  U16 raw;
  float value() const { return bf16_to_f32(word(raw)); }
};

template <class Element>
void matmul(const MatmulArgs& args) {
  for (size_t row = args.row_begin; row < args.row_end; ++row) {
    const auto* w = reinterpret_cast<const Element*>(static_cast<const uint8_t*>(args.weights) +
                                                     row * args.row_bytes);
    for (size_t token = 0; token < args.n_tokens; ++token) {
      const float* x = args.x + token * args.x_stride;
      Lanes sum;
      for (size_t e = 0; e < args.k; ++e) {
        float& lane = sum.lane[e % 16];
        lane = __builtin_fmaf(w[e].value(), x[e], lane);
      }
      args.out[token * args.out_stride + row] = sum.tree_sum();
    }
  }
}

template <class Element>
void widen(const void* row, size_t k, float* out) {
  const auto* w = static_cast<const Element*>(row);
  for (size_t e = 0; e < k; ++e) out[e] = w[e].value();
}

}  // namespace

void matmul_f32(const MatmulArgs& args) {
  matmul<ElementF32>(args);
}
void matmul_f16(const MatmulArgs& args) {
  matmul<ElementF16>(args);
}
void matmul_bf16(const MatmulArgs& args) {
  matmul<ElementBF16>(args);
}
void dequantize_f32(const void* row, size_t k, float* out) {
  widen<ElementF32>(row, k, out);
}
void dequantize_f16(const void* row, size_t k, float* out) {
  widen<ElementF16>(row, k, out);
}
void dequantize_bf16(const void* row, size_t k, float* out) {
  widen<ElementBF16>(row, k, out);
}

float dot(const float* a, const float* b, size_t n) {
  Lanes sum;
  for (size_t e = 0; e < n; ++e) {
    sum.lane[e % 16] = __builtin_fmaf(a[e], b[e], sum.lane[e % 16]);
  }
  return sum.tree_sum();
}

}  // namespace hearth::kernels::scalar
