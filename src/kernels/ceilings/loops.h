// SPDX-License-Identifier: Apache-2.0
//
// The loops behind kernels/ceilings.h, which names them. Only to be called where the CPU has the
// instructions.
#pragma once

#include "kernels/ceilings.h"

namespace hearth::kernels::ceilings {

#define HEARTH_CEILING(name) \
  void name(const CeilingOperands& operands, uint64_t rounds, void* sums);

#if defined(__x86_64__)
HEARTH_CEILING(tdpbusd)
HEARTH_CEILING(vpdpbusd_512)
HEARTH_CEILING(vpdpbusd_256)       // AVX-VNNI's encoding
HEARTH_CEILING(vpdpbusd_256_evex)  // that of AVX-512 VNNI and VL
HEARTH_CEILING(vpmaddubsw_256)
HEARTH_CEILING(pmaddwd_128)
HEARTH_CEILING(fma_512)
HEARTH_CEILING(fma_256)
HEARTH_CEILING(mul_add_128)
uint32_t read_512(const void* bytes, size_t n_bytes);
uint32_t read_256(const void* bytes, size_t n_bytes);
uint32_t read_128(const void* bytes, size_t n_bytes);
#elif defined(__aarch64__)
HEARTH_CEILING(smmla)
HEARTH_CEILING(sdot)
HEARTH_CEILING(smlal)
HEARTH_CEILING(fmla)
uint32_t read_128(const void* bytes, size_t n_bytes);
#endif

#undef HEARTH_CEILING

}  // namespace hearth::kernels::ceilings
