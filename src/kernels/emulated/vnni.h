// SPDX-License-Identifier: Apache-2.0
//
// The words of avxvnni/vnni.h for tests on a CPU with AVX2 alone: bytes at even and at odd places
// are widened to 16 bits, where no sum saturates.
#pragma once

#include <immintrin.h>

namespace hearth::kernels {
namespace {

inline __m256i dot_pairs(__m256i acc, __m256i a, __m256i b) {
  return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
}
inline __m256i dot_bytes(__m256i acc, __m256i a, __m256i b) {
  const __m256i even_a = _mm256_and_si256(a, _mm256_set1_epi16(255));
  const __m256i even_b = _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8);
  const __m256i sum = dot_pairs(acc, even_a, even_b);
  return dot_pairs(sum, _mm256_srli_epi16(a, 8), _mm256_srai_epi16(b, 8));
}

}  // namespace
}  // namespace hearth::kernels
