// SPDX-License-Identifier: Apache-2.0
//
// Activations to int8, for each group of 32 or 256:
//     amax = max |x|          scale = amax / 127
//     q = round-half-even(x (127 / amax)), and 0 where that product is not below 128 in magnitude
// The last clause settles what is not a number: amax = 0 or so small that 127 / amax overflows
// gives zeros, and an infinite or NaN amax (NaN counts as the largest) gives zeros with that very
// scale, so that the damage shows in the output instead of passing for a zero.
#include "kernels/half.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::scalar {
namespace {

int round_half_even(float v) {  // |v| < 128
  constexpr float kMagic = 0x1.8p23f;
  return static_cast<int>(v + kMagic - kMagic);
}

void quantize(const float* x, size_t k, size_t group, int8_t* q, float* scales, int16_t* sums) {
  for (size_t begin = 0; begin < k; begin += group) {
    const size_t n = k - begin < group ? k - begin : group;
    uint32_t amax_bits = 0;  // magnitudes order like their bits, NaN above infinity
    for (size_t i = 0; i < n; ++i) {
      const uint32_t bits = bits_of(x[begin + i]) & 0x7fffffffu;
      if (bits > amax_bits) amax_bits = bits;
    }
    const float amax = float_of(amax_bits);
    const float inverse = 127.0f / amax;
    *scales++ = amax / 127.0f;
    for (size_t run = 0; run < group; run += 16) {
      int sum = 0;
      for (size_t i = run; i < run + 16; ++i) {
        const float v = i < n ? x[begin + i] * inverse : 0.0f;
        const bool regular = (bits_of(v) & 0x7fffffffu) < bits_of(128.0f);
        const int rounded = regular ? round_half_even(v) : 0;
        q[begin + i] = static_cast<int8_t>(rounded);
        sum += rounded;
      }
      *sums++ = static_cast<int16_t>(sum);
    }
  }
}

}  // namespace

void quantize_q8_32(const float* x, size_t k, int8_t* q, float* scales, int16_t* sums) {
  quantize(x, k, 32, q, scales, sums);
}
void quantize_q8_256(const float* x, size_t k, int8_t* q, float* scales, int16_t* sums) {
  quantize(x, k, 256, q, scales, sums);
}

}  // namespace hearth::kernels::scalar
