// SPDX-License-Identifier: Apache-2.0
#include "kernels/random_blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "kernels/scalar/functions.h"
#include "kernels/scale_fields.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

class Random : public testing::TestWithParam<NamedType> {
 protected:
  const WeightType type = GetParam().type;

  std::vector<uint8_t> blocks(size_t k, float deviation, uint64_t seed) const {
    std::vector<uint8_t> out(k / block_elems(type) * block_bytes(type));
    RandomBlocks(type, deviation, seed).fill(out.data(), k / block_elems(type));
    return out;
  }
};

TEST_P(Random, HasTheDeviationAskedForAndNoMean) {
  const size_t k = 256 * 400;
  for (const float deviation : {0.008f, 0.05f, 1.0f}) {
    const std::vector<uint8_t> made = blocks(k, deviation, 1);
    EXPECT_EQ(find_not_finite(type, block_bytes(type), made.data(), k / block_elems(type)),
              k / block_elems(type));
    std::vector<float> w(k);
    scalar::table.dequantize[static_cast<size_t>(type)](made.data(), k, w.data());
    double sum = 0, squares = 0;
    for (const float x : w) {
      sum += double{x};
      squares += double{x} * double{x};
    }
    const double got = std::sqrt(squares / static_cast<double>(k));
    // MXFP4 has powers of two for scales, NVFP4 few of them where they are small.
    const double off = type == WeightType::mxfp4 || type == WeightType::nvfp4 ? 0.42 : 0.08;
    EXPECT_NEAR(got / double{deviation}, 1.0, off) << deviation;
    EXPECT_LT(std::abs(sum / static_cast<double>(k)), 0.05 * got) << deviation;
  }
}

TEST_P(Random, TheSeedDecides) {
  EXPECT_EQ(blocks(2560, 0.1f, 7), blocks(2560, 0.1f, 7));
  EXPECT_NE(blocks(2560, 0.1f, 7), blocks(2560, 0.1f, 8));
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Random, testing::ValuesIn(all_types()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RandomBlocks, TernaryBlocksHaveThreeLevels) {
  for (const WeightType type : {WeightType::tq1_0, WeightType::tq2_0}) {
    std::vector<uint8_t> row(block_bytes(type) * 10);
    RandomBlocks(type, 1.0f, 3).fill(row.data(), 10);
    std::vector<float> w(2560);
    scalar::table.dequantize[static_cast<size_t>(type)](row.data(), w.size(), w.data());
    for (size_t block = 0; block < 10; ++block) {
      const std::set<float> levels(w.begin() + static_cast<long>(block) * 256,
                                   w.begin() + static_cast<long>(block + 1) * 256);
      EXPECT_EQ(levels.size(), 3u);
      EXPECT_TRUE(levels.contains(0.0f));
    }
  }
}

// The first numbers from seed 0, as its authors' code gives them.
TEST(RandomBits, KnownAnswers) {
  RandomBits bits(0);
  EXPECT_EQ(bits.next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(bits.next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(bits.next(), 0x06c45d188009454fu);
}

}  // namespace
}  // namespace hearth::kernels
