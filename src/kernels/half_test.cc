// SPDX-License-Identifier: Apache-2.0
#include "kernels/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "host/cpu.h"

namespace hearth::kernels {
namespace {

TEST(Half, WideningAndBackKeepsEveryValue) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const float wide = f16_to_f32(half);
    if (std::isnan(wide)) {
      EXPECT_EQ(f32_to_f16(wide), half | 0x200u);  // quiet
      continue;
    }
    ASSERT_EQ(f32_to_f16(wide), half);
    const int exponent = static_cast<int>(half >> 10 & 31);
    const double fraction = half & 0x3ff;
    const double value =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent != 31) {
      ASSERT_EQ(static_cast<double>(std::abs(wide)), value);
    }
  }
}

TEST(Half, RoundsHalfToEven) {
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), 0x3c00);      // tie, down to even
  EXPECT_EQ(f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02);  // tie, up to even
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(0x1p-25f), 0);  // tie below the smallest subnormal
  EXPECT_EQ(f32_to_f16(0x1.8p-25f), 1);
  EXPECT_EQ(f32_to_f16(-0.0f), 0x8000);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(f32_to_bf16(1.0f + 3 * 0x1p-8f), 0x3f82);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7f800001u)))));
}

#if defined(__x86_64__)
__attribute__((target("f16c"))) uint32_t hardware_f16(float x) {
  return static_cast<uint32_t>(_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(x), 0), 0)) & 0xffffu;
}
__attribute__((target("f16c"))) float hardware_f32(uint32_t half) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(static_cast<int>(half))));
}

TEST(Half, EqualsTheProcessorsConversion) {
  if (!host::cpu_features().f16c) GTEST_SKIP() << "no F16C here";
  for (uint64_t bits = 0; bits < 0x100000000u; bits += 509) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    ASSERT_EQ(f32_to_f16(x), hardware_f16(x)) << std::hex << bits;
  }
  for (uint32_t half = 0; half < 0x10000; ++half) {
    ASSERT_EQ(bits_of(f16_to_f32(half)), bits_of(hardware_f32(half))) << half;
  }
}
#endif

}  // namespace
}  // namespace hearth::kernels
