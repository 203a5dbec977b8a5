// SPDX-License-Identifier: Apache-2.0
//
// Products with weights in the super form (decode/form.h) and activations in q8_256. For each row
// and token, over the blocks of 256 in ascending order:
//     S = sum over groups g of scale[g] (sum of q_w q_a)     exact integer, |S| < 2^28
//     M = sum over groups g of min[g] (sum of q_a)           exact integer
//     C = fma(d_w d_a, float(S), C)
//     C = fma(-(dmin_w d_a), float(M), C)                    types with minima only
// float() rounds half to even: S can exceed 2^24. A chain of float operations for each group is not
// the same number, and an engine that folds the scale into the weights gets this one.
#include "kernels/decode.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::scalar {
namespace {

template <class Decoder>
void matmul(const MatmulArgs& args) {
  using Block = typename Decoder::Block;
  for (size_t row = args.row_begin; row < args.row_end; ++row) {
    const auto* blocks = reinterpret_cast<const Block*>(static_cast<const uint8_t*>(args.weights) +
                                                        row * args.row_bytes);
    // C lives in the output, so that a block is decoded once for all tokens.
    float* out = args.out + row;
    for (size_t token = 0; token < args.n_tokens; ++token) out[token * args.out_stride] = 0.0f;
    for (size_t b = 0; b < args.k / 256; ++b) {
      SuperBlock w;
      Decoder::block(blocks[b], &w);
      for (size_t token = 0; token < args.n_tokens; ++token) {
        const int8_t* a = args.quantized.q + token * args.quantized.q_stride + 256 * b;
        const int16_t* sums = args.quantized.sums + token * args.quantized.sum_stride + 16 * b;
        const float d_a = args.quantized.scales[token * args.quantized.scale_stride + b];
        int32_t s = 0, m = 0;
        for (size_t g = 0; g < 16; ++g) {
          int32_t group = 0;
          for (size_t i = 0; i < 16; ++i) group += w.q[16 * g + i] * a[16 * g + i];
          s += w.scale[g] * group;
          if constexpr (Decoder::kHasMin) m += w.min[g] * sums[g];
        }
        float& c = out[token * args.out_stride];
        c = __builtin_fmaf(w.d * d_a, static_cast<float>(s), c);
        if constexpr (Decoder::kHasMin) {
          c = __builtin_fmaf(-(w.dmin * d_a), static_cast<float>(m), c);
        }
      }
    }
  }
}

// w = (d scale) q (- dmin min), one rounding for each operation.
template <class Decoder>
void dequantize(const void* row, size_t k, float* out) {
  const auto* blocks = static_cast<const typename Decoder::Block*>(row);
  for (size_t b = 0; b < k / 256; ++b) {
    SuperBlock w;
    Decoder::block(blocks[b], &w);
    for (size_t i = 0; i < 256; ++i) {
      const size_t group = i / 16;
      const float d = w.d * static_cast<float>(w.scale[group]);
      const float product = d * static_cast<float>(w.q[i]);
      if constexpr (Decoder::kHasMin) {
        out[256 * b + i] = product - w.dmin * static_cast<float>(w.min[group]);
      } else {
        out[256 * b + i] = product;
      }
    }
  }
}

}  // namespace

#define HEARTH_SUPER_TYPE(name, Decoder)                          \
  void matmul_##name(const MatmulArgs& args) {                    \
    matmul<Decoder>(args);                                        \
  }                                                               \
  void dequantize_##name(const void* row, size_t k, float* out) { \
    dequantize<Decoder>(row, k, out);                             \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::scalar
