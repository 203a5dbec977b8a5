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
  EXPECT_EQ(missing(cascade_lake, "amx"), "the CPU has no AMX tiles for int8");
  EXPECT_EQ(missing(cascade_lake, "avxvnni"), "the CPU lacks AVX-VNNI (256 bit)");

  host::CpuFeatures alder_lake = haswell;
  alder_lake.avxvnni = true;
  EXPECT_EQ(best(alder_lake), "avxvnni");
  EXPECT_EQ(missing(alder_lake, "avx2"), "");
  alder_lake.bmi2 = false;
  EXPECT_EQ(best(alder_lake), "scalar");
  EXPECT_EQ(missing(alder_lake, "avxvnni"), "the CPU lacks BMI2");
}

TEST(Choice, TilesNeedCpuAndSystem) {
  host::CpuFeatures cpu;
  cpu.avx2 = cpu.fma = cpu.f16c = cpu.bmi2 = true;
  cpu.avx512f = cpu.avx512bw = cpu.avx512vl = cpu.avx512dq = cpu.avx512vnni = cpu.avxvnni = true;
  cpu.amx_tile = true;
  EXPECT_EQ(missing(cpu, "amx"), "the CPU has no AMX tiles for int8");
  cpu.amx_int8 = true;
  EXPECT_EQ(missing(cpu, "amx"), "the system does not save AMX tiles");
  cpu.saves_tiles = true;
  EXPECT_EQ(missing(cpu, "amx"), "the system did not permit AMX tiles");
  EXPECT_EQ(best(cpu), "avx512vnni");
  cpu.permits_tiles = true;
  EXPECT_EQ(best(cpu), "amx");
  cpu.avx512vnni = false;
  EXPECT_EQ(missing(cpu, "amx"), "the CPU lacks AVX-512 VNNI");
  EXPECT_EQ(best(cpu), "avxvnni");
}

// A batch below a table's least is computed by the next best table: what the report says.
TEST(Choice, SmallBatchesAreLeftToTheNextTable) {
  for (const IsaChoice& c : choices_for({})) {
    EXPECT_EQ(c.table->least_tokens > 1, std::string(c.table->name) == "amx") << c.table->name;
  }
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
