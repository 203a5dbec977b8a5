// SPDX-License-Identifier: Apache-2.0
//
// Encoders against the decoders, which other tests hold to another implementation: a weight moves
// no further than its type's levels allow, and what cannot be encoded is refused.
#include "kernels/encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/scalar/functions.h"

namespace hearth::kernels {
namespace {

struct Encodable {
  const char* name;
  WeightType type;
  // The furthest that a weight may move, as a share of the block's largest magnitude A, before
  // roundings of 2^-11 in 16-bit scales.
  double furthest;
};

// "Step" is the distance of levels, half of it what rounding to nearest costs. Where levels are
// -n .. n - 1 the weight at the far end of the short side moves a whole step of A / n. Group scales
// of super-blocks are rounded to integers in turn, and may end at n - 1 of n.
constexpr Encodable kEncodable[] = {
    {"f32", WeightType::f32, 0},
    {"f16", WeightType::f16, 0x1p-11},
    {"bf16", WeightType::bf16, 0x1p-8},
    {"q4_0", WeightType::q4_0, 1.0 / 8},
    {"q5_0", WeightType::q5_0, 1.0 / 16},
    {"q8_0", WeightType::q8_0, 0.5 / 127},
    {"q4_1", WeightType::q4_1, 1.0 / 15},  // half of a step of 2 A / 15
    {"q5_1", WeightType::q5_1, 1.0 / 31},
    {"q1_0", WeightType::q1_0, 1.0},      // +-d, d <= A
    {"q2_0", WeightType::q2_0, 1.0 / 2},  // levels -1, 0, 1, 2 of A / 2
    {"q2_k", WeightType::q2_k, 1.0 / 3},  // half of a step of 2 A / 3
    {"q4_k", WeightType::q4_k, 1.0 / 15},
    {"q5_k", WeightType::q5_k, 1.0 / 31},
    {"q3_k", WeightType::q3_k, (4 - 3 * 31.0 / 32) / 4 + 3.0 / 4 / 64},
    {"q6_k", WeightType::q6_k, (32 - 31 * 127.0 / 128) / 32 + 31.0 / 32 / 256},
    {"iq4_nl", WeightType::iq4_nl, 14.0 / 127},  // levels end at -127 and 113
    {"iq4_xs", WeightType::iq4_xs, (127 - 113 * 31.0 / 32) / 127 + 113.0 / 127 / 64},
    {"tq1_0", WeightType::tq1_0, 1.0 / 2},
    {"tq2_0", WeightType::tq2_0, 1.0 / 2},
    {"mxfp4", WeightType::mxfp4, 1.0 / 4},        // just below 8 becomes 6
    {"nvfp4", WeightType::nvfp4, 17.0 / 16 / 6},  // between 4 and 6, the scale up to 1/16 off
};

std::vector<float> decoded(WeightType type, const std::vector<uint8_t>& row, size_t k) {
  std::vector<float> out(k);
  scalar::table.dequantize[static_cast<size_t>(type)](row.data(), k, out.data());
  return out;
}

std::vector<uint8_t> room_for(WeightType type, size_t k) {
  return std::vector<uint8_t>(k / block_elems(type) * block_bytes(type));
}

class Encode : public testing::TestWithParam<Encodable> {
 protected:
  const WeightType type = GetParam().type;
  const size_t elems = block_elems(type);

  // What the smallest numbers of the scale's format (or of the type itself) may cost besides.
  double smallest_step() const {
    if (type == WeightType::nvfp4) return 6 * 0x1p-10;
    if (type == WeightType::mxfp4 || type == WeightType::f32 || type == WeightType::bf16) return 0;
    return type == WeightType::f16 ? 0x1p-25 : 128 * 0x1p-25;
  }

  // Encodes and decodes; the furthest that a weight moved, as a share of its block's A.
  double furthest(const std::vector<float>& x) const {
    std::vector<uint8_t> row = room_for(type, x.size());
    EXPECT_TRUE(encode_row(type, x.data(), x.size(), row.data()));
    const std::vector<float> back = decoded(type, row, x.size());
    double worst = 0;
    for (size_t at = 0; at < x.size(); at += elems) {
      double a = 0, moved = 0;
      for (size_t i = at; i < at + elems; ++i) {
        a = std::max(a, std::abs(double{x[i]}));
        moved = std::max(moved, std::abs(double{x[i]} - double{back[i]}) - smallest_step());
      }
      if (a > 0) worst = std::max(worst, moved / a);
    }
    return worst;
  }
};

constexpr double kScaleRounding = 3 * 0x1p-11;  // scale, minimum and the weight at their ends

TEST_P(Encode, WeightsMoveNoFurtherThanTheLevelsAllow) {
  std::mt19937 rng(31);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  const size_t k = 256 * 8;
  const double limit = GetParam().furthest + (elems == 1 ? 0 : kScaleRounding);
  for (const float size : {1.0f, 0.02f, 30.0f}) {
    for (int round = 0; round < 40; ++round) {
      std::vector<float> gaussian(k), flat(k), lifted(k), uneven(k);
      for (size_t i = 0; i < k; ++i) {
        gaussian[i] = size * normal(rng);
        flat[i] = size * uniform(rng);
        lifted[i] = size * (3 + uniform(rng)) * (i / 256 % 2 == 0 ? 1.0f : -1.0f);
        uneven[i] = size * uniform(rng) * std::ldexp(1.0f, -static_cast<int>(i / 16 % 8));
      }
      EXPECT_LE(furthest(gaussian), limit);
      EXPECT_LE(furthest(flat), limit);
      EXPECT_LE(furthest(lifted), limit);
      EXPECT_LE(furthest(uneven), limit);
    }
  }
}

// Zeros and one other level come back, but for the rounding of 16-bit scales. (6 / 32, so that a
// sixth of it is a UE4M3; IQ4's level nearest to zero is 1 of 127; Q1_0 has no zero.)
TEST_P(Encode, LevelsComeBack) {
  std::mt19937 rng(32);
  std::vector<float> x(256 * 4);
  for (size_t i = 0; i < x.size(); ++i) {
    const bool zero = type != WeightType::q1_0 && i % 16 != 0 && rng() % 2 == 0;
    x[i] = zero ? 0.0f : -0.1875f;
  }
  const bool has_zero = type != WeightType::iq4_nl && type != WeightType::iq4_xs;
  EXPECT_LE(furthest(x), has_zero ? 0x1p-10 : 1.0 / 127);
}

TEST_P(Encode, ZerosStayZeros) {
  EXPECT_EQ(furthest(std::vector<float>(512, 0.0f)), 0.0);
  std::vector<uint8_t> row = room_for(type, 512);
  const std::vector<float> zeros(512, -0.0f);
  ASSERT_TRUE(encode_row(type, zeros.data(), 512, row.data()));
  for (const float w : decoded(type, row, 512)) EXPECT_EQ(w, 0.0f);
}

TEST_P(Encode, TinyWeightsBecomeTinyWeights) {
  for (const float tiny : {1e-6f, 1e-8f, 1e-20f, 1e-38f, 1e-45f}) {
    std::vector<float> x(512);
    for (size_t i = 0; i < x.size(); ++i) x[i] = i % 3 == 0 ? tiny : -tiny / 2;
    std::vector<uint8_t> row = room_for(type, x.size());
    ASSERT_TRUE(encode_row(type, x.data(), x.size(), row.data()));
    const std::vector<float> back = decoded(type, row, x.size());
    for (size_t i = 0; i < x.size(); ++i)
      EXPECT_LE(std::abs(double{back[i]} - double{x[i]}), double{tiny} + smallest_step());
  }
}

TEST_P(Encode, RefusesWhatIsNoNumber) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const size_t at : {size_t{0}, size_t{255}, size_t{511}}) {
      std::vector<float> x(512, 0.5f);
      x[at] = bad;
      std::vector<uint8_t> row = room_for(type, x.size());
      EXPECT_FALSE(encode_row(type, x.data(), x.size(), row.data()));
    }
  }
}

TEST_P(Encode, RefusesWhatTheScaleCannotHold) {
  std::vector<float> x(512, 1.0f);
  x[300] = -3.3e38f;
  std::vector<uint8_t> row = room_for(type, x.size());
  const bool reaches = type == WeightType::f32 || type == WeightType::mxfp4;
  EXPECT_EQ(encode_row(type, x.data(), x.size(), row.data()), reaches || type == WeightType::bf16);
  x[300] = 3.4028235e38f;  // the largest float, which bfloat16 rounds to infinity
  EXPECT_EQ(encode_row(type, x.data(), x.size(), row.data()), reaches);
}

INSTANTIATE_TEST_SUITE_P(Types, Encode, testing::ValuesIn(kEncodable),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(EncodeTypes, CodeBooksAreLeftOut) {
  size_t n = 0;
  for (uint32_t id = 0; id < kWeightTypeSlots; ++id) n += can_encode(static_cast<WeightType>(id));
  EXPECT_EQ(n, std::size(kEncodable));
  float x[256] = {};
  uint8_t row[256];
  EXPECT_FALSE(encode_row(WeightType::iq2_xxs, x, 256, row));
  EXPECT_FALSE(encode_row(static_cast<WeightType>(9), x, 256, row));
}

}  // namespace
}  // namespace hearth::kernels
