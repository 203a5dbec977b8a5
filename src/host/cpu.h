// SPDX-License-Identifier: Apache-2.0
//
// What the processor can do, and what the system lets a program use: an instruction set counts only
// if the kernel also saves its registers (XGETBV). Read once, by whoever chooses kernels; a value,
// so that a test can pretend any machine.
#pragma once

#include <string>

namespace hearth::host {

struct CpuFeatures {
  // x86-64
  bool avx2 = false, fma = false, f16c = false, bmi2 = false;
  bool avx512f = false, avx512bw = false, avx512vl = false, avx512dq = false;
  bool avx512vnni = false, avx512bf16 = false;
  bool avxvnni = false;
  // Of the CPU alone; the system must also save tiles (XCR0), and give leave to use them.
  bool amx_tile = false, amx_int8 = false, amx_bf16 = false;
  bool saves_tiles = false, permits_tiles = false;
  // aarch64
  bool neon = false, dotprod = false, i8mm = false;

  std::string vendor;  // "GenuineIntel", or empty
  std::string model;   // the marketing name, or empty
};

// Where there are tiles, Linux is asked for leave to use them (arch_prctl ARCH_REQ_XCOMP_PERM), for
// the whole process and what it forks: so the first call comes before a sandbox forbids asking.
CpuFeatures cpu_features();

}  // namespace hearth::host
