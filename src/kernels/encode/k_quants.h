// SPDX-License-Identifier: Apache-2.0
//
// Encoders of the K-quants and of IQ4_XS: every group gets the scale it would like, the largest of
// them sets the block's float scale, and the groups' become integers. Weights are rounded last,
// under the scales as they will decode. Packing of the fields: decode/k_quants.h.
#pragma once

#include "kernels/encode/iq4.h"
#include "kernels/encode/round.h"

namespace hearth::kernels {
namespace {

// Signed groups: w = d scale[g] q, q in -half .. half - 1, scale in -scale_half .. scale_half - 1.
template <size_t kGroup>
struct SignedGroups {
  float d;  // as stored
  int scale[256 / kGroup];

  SignedGroups(const float* x, int half, int scale_half, U16* stored_d) {
    constexpr size_t kGroups = 256 / kGroup;
    float wish[kGroups];
    for (size_t g = 0; g < kGroups; ++g) {
      wish[g] = largest(x + g * kGroup, kGroup) / static_cast<float>(-half);
    }
    d = store_f16(largest(wish, kGroups) / static_cast<float>(-scale_half), stored_d);
    const float by = inverse(d);
    for (size_t g = 0; g < kGroups; ++g) {
      scale[g] = nearest_in(wish[g] * by, -scale_half, scale_half - 1);
    }
  }
  float step_inverse(size_t g) const { return inverse(d * static_cast<float>(scale[g])); }
};

// Groups with a minimum: w = d scale[g] q - dmin min[g], q in 0 .. top. The minimum takes away from
// zero downwards only, so that all scales are counts.
template <size_t kGroup>
struct RangedGroups {
  float d, dmin;  // as stored
  int scale[256 / kGroup], min[256 / kGroup];

  RangedGroups(const float* x, int top, int scale_top, U16* stored_d, U16* stored_dmin) {
    constexpr size_t kGroups = 256 / kGroup;
    float wish[kGroups], wish_min[kGroups];
    for (size_t g = 0; g < kGroups; ++g) {
      float low = 0, high = x[g * kGroup];
      for (size_t i = 0; i < kGroup; ++i) {
        const float w = x[g * kGroup + i];
        low = w < low ? w : low;
        high = w > high ? w : high;
      }
      wish[g] = high / static_cast<float>(top) - low / static_cast<float>(top);
      wish_min[g] = -low;
    }
    const auto most = static_cast<float>(scale_top);
    d = store_f16(largest(wish, kGroups) / most, stored_d);
    dmin = store_f16(largest(wish_min, kGroups) / most, stored_dmin);
    for (size_t g = 0; g < kGroups; ++g) {
      scale[g] = nearest_in(wish[g] * inverse(d), 0, scale_top);
      min[g] = nearest_in(wish_min[g] * inverse(dmin), 0, scale_top);
    }
  }
  int code(float x, size_t g, int top) const {
    const float lifted = x + dmin * static_cast<float>(min[g]);
    return nearest_in(lifted * inverse(d * static_cast<float>(scale[g])), 0, top);
  }
};

// The inverse of unpack_scales_and_mins.
inline void pack_scales_and_mins(const int scale[8], const int min[8], uint8_t c[12]) {
  for (size_t g = 0; g < 4; ++g) {
    c[g] = static_cast<uint8_t>(scale[g] | scale[g + 4] >> 4 << 6);
    c[g + 4] = static_cast<uint8_t>(min[g] | min[g + 4] >> 4 << 6);
    c[g + 8] = static_cast<uint8_t>((scale[g + 4] & 15) | (min[g + 4] & 15) << 4);
  }
}

// Bits 2s of byte 32 h + l of qs are the low bits of element 128 h + 32 s + l.
inline void put_low_bits(int code, size_t element, uint8_t* qs) {
  uint8_t& byte = qs[element / 128 * 32 + element % 32];
  byte = static_cast<uint8_t>(byte | (code & 3) << element / 32 % 4 * 2);
}

struct EncodeQ2_K {
  using Block = BlockQ2_K;
  static void block(const float* x, Block* out) {
    *out = {};
    const RangedGroups<16> groups(x, 3, 15, &out->d, &out->dmin);
    for (size_t g = 0; g < 16; ++g) {
      out->scales[g] = static_cast<uint8_t>(groups.scale[g] | groups.min[g] << 4);
    }
    for (size_t e = 0; e < 256; ++e) put_low_bits(groups.code(x[e], e / 16, 3), e, out->qs);
  }
};

struct EncodeQ3_K {
  using Block = BlockQ3_K;
  static void block(const float* x, Block* out) {
    *out = {};
    const SignedGroups<16> groups(x, 4, 32, &out->d);
    for (size_t g = 0; g < 16; ++g) {
      const int scale = groups.scale[g] + 32;
      uint8_t& low = out->scales[g % 8];
      uint8_t& high = out->scales[8 + g % 4];
      low = static_cast<uint8_t>(low | (scale & 15) << g / 8 * 4);
      high = static_cast<uint8_t>(high | scale >> 4 << g / 4 * 2);
    }
    for (size_t e = 0; e < 256; ++e) {
      const int code = nearest_in(x[e] * groups.step_inverse(e / 16), -4, 3) + 4;
      put_low_bits(code, e, out->qs);
      out->hmask[e % 32] = static_cast<uint8_t>(out->hmask[e % 32] | code >> 2 << e / 32);
    }
  }
};

struct EncodeQ4_K {
  using Block = BlockQ4_K;
  static void block(const float* x, Block* out) {
    const RangedGroups<32> groups(x, 15, 63, &out->d, &out->dmin);
    pack_scales_and_mins(groups.scale, groups.min, out->scales);
    for (size_t run = 0; run < 4; ++run) {
      for (size_t l = 0; l < 32; ++l) {
        const size_t e = 64 * run + l;
        const int low = groups.code(x[e], 2 * run, 15);
        const int high = groups.code(x[e + 32], 2 * run + 1, 15);
        out->qs[32 * run + l] = static_cast<uint8_t>(low | high << 4);
      }
    }
  }
};

struct EncodeQ5_K {
  using Block = BlockQ5_K;
  static void block(const float* x, Block* out) {
    *out = {};
    const RangedGroups<32> groups(x, 31, 63, &out->d, &out->dmin);
    pack_scales_and_mins(groups.scale, groups.min, out->scales);
    for (size_t e = 0; e < 256; ++e) {
      const size_t g = e / 32, l = e % 32;
      const int code = groups.code(x[e], g, 31);
      uint8_t& low = out->qs[g / 2 * 32 + l];
      low = static_cast<uint8_t>(low | (code & 15) << g % 2 * 4);
      out->qh[l] = static_cast<uint8_t>(out->qh[l] | code >> 4 << g);
    }
  }
};

struct EncodeQ6_K {
  using Block = BlockQ6_K;
  static void block(const float* x, Block* out) {
    *out = {};
    const SignedGroups<16> groups(x, 32, 128, &out->d);
    for (size_t g = 0; g < 16; ++g) out->scales[g] = static_cast<int8_t>(groups.scale[g]);
    for (size_t e = 0; e < 256; ++e) {
      const size_t half = e / 128, s = e / 32 % 4, l = e % 32;
      const int code = nearest_in(x[e] * groups.step_inverse(e / 16), -32, 31) + 32;
      uint8_t& low = out->ql[64 * half + 32 * (s & 1) + l];
      uint8_t& high = out->qh[32 * half + l];
      low = static_cast<uint8_t>(low | (code & 15) << s / 2 * 4);
      high = static_cast<uint8_t>(high | code >> 4 << 2 * s);
    }
  }
};

struct EncodeIQ4_XS {
  using Block = BlockIQ4_XS;
  static void block(const float* x, Block* out) {
    *out = {};
    const SignedGroups<32> groups(x, 127, 32, &out->d);
    uint32_t high = 0;
    for (size_t g = 0; g < 8; ++g) {
      const int scale = groups.scale[g] + 32;
      uint8_t& low = out->scales_low[g / 2];
      low = static_cast<uint8_t>(low | (scale & 15) << g % 2 * 4);
      high |= static_cast<uint32_t>(scale >> 4) << 2 * g;
      level_codes(x + 32 * g, groups.step_inverse(g), out->qs + 16 * g);
    }
    out->scales_high = {{static_cast<uint8_t>(high), static_cast<uint8_t>(high >> 8)}};
  }
};

}  // namespace
}  // namespace hearth::kernels
