// SPDX-License-Identifier: Apache-2.0
//
// exp and tanh of our own: libm's differ between machines, these are the same bits everywhere.
//
// exp(x) = 2^n exp(r) with n = round(x log2 e), r = x - n ln 2 in two fused steps (the first is
// exact enough because fma rounds once), |r| <= 0.347, exp(r) = 1 + r + r^2 P(r). 2^n is applied as
// two factors: the first product is exact, so a subnormal result is rounded once. Error below 1.1
// ulp (exp_test measures it over every float). Inputs are clamped, not tested: NaN falls through
// both comparisons and comes out.
#include "kernels/constants.h"
#include "kernels/half.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels::scalar {

float exp(float x) {
  x = kExpMax < x ? kExpMax : x;
  x = kExpMin > x ? kExpMin : x;
  const float shifted = __builtin_fmaf(x, kLog2E, kRoundMagic);
  const float n = shifted - kRoundMagic;
  float r = __builtin_fmaf(n, -kLn2High, x);
  r = __builtin_fmaf(n, -kLn2Low, r);
  float p = __builtin_fmaf(kExpPoly[4], r, kExpPoly[3]);
  p = __builtin_fmaf(p, r, kExpPoly[2]);
  p = __builtin_fmaf(p, r, kExpPoly[1]);
  p = __builtin_fmaf(p, r, kExpPoly[0]);
  p = __builtin_fmaf(p * r, r, r);
  p = p + 1.0f;
  // n is an integer in [-150, 129], in the low bits of shifted.
  const int32_t exponent = static_cast<int32_t>(bits_of(shifted) - bits_of(kRoundMagic));
  const int32_t half = exponent >> 1;
  const float scale0 = float_of(static_cast<uint32_t>(half + 127) << 23);
  const float scale1 = float_of(static_cast<uint32_t>(exponent - half + 127) << 23);
  return p * scale0 * scale1;
}

// tanh(x) = x + x^3 P(x^2) near zero, sign(x) (1 - 2 / (exp(2 |x|) + 1)) elsewhere.
float tanh(float x) {
  const float magnitude = float_of(bits_of(x) & 0x7fffffffu);
  const float z = x * x;
  float p = __builtin_fmaf(kTanhPoly[4], z, kTanhPoly[3]);
  p = __builtin_fmaf(p, z, kTanhPoly[2]);
  p = __builtin_fmaf(p, z, kTanhPoly[1]);
  p = __builtin_fmaf(p, z, kTanhPoly[0]);
  const float small = __builtin_fmaf(p * z, x, x);
  const float large = 1.0f - 2.0f / (exp(magnitude + magnitude) + 1.0f);
  const float signed_large = float_of(bits_of(large) | (bits_of(x) & 0x80000000u));
  return magnitude < kTanhSmall ? small : signed_large;
}

}  // namespace hearth::kernels::scalar
