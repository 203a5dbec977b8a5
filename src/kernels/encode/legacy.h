// SPDX-License-Identifier: Apache-2.0
//
// Encoders of the types with one float scale for each group: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q1_0,
// Q2_0. Where the levels reach further on one side, the largest weight goes to that side, whatever
// its sign: the scale may be negative.
#pragma once

#include "kernels/encode/round.h"

namespace hearth::kernels {
namespace {

// Codes 0 .. 2 half - 1 for levels -half .. half - 1.
inline void signed_codes(const float* x, int half, U16* stored_d, uint8_t code[32]) {
  const float by = inverse(store_f16(largest(x, 32) / static_cast<float>(-half), stored_d));
  for (size_t j = 0; j < 32; ++j) {
    code[j] = static_cast<uint8_t>(nearest_in(x[j] * by, -half, half - 1) + half);
  }
}

// Codes 0 .. top for levels from the smallest to the largest weight.
inline void ranged_codes(const float* x, int top, U16* stored_d, U16* stored_m, uint8_t code[32]) {
  float low = x[0], high = x[0];
  for (size_t j = 1; j < 32; ++j) {
    low = x[j] < low ? x[j] : low;
    high = x[j] > high ? x[j] : high;
  }
  const auto steps = static_cast<float>(top);
  const float by = inverse(store_f16(high / steps - low / steps, stored_d));
  const float m = store_f16(low, stored_m);
  for (size_t j = 0; j < 32; ++j) {
    code[j] = static_cast<uint8_t>(nearest_in((x[j] - m) * by, 0, top));
  }
}

inline U32 fifth_bits(const uint8_t code[32]) {
  U32 bits = {};
  for (size_t j = 0; j < 32; ++j) {
    bits.bytes[j / 8] = static_cast<uint8_t>(bits.bytes[j / 8] | (code[j] >> 4 & 1) << j % 8);
  }
  return bits;
}

struct EncodeQ4_0 {
  using Block = BlockQ4_0;
  static void block(const float* x, Block* out) {
    uint8_t code[32];
    signed_codes(x, 8, &out->d, code);
    pack_nibbles(code, out->qs);
  }
};

struct EncodeQ4_1 {
  using Block = BlockQ4_1;
  static void block(const float* x, Block* out) {
    uint8_t code[32];
    ranged_codes(x, 15, &out->d, &out->m, code);
    pack_nibbles(code, out->qs);
  }
};

struct EncodeQ5_0 {
  using Block = BlockQ5_0;
  static void block(const float* x, Block* out) {
    uint8_t code[32];
    signed_codes(x, 16, &out->d, code);
    out->qh = fifth_bits(code);
    pack_nibbles(code, out->qs);
  }
};

struct EncodeQ5_1 {
  using Block = BlockQ5_1;
  static void block(const float* x, Block* out) {
    uint8_t code[32];
    ranged_codes(x, 31, &out->d, &out->m, code);
    out->qh = fifth_bits(code);
    pack_nibbles(code, out->qs);
  }
};

struct EncodeQ8_0 {
  using Block = BlockQ8_0;
  static void block(const float* x, Block* out) {
    const float by = inverse(store_f16(__builtin_fabsf(largest(x, 32)) / 127.0f, &out->d));
    for (size_t j = 0; j < 32; ++j) {
      out->qs[j] = static_cast<int8_t>(nearest_in(x[j] * by, -127, 127));
    }
  }
};

// Two levels: the mean magnitude is the scale that is nearest in the mean square.
struct EncodeQ1_0 {
  using Block = BlockQ1_0;
  static void block(const float* x, Block* out) {
    *out = {};
    float sum = 0;
    for (size_t j = 0; j < 128; ++j) {
      sum += __builtin_fabsf(x[j]) / 128.0f;
      if (x[j] >= 0) out->qs[j / 8] = static_cast<uint8_t>(out->qs[j / 8] | 1 << j % 8);
    }
    store_f16(sum, &out->d);
  }
};

// Levels -1, 0, 1, 2.
struct EncodeQ2_0 {
  using Block = BlockQ2_0;
  static void block(const float* x, Block* out) {
    *out = {};
    const float by = inverse(store_f16(largest(x, 64) / 2.0f, &out->d));
    for (size_t j = 0; j < 64; ++j) {
      const int code = nearest_in(x[j] * by, -1, 2) + 1;
      out->qs[j / 4] = static_cast<uint8_t>(out->qs[j / 4] | code << j % 4 * 2);
    }
  }
};

}  // namespace
}  // namespace hearth::kernels
