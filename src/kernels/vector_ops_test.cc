// SPDX-License-Identifier: Apache-2.0
//
// Quantizing, norms and element-wise operations: every table against the scalar one, bit for bit,
// for every length around the vector widths and for values that are not numbers.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/scalar/functions.h"
#include "kernels/test_bits.h"
#include "kernels/test_tables.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
const size_t kLengths[] = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 256, 576, 1000};

void for_each_table(const std::function<void(const Kernels&)>& body) {
  for (const Kernels* table : usable_tables()) {
    SCOPED_TRACE(table->name);
    body(*table);
  }
}

struct Quantized {
  std::vector<int8_t> q;
  std::vector<float> scales;
  std::vector<int16_t> sums;
};

Quantized quantize(const Kernels& table, size_t group, const std::vector<float>& x) {
  const size_t padded = (x.size() + group - 1) / group * group;
  Quantized out{std::vector<int8_t>(padded, 99), std::vector<float>(padded / group, 99.0f),
                std::vector<int16_t>(padded / 16, 99)};
  (group == 32 ? table.quantize_q8_32 : table.quantize_q8_256)(x.data(), x.size(), out.q.data(),
                                                               out.scales.data(), out.sums.data());
  return out;
}

TEST(Quantize, EveryTableGivesTheScalarBits) {
  std::mt19937 rng(3);
  for (size_t n : kLengths) {
    for (int special = 0; special < 9; ++special) {
      std::vector<float> x = gaussian(rng, n);
      switch (special) {
        case 1:
          std::fill(x.begin(), x.end(), 0.0f);
          break;
        case 2:
          x[n / 2] = kInf;
          break;
        case 3:
          x[n / 2] = kNan;
          break;
        case 4:
          x[n - 1] = -kNan;
          x[0] = kInf;
          break;
        case 5:
          for (float& v : x) v *= 1e-38f;
          break;  // 127 / amax overflows
        case 6:
          for (float& v : x) v = -1e-45f;
          break;
        case 7:
          for (float& v : x) v *= 3e37f;
          break;
        case 8:
          for (size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 255) - 127.0f;
          break;  // ties
        default:
          break;
      }
      for (size_t group : {32, 256}) {
        const Quantized want = quantize(scalar::table, group, x);
        for_each_table([&](const Kernels& table) {
          const Quantized got = quantize(table, group, x);
          ASSERT_EQ(want.q, got.q) << n << " " << special;
          ASSERT_EQ(want.sums, got.sums) << n << " " << special;
          expect_same_bits(want.scales, got.scales);
        });
      }
    }
  }
}

TEST(Quantize, StatesWhatItPromises) {
  std::mt19937 rng(4);
  const std::vector<float> x = gaussian(rng, 100);
  const Quantized z = quantize(scalar::table, 32, x);
  for (size_t g = 0; g < 4; ++g) {
    float amax = 0;
    for (size_t i = 32 * g; i < std::min<size_t>(32 * g + 32, 100); ++i)
      amax = std::max(amax, std::abs(x[i]));
    EXPECT_EQ(z.scales[g], amax / 127.0f);
    int sum = 0;
    for (size_t i = 32 * g; i < 32 * g + 16; ++i) sum += z.q[i];
    EXPECT_EQ(z.sums[2 * g], sum);
  }
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_LE(std::abs(x[i] - z.scales[i / 32] * static_cast<float>(z.q[i])),
              0.501f * z.scales[i / 32]);
  }
  for (size_t i = 100; i < 128; ++i) EXPECT_EQ(z.q[i], 0);

  std::vector<float> bad(32, 1.0f);
  bad[5] = kNan;
  const Quantized n = quantize(scalar::table, 32, bad);
  EXPECT_TRUE(std::isnan(n.scales[0]));  // the damage stays visible
  EXPECT_EQ(n.q, std::vector<int8_t>(32, 0));
}

TEST(RmsNorm, EveryTableGivesTheScalarBits) {
  std::mt19937 rng(5);
  for (size_t n : kLengths) {
    const std::vector<float> x = gaussian(rng, n, 3.0f), weight = gaussian(rng, n);
    std::vector<float> want(n);
    scalar::table.rms_norm(x.data(), weight.data(), 1e-5f, n, want.data());
    double mean = 0;
    for (float v : x)
      mean += static_cast<double>(v) * static_cast<double>(v) / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) {
      const double exact =
          static_cast<double>(x[i]) / std::sqrt(mean + 1e-5) * static_cast<double>(weight[i]);
      EXPECT_NEAR(want[i], exact, 1e-5);
    }
    for_each_table([&](const Kernels& table) {
      std::vector<float> got(n);
      table.rms_norm(x.data(), weight.data(), 1e-5f, n, got.data());
      expect_same_bits(want, got);
    });
  }
}

TEST(Elementwise, EveryTableGivesTheScalarBits) {
  std::mt19937 rng(6);
  for (size_t n : kLengths) {
    std::vector<float> a = gaussian(rng, n, 10.0f), b = gaussian(rng, n);
    a[0] = -0.0f;
    if (n > 4) {
      a[1] = kInf;
      a[2] = kNan;
      a[3] = -200.0f;
    }
    std::vector<float> sum(n), silu(n);
    scalar::table.add(a.data(), b.data(), n, sum.data());
    scalar::table.silu_mul(a.data(), b.data(), n, silu.data());
    const float dot = scalar::table.dot(b.data(), sum.data(), n);
    for_each_table([&](const Kernels& table) {
      std::vector<float> got(n);
      table.add(a.data(), b.data(), n, got.data());
      expect_same_bits(sum, got);
      got = a;
      table.add(got.data(), b.data(), n, got.data());  // in place
      expect_same_bits(sum, got);
      table.silu_mul(a.data(), b.data(), n, got.data());
      expect_same_bits(silu, got);
      got = b;
      table.silu_mul(a.data(), got.data(), n, got.data());
      expect_same_bits(silu, got);
      expect_same_bits({dot}, {table.dot(b.data(), sum.data(), n)});
    });
  }
}

TEST(Rope, EveryTableGivesTheScalarBits) {
  std::mt19937 rng(7);
  for (size_t n_rot : {2, 6, 16, 32, 64, 80, 128}) {
    const std::vector<float> head = gaussian(rng, n_rot + 5),
                             angle = gaussian(rng, n_rot / 2, 9.0f);
    std::vector<float> c, s;
    for (float v : angle) {
      c.push_back(std::cos(v));
      s.push_back(std::sin(v));
    }
    for (bool interleaved : {false, true}) {
      std::vector<float> want = head;
      scalar::table.rope(want.data(), c.data(), s.data(), n_rot, interleaved);
      const size_t other = interleaved ? 1 : n_rot / 2;
      EXPECT_NEAR(want[0], head[0] * c[0] - head[other] * s[0], 1e-5f);
      EXPECT_NEAR(want[other], head[0] * s[0] + head[other] * c[0], 1e-5f);
      EXPECT_EQ(want[n_rot], head[n_rot]);
      for_each_table([&](const Kernels& table) {
        std::vector<float> got = head;
        table.rope(got.data(), c.data(), s.data(), n_rot, interleaved);
        expect_same_bits(want, got);
      });
    }
  }
}

}  // namespace
}  // namespace hearth::kernels
