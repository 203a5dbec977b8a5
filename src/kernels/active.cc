// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "kernels/choice.h"
#include "kernels/scalar/functions.h"
#include "kernels/trial.h"

#if defined(__x86_64__)
#include "kernels/amx/functions.h"
#include "kernels/avx2/functions.h"
#include "kernels/avx512vnni/functions.h"
#include "kernels/avxvnni/functions.h"
#elif defined(__aarch64__)
#include "kernels/dotprod/functions.h"
#include "kernels/i8mm/functions.h"
#include "kernels/neon/functions.h"
#endif

namespace hearth::kernels {
namespace {

struct Need {
  bool present;
  const char* missing;
};

IsaChoice choice(const Kernels& table, std::initializer_list<Need> needs,
                 TokensByForm least_tokens = {1, 1}) {
  for (const Need& need : needs) {
    if (!need.present) return {&table, false, need.missing, least_tokens};
  }
  return {&table, true, "", least_tokens};
}

template <class Choices>
auto* find(Choices& choices, std::string_view name) {
  const auto it = std::find_if(choices.begin(), choices.end(),
                               [&](const IsaChoice& c) { return name == c.table->name; });
  return it == choices.end() ? nullptr : &*it;
}

#if defined(__x86_64__)
// Tiles multiply 32 tokens at a time and want weights in another form: from how many tokens on that
// pays is measured, not known.
void try_here(std::vector<IsaChoice>& choices) {
  IsaChoice* const tiles = find(choices, "amx");
  IsaChoice* const vectors = find(choices, "avx512vnni");
  if (!tiles->usable) return;
  amx::least_tokens = {kLeastBlockedTokens, kLeastBlockedTokens};
  const auto try_type = [&](WeightType type) {
    const std::vector<TrialOf> trials = try_numbers_of_tokens(*tiles->table, *vectors->table, type);
    tiles->trial_macs = trials.back().trial.first;
    vectors->trial_macs = trials.back().trial.second;
    return break_even(trials);
  };
  const size_t of_q8_32 = try_type(WeightType::q4_0);
  amx::least_tokens = {of_q8_32, try_type(WeightType::q4_k)};
  tiles->least_tokens = amx::least_tokens;
}
#elif defined(__aarch64__)
// smmla does twice the work of sdot, which some CPUs take twice the time for: measured, not known.
void try_here(std::vector<IsaChoice>& choices) {
  IsaChoice* const first = find(choices, "i8mm");
  IsaChoice* const second = find(choices, "dotprod");
  if (!first->usable || !second->usable) return;
  const Trial trial = try_products(*first->table, *second->table);
  first->trial_macs = trial.first;
  second->trial_macs = trial.second;
}
#else
void try_here(std::vector<IsaChoice>&) {}
#endif

const std::vector<IsaChoice>& choices_here() {
  static const std::vector<IsaChoice> choices = [] {
    std::vector<IsaChoice> all = choices_for(host::cpu_features());
    try_here(all);
    return all;
  }();
  return choices;
}

const Kernels* find_usable(std::string_view name) {
  const IsaChoice* choice = find(choices_here(), name);
  return choice != nullptr && choice->usable ? choice->table : nullptr;
}

const Kernels* first_choice() {
  // An unknown or unusable name is refused by the app, which can say so; here the best table
  // serves.
  if (const char* name = std::getenv("HEARTH_ISA")) {
    if (const Kernels* table = find_usable(name)) return table;
  }
  return &best_of(choices_here());
}

std::atomic<const Kernels*>& chosen() {
  static std::atomic<const Kernels*> table{first_choice()};
  return table;
}

}  // namespace

std::vector<IsaChoice> choices_for([[maybe_unused]] const host::CpuFeatures& cpu) {
#if defined(__x86_64__)
  const IsaChoice vectors_512 = choice(
      avx512vnni::table,
      {{cpu.avx512f, "the CPU or system has no AVX-512"},
       {cpu.avx512bw && cpu.avx512vl && cpu.avx512dq, "the CPU lacks AVX-512 BW, VL or DQ"},
       {cpu.avx512vnni, "the CPU lacks AVX-512 VNNI"},
       {cpu.avx2 && cpu.fma && cpu.f16c && cpu.bmi2, "the CPU lacks AVX2, FMA, F16C or BMI2"}});
  const IsaChoice vectors_256 = choice(avx2::table, {{cpu.avx2, "the CPU or system has no AVX2"},
                                                     {cpu.fma, "the CPU lacks FMA"},
                                                     {cpu.f16c, "the CPU lacks F16C"},
                                                     {cpu.bmi2, "the CPU lacks BMI2"}});
#elif defined(__aarch64__)
  const IsaChoice vectors =
      choice(neon::table, {{cpu.neon, "the CPU or system has no Advanced SIMD"}});
  const IsaChoice dots = choice(dotprod::table, {{cpu.dotprod, "the CPU lacks DotProd (sdot)"},
                                                 {vectors.usable, vectors.missing}});
#endif
  return {
#if defined(__x86_64__)
      choice(amx::table,
             {{cpu.amx_tile && cpu.amx_int8, "the CPU has no AMX tiles for int8"},
              {cpu.saves_tiles, "the system does not save AMX tiles"},
              {cpu.permits_tiles, "the system did not permit AMX tiles"},
              {vectors_512.usable, vectors_512.missing}},
             amx::least_tokens),
      vectors_512,
      choice(avxvnni::table, {{cpu.avxvnni, "the CPU lacks AVX-VNNI (256 bit)"},
                              {vectors_256.usable, vectors_256.missing}}),
      vectors_256,
#elif defined(__aarch64__)
      choice(i8mm::table, {{cpu.i8mm, "the CPU lacks I8MM (smmla)"}, {dots.usable, dots.missing}},
             {kLeastBlockedTokens, kLeastBlockedTokens}),
      dots,
      vectors,
#endif
      choice(scalar::table, {}),
  };
}

const Kernels& best_of(const std::vector<IsaChoice>& choices) {
  constexpr double kClearly = 1.1;  // what a tie and its noise stay below
  const IsaChoice* best = nullptr;
  for (const IsaChoice& c : choices) {
    if (!c.usable) continue;
    if (best == nullptr || (best->trial_macs > 0 && c.trial_macs > kClearly * best->trial_macs))
      best = &c;
  }
  return best != nullptr ? *best->table : scalar::table;
}

const IsaChoice* all_isas(size_t* n) {
  *n = choices_here().size();
  return choices_here().data();
}

const Kernels& active() {
  return *chosen().load(std::memory_order_relaxed);
}

bool select_isa(const char* name) {
  const Kernels* table = find_usable(name);
  if (table != nullptr) chosen().store(table, std::memory_order_relaxed);
  return table != nullptr;
}

}  // namespace hearth::kernels
