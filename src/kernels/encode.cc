// SPDX-License-Identifier: Apache-2.0
#include "kernels/encode.h"

#include "kernels/encode/fp4.h"
#include "kernels/encode/iq4.h"
#include "kernels/encode/k_quants.h"
#include "kernels/encode/legacy.h"
#include "kernels/encode/ternary.h"
#include "kernels/half.h"
#include "kernels/scale_fields.h"

namespace hearth::kernels {
namespace {

using RowEncoder = void (*)(const float* x, size_t k, void* row);

void encode_f32(const float* x, size_t k, void* row) {
  __builtin_memcpy(row, x, k * sizeof(float));
}

template <uint16_t (*kConvert)(float)>
void encode_16(const float* x, size_t k, void* row) {
  auto* out = static_cast<uint8_t*>(row);
  for (size_t i = 0; i < k; ++i) {
    const uint16_t word = kConvert(x[i]);
    __builtin_memcpy(out + 2 * i, &word, 2);
  }
}

template <WeightType kType, class Encoder>
void encode_blocks(const float* x, size_t k, void* row) {
  auto* blocks = static_cast<typename Encoder::Block*>(row);
  const size_t elems = block_elems(kType);
  for (size_t i = 0; i < k / elems; ++i) Encoder::block(x + i * elems, blocks + i);
}

RowEncoder encoder_of(WeightType type) {
  switch (type) {
    case WeightType::f32:
      return encode_f32;
    case WeightType::f16:
      return encode_16<f32_to_f16>;
    case WeightType::bf16:
      return encode_16<f32_to_bf16>;
#define HEARTH_ENCODER(name, Encoder) \
  case WeightType::name:              \
    return encode_blocks<WeightType::name, Encoder>;
      HEARTH_ENCODER(q4_0, EncodeQ4_0)
      HEARTH_ENCODER(q4_1, EncodeQ4_1)
      HEARTH_ENCODER(q5_0, EncodeQ5_0)
      HEARTH_ENCODER(q5_1, EncodeQ5_1)
      HEARTH_ENCODER(q8_0, EncodeQ8_0)
      HEARTH_ENCODER(q1_0, EncodeQ1_0)
      HEARTH_ENCODER(q2_0, EncodeQ2_0)
      HEARTH_ENCODER(iq4_nl, EncodeIQ4_NL)
      HEARTH_ENCODER(mxfp4, EncodeMXFP4)
      HEARTH_ENCODER(nvfp4, EncodeNVFP4)
      HEARTH_ENCODER(q2_k, EncodeQ2_K)
      HEARTH_ENCODER(q3_k, EncodeQ3_K)
      HEARTH_ENCODER(q4_k, EncodeQ4_K)
      HEARTH_ENCODER(q5_k, EncodeQ5_K)
      HEARTH_ENCODER(q6_k, EncodeQ6_K)
      HEARTH_ENCODER(iq4_xs, EncodeIQ4_XS)
      HEARTH_ENCODER(tq1_0, EncodeTQ1_0)
      HEARTH_ENCODER(tq2_0, EncodeTQ2_0)
#undef HEARTH_ENCODER
    default:
      return nullptr;
  }
}

}  // namespace

bool can_encode(WeightType type) {
  return encoder_of(type) != nullptr;
}

bool encode_row(WeightType type, const float* x, size_t k, void* row) {
  const RowEncoder encode = encoder_of(type);
  if (encode == nullptr || find_not_finite(WeightType::f32, sizeof(float), x, k) != k) return false;
  encode(x, k, row);
  const size_t n_blocks = k / block_elems(type);
  return find_not_finite(type, block_bytes(type), row, n_blocks) == n_blocks;
}

}  // namespace hearth::kernels
