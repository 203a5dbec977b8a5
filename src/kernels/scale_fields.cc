// SPDX-License-Identifier: Apache-2.0
#include "kernels/scale_fields.h"

#include "kernels/decode/fp4.h"
#include "kernels/half.h"
#include "kernels/layout.h"

namespace hearth::kernels {
namespace {

constexpr ScaleFields one(ScaleKind kind, size_t offset) {
  return {{{kind, static_cast<uint8_t>(offset)}}, 1};
}
// A scale, and a scale or value of the minimum: the mean quant times the first takes the mean away.
constexpr ScaleFields two(size_t offset, size_t second, float of_first) {
  return {{{ScaleKind::f16, static_cast<uint8_t>(offset)},
           {ScaleKind::f16, static_cast<uint8_t>(second), of_first}},
          2};
}

template <class T>
T read(const uint8_t* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

template <class Word, Word kExponent>
bool exponent_is_full(const uint8_t* p) {
  return (read<Word>(p) & kExponent) == kExponent;
}

bool is_f16_finite(uint32_t half) {
  return (half & 0x7c00u) != 0x7c00u;
}

// Plain floats: a stretch at a time, in a loop that compilers turn into vectors.
template <class Word, Word kExponent>
size_t find_in_plain(const uint8_t* p, size_t n) {
  constexpr size_t kStretch = 256;
  for (size_t at = 0; at < n;) {
    const size_t end = n - at < kStretch ? n : at + kStretch;
    Word bad = 0;
    for (size_t i = at; i < end; ++i) {
      bad = static_cast<Word>(bad | (exponent_is_full<Word, kExponent>(p + i * sizeof(Word))));
    }
    if (bad != 0) {
      while (!exponent_is_full<Word, kExponent>(p + at * sizeof(Word))) ++at;
      return at;
    }
    at = end;
  }
  return n;
}

// 2^(253 - 127) times 4 is the first product beyond the largest float.
bool is_e8m0_block_finite(const uint8_t* block) {
  const auto* mxfp4 = reinterpret_cast<const BlockMXFP4*>(block);
  if (mxfp4->e < 253) return true;
  if (mxfp4->e == 255) return false;
  GroupOf32 group;
  DecodeMXFP4::group(*mxfp4, 0, &group);
  for (size_t i = 0; i < 32; ++i) {
    const float w = group.d[0] * static_cast<float>(group.q[i]);
    if (exponent_is_full<uint32_t, 0x7f800000u>(reinterpret_cast<const uint8_t*>(&w))) return false;
  }
  return true;
}

bool is_field_finite(ScaleKind kind, const uint8_t* block, const uint8_t* p) {
  switch (kind) {
    case ScaleKind::f64:
      return !exponent_is_full<uint64_t, 0x7ff0000000000000u>(p);
    case ScaleKind::f32:
      return !exponent_is_full<uint32_t, 0x7f800000u>(p);
    case ScaleKind::bf16:
      return !exponent_is_full<uint16_t, 0x7f80u>(p);
    case ScaleKind::f16:
      return is_f16_finite(read<uint16_t>(p));
    case ScaleKind::e8m0:
      return is_e8m0_block_finite(block);
    case ScaleKind::ue4m3:
      return *p != 0x7f;
    case ScaleKind::f16_in_nibbles:
      return is_f16_finite(static_cast<uint32_t>(p[7] >> 4) << 12 | static_cast<uint32_t>(p[5] >> 4)
                                                                        << 8);
  }
  return true;
}

}  // namespace

ScaleFields scale_fields(WeightType type) {
  switch (static_cast<uint32_t>(type)) {
    case 9:  // Q8_1: a scale, and the sum of the quants times it
      return two(0, 2, 0);
    case 15:  // Q8_K
      return one(ScaleKind::f32, 0);
    case 28:  // F64
      return one(ScaleKind::f64, 0);
    default:
      break;
  }
  switch (type) {
    case WeightType::f32:
      return one(ScaleKind::f32, 0);
    case WeightType::f16:
      return one(ScaleKind::f16, 0);
    case WeightType::bf16:
      return one(ScaleKind::bf16, 0);
    case WeightType::q4_0:
    case WeightType::q5_0:
    case WeightType::q8_0:
    case WeightType::iq4_nl:
    case WeightType::q1_0:
    case WeightType::q2_0:
    case WeightType::iq4_xs:
    case WeightType::iq2_xxs:
    case WeightType::iq2_xs:
    case WeightType::iq2_s:
    case WeightType::iq3_xxs:
    case WeightType::iq3_s:
    case WeightType::iq1_s:
      return one(ScaleKind::f16, 0);
    case WeightType::q4_1:
      return two(0, 2, -7.5f);
    case WeightType::q5_1:
      return two(0, 2, -15.5f);
    case WeightType::q4_k:
      return two(0, 2, 7.5f);
    case WeightType::q5_k:
      return two(0, 2, 15.5f);
    case WeightType::q2_k:
      return two(offsetof(BlockQ2_K, d), offsetof(BlockQ2_K, dmin), 1.5f);
    case WeightType::q3_k:
      return one(ScaleKind::f16, offsetof(BlockQ3_K, d));
    case WeightType::q6_k:
      return one(ScaleKind::f16, offsetof(BlockQ6_K, d));
    case WeightType::tq1_0:
      return one(ScaleKind::f16, offsetof(BlockTQ1_0, d));
    case WeightType::tq2_0:
      return one(ScaleKind::f16, offsetof(BlockTQ2_0, d));
    case WeightType::iq1_m:
      return one(ScaleKind::f16_in_nibbles, offsetof(BlockIQ1_M, scales));
    case WeightType::mxfp4:
      return one(ScaleKind::e8m0, 0);
    case WeightType::nvfp4:
      return {{{ScaleKind::ue4m3, 0},
               {ScaleKind::ue4m3, 1},
               {ScaleKind::ue4m3, 2},
               {ScaleKind::ue4m3, 3}},
              4};
  }
  return {};
}

size_t find_not_finite(WeightType type, size_t block_bytes, const void* blocks, size_t n) {
  const auto* p = static_cast<const uint8_t*>(blocks);
  switch (type) {
    case WeightType::f32:
      return find_in_plain<uint32_t, 0x7f800000u>(p, n);
    case WeightType::f16:
      return find_in_plain<uint16_t, 0x7c00u>(p, n);
    case WeightType::bf16:
      return find_in_plain<uint16_t, 0x7f80u>(p, n);
    default:
      break;
  }
  const ScaleFields fields = scale_fields(type);
  if (fields.n == 0) return n;
  for (size_t i = 0; i < n; ++i) {
    const uint8_t* block = p + i * block_bytes;
    for (size_t f = 0; f < fields.n; ++f) {
      if (!is_field_finite(fields.of[f].kind, block, block + fields.of[f].offset)) return i;
    }
  }
  return n;
}

}  // namespace hearth::kernels
