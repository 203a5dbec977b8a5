// SPDX-License-Identifier: Apache-2.0
//
// That the loops do the multiply-adds that they claim: every lane of every sum against the
// arithmetic of its form, worked out in plain C++.
#include "kernels/ceilings.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace hearth::kernels {
namespace {

using testing::HasSubstr;

template <class T>
T at(const void* bytes, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const uint8_t*>(bytes) + index * sizeof(T), sizeof(T));
  return value;
}

// What one round adds to a lane, and how many products that is.
struct LaneSum {
  int64_t sum = 0;
  uint32_t products = 0;
  template <class A, class B>
  void add(const void* a, size_t i, const void* b, size_t j) {
    sum += int64_t{at<A>(a, i)} * int64_t{at<B>(b, j)};
    ++products;
  }
};

LaneSum lane_sum(CeilingForm form, const uint8_t* a, const int8_t* b, size_t lane) {
  LaneSum out;
  switch (form) {
    case CeilingForm::dot4_u8s8:
      for (size_t i = 0; i < 4; ++i) out.add<uint8_t, int8_t>(a, 4 * lane + i, b, 4 * lane + i);
      break;
    case CeilingForm::pair_u8s8:
      for (size_t i = 0; i < 2; ++i) out.add<uint8_t, int8_t>(a, 2 * lane + i, b, 2 * lane + i);
      out.sum = std::clamp<int64_t>(out.sum, INT16_MIN, INT16_MAX);
      break;
    case CeilingForm::pair_s16:
      for (size_t i = 0; i < 2; ++i) out.add<int16_t, int16_t>(a, 2 * lane + i, b, 2 * lane + i);
      break;
    case CeilingForm::tile_u8s8:
      for (size_t k = 0; k < 64; ++k)
        out.add<uint8_t, int8_t>(a, lane / 16 * 64 + k, b, (k / 4 * 16 + lane % 16) * 4 + k % 4);
      break;
    case CeilingForm::dot4_s8:
      for (size_t i = 0; i < 4; ++i) out.add<int8_t, int8_t>(a, 4 * lane + i, b, 4 * lane + i);
      break;
    case CeilingForm::block_s8:
      for (size_t k = 0; k < 8; ++k)
        out.add<int8_t, int8_t>(a, lane / 2 * 8 + k, b, lane % 2 * 8 + k);
      break;
    case CeilingForm::single_s8:
      out.add<int8_t, int8_t>(a, lane, b, lane);
      break;
    case CeilingForm::single_f32:
      break;  // its own test
  }
  return out;
}

bool sums_of_16_bits(CeilingForm form) {
  return form == CeilingForm::pair_u8s8 || form == CeilingForm::single_s8;
}

struct Fixture {
  CeilingOperands operands;
  alignas(64) uint8_t sums[kCeilingSumBytes];
  Fixture() { fill_operands(7, operands); }
};

TEST(Ceilings, IntegerLoopsDoWhatTheyClaim) {
  const auto fixture = std::make_unique<Fixture>();
  constexpr uint64_t kRounds = 1003;
  size_t n_run = 0;
  for (const Ceiling& ceiling : all_ceilings()) {
    if (!ceiling.usable || ceiling.is_float()) continue;
    const bool is_16 = sums_of_16_bits(ceiling.form);
    ASSERT_LE(size_t{ceiling.chains} * ceiling.lanes * (is_16 ? 2 : 4), kCeilingSumBytes);
    ceiling.run(fixture->operands, kRounds, fixture->sums);
    uint64_t products = 0;
    for (size_t i = 0; i < size_t{ceiling.chains} * ceiling.lanes; ++i) {
      const size_t chain = i / ceiling.lanes;
      const LaneSum once = lane_sum(ceiling.form, fixture->operands.a[chain % 2],
                                    fixture->operands.b[chain % 2], i % ceiling.lanes);
      const auto expected = static_cast<uint64_t>(once.sum) * kRounds;
      if (is_16) {
        ASSERT_EQ(at<uint16_t>(fixture->sums, i), static_cast<uint16_t>(expected))
            << ceiling.name << ", chain " << chain << ", lane " << i % ceiling.lanes;
      } else {
        ASSERT_EQ(at<uint32_t>(fixture->sums, i), static_cast<uint32_t>(expected))
            << ceiling.name << ", chain " << chain << ", lane " << i % ceiling.lanes;
      }
      products += once.products;
    }
    EXPECT_EQ(products, ceiling.macs_per_round()) << ceiling.name;
    ++n_run;
  }
  EXPECT_GE(n_run, 1u);
}

// Small integers, and few enough rounds that no sum leaves what float32 holds exactly.
TEST(Ceilings, FloatLoopsDoWhatTheyClaim) {
  const auto fixture = std::make_unique<Fixture>();
  constexpr uint64_t kRounds = 1003;
  size_t n_run = 0;
  for (const Ceiling& ceiling : all_ceilings()) {
    if (!ceiling.usable || !ceiling.is_float()) continue;
    ceiling.run(fixture->operands, kRounds, fixture->sums);
    for (size_t i = 0; i < size_t{ceiling.chains} * ceiling.lanes; ++i) {
      const size_t chain = i / ceiling.lanes, lane = i % ceiling.lanes;
      const float once =
          fixture->operands.float_a[chain % 2][lane] * fixture->operands.float_b[chain % 2][lane];
      ASSERT_EQ(at<float>(fixture->sums, i), once * static_cast<float>(kRounds))
          << ceiling.name << ", chain " << chain << ", lane " << lane;
    }
    EXPECT_EQ(ceiling.macs_per_lane, 1u) << ceiling.name;
    ++n_run;
  }
  EXPECT_GE(n_run, 1u);
}

TEST(Ceilings, EveryMachineHasOneOfEachKind) {
  EXPECT_TRUE(best_ceiling(true).usable && best_ceiling(true).is_float());
  EXPECT_TRUE(best_ceiling(false).usable && !best_ceiling(false).is_float());
  bool has_int8 = false, has_float = false;
  for (const Ceiling& ceiling : ceilings_for(host::CpuFeatures{})) {
    EXPECT_EQ(ceiling.usable, std::strlen(ceiling.missing) == 0) << ceiling.name;
    if (ceiling.usable) (ceiling.is_float() ? has_float : has_int8) = true;
  }
  EXPECT_TRUE(has_int8 && has_float);
}

#if defined(__x86_64__)
TEST(Ceilings, FollowWhatTheCpuHas) {
  host::CpuFeatures cpu;
  cpu.avx2 = cpu.fma = cpu.avxvnni = true;
  for (const Ceiling& ceiling : ceilings_for(cpu)) {
    const std::string name = ceiling.name;
    const bool is_wide = name.find("512") != std::string::npos ||
                         name.find("EVEX") != std::string::npos ||
                         name.find("tdp") != std::string::npos;
    EXPECT_EQ(ceiling.usable, !is_wide) << name;
  }
}
#elif defined(__aarch64__)
TEST(Ceilings, FollowWhatTheCpuHas) {
  host::CpuFeatures cpu;
  cpu.neon = true;
  const auto best_name = [&] {
    for (const Ceiling& ceiling : ceilings_for(cpu))
      if (ceiling.usable && !ceiling.is_float()) return std::string(ceiling.name);
    return std::string("none");
  };
  EXPECT_EQ(best_name(), "smlal, 128 bit");
  cpu.dotprod = true;
  EXPECT_EQ(best_name(), "sdot, 128 bit");
  cpu.i8mm = true;
  EXPECT_EQ(best_name(), "smmla, 128 bit");
}
#endif

TEST(ReadLoop, SumsEveryWordOnce) {
  constexpr size_t kWords = 5 * kReadStep / sizeof(uint32_t);
  std::vector<uint32_t> memory(kWords + 16);
  auto* const words =
      reinterpret_cast<uint32_t*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
  for (size_t i = 0; i < kWords; ++i) words[i] = static_cast<uint32_t>(i * i * 2654435761u + i);
  for (size_t n = kReadStep; n <= 5 * kReadStep; n += kReadStep) {
    const uint32_t expected = std::accumulate(words, words + n / sizeof(uint32_t), 0u);
    EXPECT_EQ(read_loop().sum(words, n), expected) << read_loop().name << ", " << n << " bytes";
  }
}

}  // namespace
}  // namespace hearth::kernels
