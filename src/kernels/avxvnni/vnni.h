// SPDX-License-Identifier: Apache-2.0
//
// The two instructions that AVX-VNNI adds to AVX2. emulated/vnni.h has them in AVX2's.
#pragma once

#include <immintrin.h>

namespace hearth::kernels {
namespace {

// acc + a . b over the 4 unsigned bytes of a and the 4 signed ones of b in each lane.
inline __m256i dot_bytes(__m256i acc, __m256i a, __m256i b) {
  return _mm256_dpbusd_avx_epi32(acc, a, b);
}
// acc + a . b over the two signed 16-bit numbers in each lane.
inline __m256i dot_pairs(__m256i acc, __m256i a, __m256i b) {
  return _mm256_dpwssd_avx_epi32(acc, a, b);
}

}  // namespace
}  // namespace hearth::kernels
