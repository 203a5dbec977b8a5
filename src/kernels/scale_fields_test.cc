// SPDX-License-Identifier: Apache-2.0
#include "kernels/scale_fields.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/scalar/functions.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

class Finite : public testing::TestWithParam<NamedType> {};

// Blocks of random bits, their scales included, against a look at every weight.
TEST_P(Finite, AgreesWithDecodingEverything) {
  const WeightType type = GetParam().type;
  const size_t bytes = block_bytes(type), elems = block_elems(type), n = 4000;
  std::mt19937 rng(41);
  std::vector<uint8_t> blocks(n * bytes);
  for (uint8_t& byte : blocks) byte = static_cast<uint8_t>(rng());
  std::vector<float> weights(n * elems);
  scalar::table.dequantize[static_cast<size_t>(type)](blocks.data(), n * elems, weights.data());
  size_t n_bad = 0;
  for (size_t at = 0; at < n;) {
    size_t want = at;
    const auto is_bad = [&](size_t block) {
      for (size_t i = 0; i < elems; ++i)
        if (!std::isfinite(weights[block * elems + i])) return true;
      const uint8_t* b = &blocks[block * bytes];
      if (type == WeightType::mxfp4) return b[0] == 255;
      if (type == WeightType::nvfp4)
        return b[0] == 0x7f || b[1] == 0x7f || b[2] == 0x7f || b[3] == 0x7f;
      return false;
    };
    while (want < n && !is_bad(want)) ++want;
    const size_t got = at + find_not_finite(type, bytes, &blocks[at * bytes], n - at);
    ASSERT_EQ(got, want);
    n_bad += got < n;
    at = got + 1;
  }
  EXPECT_GT(n_bad, 0u);
  EXPECT_LT(n_bad, n / 4);
}

TEST_P(Finite, FindsThePlace) {
  const WeightType type = GetParam().type;
  std::mt19937 rng(42);
  const size_t bytes = block_bytes(type), k = 256 * 11, n = k / block_elems(type);
  for (const Fill fill : {Fill::random, Fill::all_ones, Fill::zeros, Fill::tiny}) {
    std::vector<uint8_t> blocks = make_weights(type, 1, k, fill, rng);
    EXPECT_EQ(find_not_finite(type, bytes, blocks.data(), n), n);
    EXPECT_EQ(find_not_finite(type, bytes, blocks.data(), 0), 0u);
    for (const size_t bad : {size_t{0}, n / 2, n - 1}) {
      std::vector<uint8_t> broken = blocks;
      const ScaleFields fields = scale_fields(type);
      ASSERT_GT(fields.n, 0);
      const ScaleField& last = fields.of[fields.n - 1];
      uint8_t* p = &broken[bad * bytes + last.offset];
      switch (last.kind) {
        case ScaleKind::f16_in_nibbles:
          p[7] |= 0x70;
          p[5] |= 0xc0;
          break;
        case ScaleKind::e8m0:
          *p = 0xff;
          break;
        case ScaleKind::ue4m3:
          *p = 0x7f;
          break;
        case ScaleKind::f32:
          p[3] = 0x7f;
          p[2] |= 0x80;
          break;
        case ScaleKind::bf16:
          p[1] = 0xff;
          p[0] |= 0x80;
          break;
        default:
          p[1] = 0xfc;
          break;
      }
      EXPECT_EQ(find_not_finite(type, bytes, broken.data(), n), bad);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Finite, testing::ValuesIn(all_types()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ScaleFields, OfNumbersThatAreNoWeightTypes) {
  double reals[3] = {1, 2, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(find_not_finite(static_cast<WeightType>(28), 8, reals, 3), 2u);
  EXPECT_EQ(find_not_finite(static_cast<WeightType>(28), 8, reals, 2), 2u);
  const int64_t all_ones[2] = {-1, -1};  // integers are always finite
  EXPECT_EQ(find_not_finite(static_cast<WeightType>(27), 8, all_ones, 2), 2u);
  EXPECT_EQ(scale_fields(static_cast<WeightType>(1000)).n, 0);
}

}  // namespace
}  // namespace hearth::kernels
