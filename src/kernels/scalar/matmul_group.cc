// SPDX-License-Identifier: Apache-2.0
//
// Products with weights in the group form (decode/form.h) and activations in q8_32. For each row
// and token, over the groups g of 32 in ascending order:
//     S = sum of q_w q_a                      exact integer
//     C = fma(d_w d_a, float(S), C)
//     C = fma(m_w d_a, float(sum of q_a), C)  types with a minimum only
// A type with a scale for each 16 (kHalves) does the first two lines for each half of the group.
#include "kernels/decode.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::scalar {
namespace {

int32_t dot_int(const int8_t* a, const int8_t* b, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <class Decoder>
void matmul(const MatmulArgs& args) {
  using Block = typename Decoder::Block;
  constexpr size_t kGroups = Decoder::kElems / 32;
  for (size_t row = args.row_begin; row < args.row_end; ++row) {
    const auto* blocks = reinterpret_cast<const Block*>(static_cast<const uint8_t*>(args.weights) +
                                                        row * args.row_bytes);
    // C lives in the output, so that a block is decoded once for all tokens.
    float* out = args.out + row;
    for (size_t token = 0; token < args.n_tokens; ++token) out[token * args.out_stride] = 0.0f;
    for (size_t g = 0; g < args.k / 32; ++g) {
      GroupOf32 w;
      Decoder::group(blocks[g / kGroups], g % kGroups, &w);
      for (size_t token = 0; token < args.n_tokens; ++token) {
        const int8_t* a = args.quantized.q + token * args.quantized.q_stride + 32 * g;
        const float d_a = args.quantized.scales[token * args.quantized.scale_stride + g];
        float& c = out[token * args.out_stride];
        if constexpr (Decoder::kHalves) {
          for (size_t half = 0; half < 2; ++half) {
            const int32_t s = dot_int(w.q + 16 * half, a + 16 * half, 16);
            c = __builtin_fmaf(w.d[half] * d_a, static_cast<float>(s), c);
          }
        } else {
          const int32_t s = dot_int(w.q, a, 32);
          c = __builtin_fmaf(w.d[0] * d_a, static_cast<float>(s), c);
        }
        if constexpr (Decoder::kHasMin) {
          const int16_t* sums = args.quantized.sums + token * args.quantized.sum_stride + 2 * g;
          c = __builtin_fmaf(w.m * d_a, static_cast<float>(sums[0] + sums[1]), c);
        }
      }
    }
  }
}

// w = d q (+ m), one rounding for each operation.
template <class Decoder>
void dequantize(const void* row, size_t k, float* out) {
  const auto* blocks = static_cast<const typename Decoder::Block*>(row);
  constexpr size_t kGroups = Decoder::kElems / 32;
  for (size_t g = 0; g < k / 32; ++g) {
    GroupOf32 w;
    Decoder::group(blocks[g / kGroups], g % kGroups, &w);
    for (size_t i = 0; i < 32; ++i) {
      const float product = w.d[i / 16] * static_cast<float>(w.q[i]);
      out[32 * g + i] = Decoder::kHasMin ? product + w.m : product;
    }
  }
}

}  // namespace

#define HEARTH_GROUP_TYPE(name, Decoder)                          \
  void matmul_##name(const MatmulArgs& args) {                    \
    matmul<Decoder>(args);                                        \
  }                                                               \
  void dequantize_##name(const void* row, size_t k, float* out) { \
    dequantize<Decoder>(row, k, out);                             \
  }
#include "kernels/types.inc"

}  // namespace hearth::kernels::scalar
