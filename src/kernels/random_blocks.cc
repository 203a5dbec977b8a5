// SPDX-License-Identifier: Apache-2.0
#include "kernels/random_blocks.h"

#include "kernels/encode.h"
#include "kernels/encode/fp4.h"
#include "kernels/half.h"
#include "kernels/layout.h"
#include "kernels/scalar/functions.h"
#include "kernels/scale_fields.h"

namespace hearth::kernels {
namespace {

constexpr float kSqrt3 = 1.7320508f;  // uniform in +-sqrt(3) has a standard deviation of 1

// Uniform in [-1, 1), from 16 bits.
float signed_unit(uint64_t bits) {
  return static_cast<float>(static_cast<int16_t>(static_cast<uint16_t>(bits))) * 0x1p-15f;
}

// The standard deviation of random blocks under a scale of 1, by decoding some.
float unit_deviation(WeightType type, RandomBlocks& sample) {
  constexpr size_t kElems = 256 * 16, kRounds = 32;
  uint8_t blocks[kElems / 32 * 34];  // the largest encoded form, Q8_0
  float weights[kElems];
  float squares = 0;
  for (size_t round = 0; round < kRounds; ++round) {
    sample.fill(blocks, kElems / block_elems(type));
    scalar::table.dequantize[static_cast<size_t>(type)](blocks, kElems, weights);
    squares += scalar::table.dot(weights, weights, kElems) / (kElems * kRounds);
  }
  return __builtin_sqrtf(squares);
}

}  // namespace

RandomBlocks::RandomBlocks(WeightType type, float deviation, uint64_t seed)
    : type_(type), scale_(1), bits_(seed) {
  if (block_elems(type) == 1) {
    scale_ = deviation * kSqrt3;
    return;
  }
  RandomBlocks sample(*this);
  scale_ = deviation / unit_deviation(type, sample);
}

void RandomBlocks::fill_plain(uint8_t* out, size_t n) {
  constexpr size_t kStretch = 256;
  float weights[kStretch];
  for (size_t at = 0; at < n; at += kStretch) {
    uint64_t word = 0;
    for (size_t i = 0; i < kStretch; ++i) {
      word = i % 4 == 0 ? bits_.next() : word >> 16;
      weights[i] = signed_unit(word) * scale_;
    }
    const size_t n_now = n - at < kStretch ? n - at : kStretch;
    encode_row(type_, weights, n_now, out + at * block_bytes(type_));
  }
}

void RandomBlocks::set_scales(uint8_t* block) {
  const uint64_t random = bits_.next();
  const float factor = 1.0f + 0.5f * signed_unit(random);
  // Of either sign, so that levels with a mean (Q4_0's is -1/2) do not add up.
  const float scale = random >> 63 ? -factor * scale_ : factor * scale_;
  const ScaleFields fields = scale_fields(type_);
  for (size_t i = 0; i < fields.n; ++i) {
    uint8_t* p = block + fields.of[i].offset;
    const uint16_t half = f32_to_f16(scale * fields.of[i].of_first);
    switch (fields.of[i].kind) {
      case ScaleKind::f16:
        __builtin_memcpy(p, &half, 2);
        break;
      case ScaleKind::f16_in_nibbles:
        for (size_t n = 0; n < 4; ++n) {
          p[2 * n + 1] = static_cast<uint8_t>((p[2 * n + 1] & 15) | (half >> 4 * n & 15) << 4);
        }
        break;
      case ScaleKind::e8m0:  // the nearest power of two, or one of the two beside it
        *p = static_cast<uint8_t>((bits_of(scale_ * 1.4142135f) >> 23) + random % 3);
        break;
      case ScaleKind::ue4m3:
        *p = ue4m3_of(scale_ * (1.0f + 0.5f * signed_unit(random >> 16 * i)));
        break;
      default:
        break;
    }
  }
}

void RandomBlocks::fill(void* blocks, size_t n) {
  auto* out = static_cast<uint8_t*>(blocks);
  if (block_elems(type_) == 1) return fill_plain(out, n);
  const size_t bytes = block_bytes(type_);
  size_t at = 0;
  for (; at + 8 <= n * bytes; at += 8) {
    const uint64_t word = bits_.next();
    __builtin_memcpy(out + at, &word, 8);
  }
  const uint64_t word = bits_.next();
  __builtin_memcpy(out + at, &word, n * bytes - at);
  for (size_t i = 0; i < n; ++i) {
    uint8_t* block = out + i * bytes;
    if (type_ == WeightType::tq2_0) {  // code 3 stands for nothing: it becomes 1
      for (size_t j = 0; j < sizeof BlockTQ2_0::qs; ++j) {
        block[j] = static_cast<uint8_t>(block[j] & ~((block[j] & block[j] << 1) & 0xaa));
      }
    }
    set_scales(block);
  }
}

}  // namespace hearth::kernels
