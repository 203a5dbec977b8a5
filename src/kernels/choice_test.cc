// SPDX-License-Identifier: Apache-2.0
//
// Which table is chosen, under pretended CPUs and on this one.
#include "kernels/choice.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::kernels {
namespace {

std::string best(const host::CpuFeatures& cpu) {
  for (const IsaChoice& c : choices_for(cpu)) {
    if (c.usable) return c.table->name;
  }
  return "";
}

[[maybe_unused]] std::string missing(const host::CpuFeatures& cpu, const std::string& name) {
  for (const IsaChoice& c : choices_for(cpu)) {
    if (c.table->name == name) return c.missing;
  }
  return "no such table";
}

TEST(Choice, ScalarRunsEverywhere) {
  EXPECT_EQ(best({}), "scalar");
  const auto all = choices_for({});
  EXPECT_STREQ(all.back().table->name, "scalar");
  for (const IsaChoice& c : all)
    EXPECT_EQ(c.usable, std::string(c.missing).empty()) << c.table->name;
}

#if defined(__x86_64__)
TEST(Choice, PretendedCpus) {
  host::CpuFeatures haswell;
  haswell.avx2 = haswell.fma = haswell.f16c = haswell.bmi2 = true;
  EXPECT_EQ(best(haswell), "avx2");
  EXPECT_EQ(missing(haswell, "avx512vnni"), "the CPU or system has no AVX-512");

  host::CpuFeatures odd = haswell;
  odd.fma = false;
  EXPECT_EQ(best(odd), "scalar");
  EXPECT_EQ(missing(odd, "avx2"), "the CPU lacks FMA");

  host::CpuFeatures skylake = haswell;
  skylake.avx512f = skylake.avx512bw = skylake.avx512vl = skylake.avx512dq = true;
  EXPECT_EQ(best(skylake), "avx2");
  EXPECT_EQ(missing(skylake, "avx512vnni"), "the CPU lacks AVX-512 VNNI");

  host::CpuFeatures cascade_lake = skylake;
  cascade_lake.avx512vnni = true;
  EXPECT_EQ(best(cascade_lake), "avx512vnni");
}
#endif

TEST(Choice, SelectingChangesTheActiveTable) {
  const char* before = active().name;
  EXPECT_FALSE(select_isa("no such table"));
  EXPECT_STREQ(active().name, before);
  size_t n;
  const IsaChoice* all = all_isas(&n);
  for (size_t i = 0; i < n; ++i) {
    EXPECT_EQ(select_isa(all[i].table->name), all[i].usable);
    if (all[i].usable) {
      EXPECT_EQ(&active(), all[i].table);
    }
  }
  EXPECT_TRUE(select_isa(before));
}

}  // namespace
}  // namespace hearth::kernels
