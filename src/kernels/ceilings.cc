// SPDX-License-Identifier: Apache-2.0
#include "kernels/ceilings.h"

#include <initializer_list>

#include "kernels/ceilings/loops.h"
#include "kernels/random_blocks.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hearth::kernels {
namespace {

using enum CeilingForm;

#if defined(__x86_64__)
// Linux gives the tile registers to those who ask (Documentation/arch/x86/xstate.rst).
bool ask_for_tiles() {
  constexpr long kAskForPermission = 0x1023, kTileData = 18;
  return ::syscall(SYS_arch_prctl, kAskForPermission, kTileData) == 0;
}
#endif

}  // namespace

void fill_operands(uint64_t seed, CeilingOperands& operands) {
  RandomBits bits(seed);
  for (size_t i = 0; i < 2; ++i) {
    for (uint8_t& value : operands.a[i]) value = static_cast<uint8_t>(bits.next());
    for (int8_t& value : operands.b[i]) value = static_cast<int8_t>(bits.next());
    for (float& value : operands.float_a[i]) value = static_cast<float>(bits.next() % 15) - 7.0f;
    for (float& value : operands.float_b[i]) value = static_cast<float>(bits.next() % 15) - 7.0f;
  }
}

std::vector<Ceiling> ceilings_for([[maybe_unused]] const host::CpuFeatures& cpu) {
  const auto when = [](bool usable, Ceiling ceiling, const char* missing) {
    ceiling.usable = usable;
    ceiling.missing = usable ? "" : missing;
    return ceiling;
  };
#if defined(__x86_64__)
  return {
      when(cpu.amx_int8 && ask_for_tiles(),
           {"tdpbusd, tiles of 16 x 64", tile_u8s8, 4, 256, 64, ceilings::tdpbusd, false, ""},
           "the CPU or system has no AMX"),
      when(cpu.avx512vnni && cpu.avx512f,
           {"vpdpbusd, 512 bit", dot4_u8s8, 24, 16, 4, ceilings::vpdpbusd_512, false, ""},
           "the CPU or system has no AVX-512 VNNI"),
      when(cpu.avxvnni,
           {"vpdpbusd, 256 bit", dot4_u8s8, 12, 8, 4, ceilings::vpdpbusd_256, false, ""},
           "the CPU has no AVX-VNNI"),
      when(
          cpu.avx512vnni && cpu.avx512vl,
          {"vpdpbusd, 256 bit (EVEX)", dot4_u8s8, 24, 8, 4, ceilings::vpdpbusd_256_evex, false, ""},
          "the CPU or system has no AVX-512 VNNI"),
      when(cpu.avx2,
           {"vpmaddubsw, 256 bit", pair_u8s8, 12, 16, 2, ceilings::vpmaddubsw_256, false, ""},
           "the CPU or system has no AVX2"),
      {"pmaddwd, 128 bit", pair_s16, 12, 4, 2, ceilings::pmaddwd_128, true, ""},
      when(cpu.avx512f, {"fma, 512 bit", single_f32, 24, 16, 1, ceilings::fma_512, false, ""},
           "the CPU or system has no AVX-512"),
      when(cpu.avx2 && cpu.fma,
           {"fma, 256 bit", single_f32, 12, 8, 1, ceilings::fma_256, false, ""},
           "the CPU lacks AVX2 or FMA"),
      {"mulps and addps, 128 bit", single_f32, 12, 4, 1, ceilings::mul_add_128, true, ""},
  };
#elif defined(__aarch64__)
  return {
      when(cpu.i8mm, {"smmla, 128 bit", block_s8, 24, 4, 8, ceilings::smmla, false, ""},
           "the CPU lacks I8MM"),
      when(cpu.dotprod, {"sdot, 128 bit", dot4_s8, 24, 4, 4, ceilings::sdot, false, ""},
           "the CPU lacks DotProd"),
      {"smlal, 128 bit", single_s8, 24, 8, 1, ceilings::smlal, true, ""},
      {"fmla, 128 bit", single_f32, 24, 4, 1, ceilings::fmla, true, ""},
  };
#else
#error "no loops for this architecture"
#endif
}

const std::vector<Ceiling>& all_ceilings() {
  static const std::vector<Ceiling> ceilings = ceilings_for(host::cpu_features());
  return ceilings;
}

const Ceiling& best_ceiling(bool is_float) {
  const std::vector<Ceiling>& all = all_ceilings();
  for (const Ceiling& ceiling : all)
    if (ceiling.usable && ceiling.is_float() == is_float) return ceiling;
  return all.back();  // never: the last of each kind needs nothing special
}

const ReadLoop& read_loop() {
#if defined(__x86_64__)
  static const ReadLoop loop = [] {
    const host::CpuFeatures cpu = host::cpu_features();
    if (cpu.avx512f) return ReadLoop{"512-bit loads", ceilings::read_512};
    if (cpu.avx2) return ReadLoop{"256-bit loads", ceilings::read_256};
    return ReadLoop{"128-bit loads", ceilings::read_128};
  }();
#else
  static const ReadLoop loop{"128-bit loads", ceilings::read_128};
#endif
  return loop;
}

}  // namespace hearth::kernels
