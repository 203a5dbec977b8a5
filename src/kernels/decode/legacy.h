// SPDX-License-Identifier: Apache-2.0
//
// Decoders of the types with one float scale for each group: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q1_0,
// Q2_0.
#pragma once

#include "kernels/decode/form.h"

namespace hearth::kernels {
namespace {

struct DecodeQ4_0 {
  using Block = BlockQ4_0;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    for (size_t j = 0; j < 16; ++j) {
      out->q[j] = static_cast<int8_t>((b.qs[j] & 15) - 8);
      out->q[j + 16] = static_cast<int8_t>((b.qs[j] >> 4) - 8);
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
  }
};

struct DecodeQ4_1 {
  using Block = BlockQ4_1;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = true, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    for (size_t j = 0; j < 16; ++j) {
      out->q[j] = static_cast<int8_t>(b.qs[j] & 15);
      out->q[j + 16] = static_cast<int8_t>(b.qs[j] >> 4);
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
    out->m = f16_to_f32(b.m);
  }
};

struct DecodeQ5_0 {
  using Block = BlockQ5_0;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    const uint32_t high = word(b.qh);
    for (size_t j = 0; j < 16; ++j) {
      const int low0 = b.qs[j] & 15, low1 = b.qs[j] >> 4;
      out->q[j] = static_cast<int8_t>((low0 | static_cast<int>(high >> j & 1) << 4) - 16);
      out->q[j + 16] =
          static_cast<int8_t>((low1 | static_cast<int>(high >> (j + 16) & 1) << 4) - 16);
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
  }
};

struct DecodeQ5_1 {
  using Block = BlockQ5_1;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = true, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    const uint32_t high = word(b.qh);
    for (size_t j = 0; j < 16; ++j) {
      const int low0 = b.qs[j] & 15, low1 = b.qs[j] >> 4;
      out->q[j] = static_cast<int8_t>(low0 | static_cast<int>(high >> j & 1) << 4);
      out->q[j + 16] = static_cast<int8_t>(low1 | static_cast<int>(high >> (j + 16) & 1) << 4);
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
    out->m = f16_to_f32(b.m);
  }
};

struct DecodeQ8_0 {
  using Block = BlockQ8_0;
  static constexpr size_t kElems = 32;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t, GroupOf32* out) {
    for (size_t j = 0; j < 32; ++j) out->q[j] = b.qs[j];
    out->d[0] = out->d[1] = f16_to_f32(b.d);
  }
};

struct DecodeQ1_0 {
  using Block = BlockQ1_0;
  static constexpr size_t kElems = 128;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t g, GroupOf32* out) {
    for (size_t j = 0; j < 32; ++j) {
      out->q[j] = static_cast<int8_t>((b.qs[4 * g + j / 8] >> j % 8 & 1) * 2 - 1);
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
  }
};

struct DecodeQ2_0 {
  using Block = BlockQ2_0;
  static constexpr size_t kElems = 64;
  static constexpr bool kHasMin = false, kHalves = false;
  static void group(const Block& b, size_t g, GroupOf32* out) {
    for (size_t j = 0; j < 32; ++j) {
      out->q[j] = static_cast<int8_t>((b.qs[8 * g + j / 4] >> j % 4 * 2 & 3) - 1);
    }
    out->d[0] = out->d[1] = f16_to_f32(b.d);
  }
};

}  // namespace
}  // namespace hearth::kernels
