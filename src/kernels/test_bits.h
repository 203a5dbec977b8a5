// SPDX-License-Identifier: Apache-2.0
//
// Equality as the numbers contract means it: the same bits (any NaN is as good as another).
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hearth::kernels {

inline bool same_bits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

inline void expect_same_bits(const std::vector<float>& want, const std::vector<float>& got,
                             std::string_view what = {}) {
  ASSERT_EQ(want.size(), got.size()) << what;
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_TRUE(same_bits(want[i], got[i]))
        << what << " at " << i << ": " << want[i] << " and " << got[i];
  }
}

}  // namespace hearth::kernels
