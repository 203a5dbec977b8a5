// SPDX-License-Identifier: Apache-2.0
#include "host/cpu.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace hearth::host {

#if defined(__x86_64__)
namespace {

struct Leaf {
  std::uint32_t a = 0, b = 0, c = 0, d = 0;
};

Leaf cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Leaf out;
  __get_cpuid_count(leaf, subleaf, &out.a, &out.b, &out.c, &out.d);  // zeros where there is no leaf
  return out;
}

bool bit(std::uint32_t word, unsigned n) {
  return (word >> n & 1) != 0;
}

// The register sets that the system saves (XCR0).
std::uint64_t saved_registers() {
  std::uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
}

// Documentation/arch/x86/xstate.rst of Linux; glibc 2.36 has neither the names nor a function.
bool ask_for_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

std::string trimmed(const char* text, std::size_t size) {
  std::string out(text, strnlen(text, size));
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out.erase(0, out.find_first_not_of(' ') == std::string::npos ? 0 : out.find_first_not_of(' '));
  return out;
}

}  // namespace

CpuFeatures cpu_features() {
  CpuFeatures f;
  const Leaf vendor = cpuid(0);
  char text[48] = {};
  std::memcpy(text, &vendor.b, 4);
  std::memcpy(text + 4, &vendor.d, 4);
  std::memcpy(text + 8, &vendor.c, 4);
  f.vendor = trimmed(text, 12);
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Leaf part = cpuid(0x80000002u + i);
    std::memcpy(text + 16 * i, &part, 16);
  }
  f.model = trimmed(text, sizeof text);

  const Leaf basic = cpuid(1);
  if (!bit(basic.c, 27)) return f;  // no OSXSAVE: the system saves none of the wide registers
  const std::uint64_t saved = saved_registers();
  const bool ymm = (saved & 0x6) == 0x6;
  const bool zmm = (saved & 0xe6) == 0xe6;
  const Leaf extended = cpuid(7), extended1 = cpuid(7, 1);

  f.fma = ymm && bit(basic.c, 12);
  f.f16c = ymm && bit(basic.c, 29);
  f.avx2 = ymm && bit(extended.b, 5);
  f.bmi2 = bit(extended.b, 8);
  f.avxvnni = ymm && bit(extended1.a, 4);
  f.avx512f = zmm && bit(extended.b, 16);
  f.avx512dq = zmm && bit(extended.b, 17);
  f.avx512bw = zmm && bit(extended.b, 30);
  f.avx512vl = zmm && bit(extended.b, 31);
  f.avx512vnni = zmm && bit(extended.c, 11);
  f.avx512bf16 = zmm && bit(extended1.a, 5);
  f.amx_tile = bit(extended.d, 24);
  f.amx_int8 = bit(extended.d, 25);
  f.amx_bf16 = bit(extended.d, 22);
  f.saves_tiles = (saved & 0x60000) == 0x60000;
  f.permits_tiles = f.amx_tile && f.saves_tiles && ask_for_tiles();
  return f;
}

#elif defined(__aarch64__)

CpuFeatures cpu_features() {
  CpuFeatures f;
  f.neon = (getauxval(AT_HWCAP) & HWCAP_ASIMD) != 0;
  f.dotprod = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  f.i8mm = (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
  return f;
}

#else

CpuFeatures cpu_features() {
  return {};
}

#endif

}  // namespace hearth::host
