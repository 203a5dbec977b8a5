// SPDX-License-Identifier: Apache-2.0
//
// Which table is chosen, under pretended CPUs and on this one.
#include "kernels/choice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "kernels/scalar/functions.h"
#include "kernels/test_tables.h"
#include "kernels/trial.h"

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
    EXPECT_EQ(c.least_tokens.q8_256 > 1, std::string(c.table->name) == "amx") << c.table->name;
  }
}
#endif

#if defined(__aarch64__)
TEST(Choice, PretendedCpus) {
  host::CpuFeatures cortex_a72;
  cortex_a72.neon = true;
  EXPECT_EQ(best(cortex_a72), "neon");
  EXPECT_EQ(missing(cortex_a72, "dotprod"), "the CPU lacks DotProd (sdot)");
  EXPECT_EQ(missing(cortex_a72, "i8mm"), "the CPU lacks I8MM (smmla)");

  host::CpuFeatures neoverse_n1 = cortex_a72;
  neoverse_n1.dotprod = true;
  EXPECT_EQ(best(neoverse_n1), "dotprod");
  EXPECT_EQ(missing(neoverse_n1, "i8mm"), "the CPU lacks I8MM (smmla)");

  host::CpuFeatures neoverse_v1 = neoverse_n1;
  neoverse_v1.i8mm = true;
  EXPECT_EQ(best(neoverse_v1), "i8mm");

  host::CpuFeatures odd = neoverse_v1;
  odd.dotprod = false;
  EXPECT_EQ(best(odd), "neon");
  EXPECT_EQ(missing(odd, "i8mm"), "the CPU lacks DotProd (sdot)");
}

// What smmla multiplies from 4 tokens on, sdot does below.
TEST(Choice, SmallBatchesAreLeftToTheNextTable) {
  for (const IsaChoice& c : choices_for({})) {
    const bool is_i8mm = std::string(c.table->name) == "i8mm";
    EXPECT_EQ(c.least_tokens.q8_256, is_i8mm ? kLeastBlockedTokens : 1u) << c.table->name;
  }
}
#endif

// Where an emulator says which CPU it is (CMakeLists.txt), no set may be left out unseen.
TEST(Choice, ThisMachineCanRunWhatIsExpected) {
  std::string usable;
  size_t n;
  const IsaChoice* all = all_isas(&n);
  for (size_t i = 0; i < n; ++i) {
    if (all[i].usable) usable += (usable.empty() ? "" : " ") + std::string(all[i].table->name);
  }
  EXPECT_TRUE(usable.ends_with("scalar"));
  const char* expected = std::getenv("HEARTH_TEST_ISAS");
  EXPECT_EQ(usable, expected != nullptr ? expected : usable);
}

TEST(Choice, ATrialDecides) {
  Kernels fast{}, slow{};
  fast.name = "new";
  slow.name = "old";
  const auto best_by = [&](double of_fast, double of_slow, bool usable = true) {
    return std::string(best_of({{&fast, usable, "", {1, 1}, of_fast},
                                {&slow, true, "", {1, 1}, of_slow},
                                {&scalar::table, true, ""}})
                           .name);
  };
  EXPECT_EQ(best_by(0, 0), "new");  // no trial
  EXPECT_EQ(best_by(50e9, 30e9), "new");
  EXPECT_EQ(best_by(50e9, 50e9), "new");
  EXPECT_EQ(best_by(50e9, 54e9), "new");  // noise
  EXPECT_EQ(best_by(50e9, 60e9), "old");
  EXPECT_EQ(best_by(50e9, 30e9, false), "old");
  EXPECT_STREQ(best_of({}).name, "scalar");
}

TEST(Choice, ATrialMeasures) {
  const Kernels& best = active();
  if (!best.packed) GTEST_SKIP() << "the scalar table alone";
  const Trial trial = try_products(best, best);
  EXPECT_GT(trial.first, 1e6);  // even an emulator does a million a second
  EXPECT_GT(trial.second, 1e6);
}

TEST(Choice, BreakEvenIsWhereAllThatFollowIsFaster) {
  const auto of = [](std::vector<Trial> trials) {
    std::vector<TrialOf> ascending;
    for (const Trial& trial : trials) ascending.push_back({4 * (ascending.size() + 1), trial});
    return break_even(ascending);
  };
  EXPECT_EQ(of({{1, 2}, {3, 2}, {4, 2}}), 8u);
  EXPECT_EQ(of({{3, 2}, {1, 2}, {4, 2}}), 12u);  // one lucky turn
  EXPECT_EQ(of({{3, 2}, {3, 2}, {4, 2}}), 4u);
  EXPECT_EQ(of({{3, 2}, {3, 2}, {1, 2}}), kNoBatch);
  EXPECT_EQ(of({{2, 2}}), kNoBatch);
  EXPECT_EQ(of({}), kNoBatch);
}

#if defined(__x86_64__)
// With emulated tiles, whose speed says nothing.
TEST(Choice, NumbersOfTokensAreTriedWithTheTablesOwnForms) {
  if (!is_usable("avx2")) GTEST_SKIP() << "the scalar table alone";
  for (const WeightType type : {WeightType::q4_0, WeightType::q4_k}) {
    const auto trials =
        try_numbers_of_tokens(amx_all_emulated::table, avx512vnni_emulated::table, type);
    EXPECT_EQ(trials.front().n_tokens, kLeastBlockedTokens);
    for (const TrialOf& t : trials) {
      EXPECT_GT(t.trial.first, 1e6) << t.n_tokens;
      EXPECT_GT(t.trial.second, 1e6) << t.n_tokens;
    }
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
