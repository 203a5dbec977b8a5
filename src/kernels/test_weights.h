// SPDX-License-Identifier: Apache-2.0
//
// Weights for tests and benchmarks: rows of any type whose scales are finite and of a sensible
// size, made by patching the scale fields of arbitrary bytes.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/half.h"
#include "kernels/kernels.h"
#include "kernels/packed.h"

namespace hearth::kernels {

struct NamedType {
  const char* name;
  WeightType type;
};

inline std::vector<NamedType> all_types() {
  return {
#define HEARTH_FLOAT_TYPE(name) {#name, WeightType::name},
#define HEARTH_GROUP_TYPE(name, Decoder) {#name, WeightType::name},
#define HEARTH_SUPER_TYPE(name, Decoder) {#name, WeightType::name},
#include "kernels/types.inc"
  };
}

enum class Fill {
  random,    // random bits, scales around 1/64
  all_ones,  // every quant and group scale all ones
  zeros,     // every quant and group scale zero
  extreme,   // bytes 0x80 or 0x7f or 0xff in runs, the largest scales
  tiny,      // random bits, subnormal 16-bit scales
};

inline std::vector<uint8_t> make_weights(WeightType type, size_t rows, size_t k, Fill fill,
                                         std::mt19937& rng) {
  const size_t bytes = block_bytes(type), blocks = rows * k / block_elems(type);
  std::vector<uint8_t> out(blocks * bytes);
  for (size_t i = 0; i < out.size(); ++i) {
    switch (fill) {
      case Fill::random:
      case Fill::tiny:
        out[i] = static_cast<uint8_t>(rng());
        break;
      case Fill::all_ones:
        out[i] = 0xff;
        break;
      case Fill::zeros:
        out[i] = 0;
        break;
      case Fill::extreme:
        out[i] = "\x80\x7f\xff\x00"[i / 7 % 3];
        break;
    }
  }
  const auto scale = [&](bool may_be_negative) {
    uint16_t half;
    switch (fill) {
      case Fill::extreme:
        half = 0x7bff;
        break;
      case Fill::tiny:
        half = static_cast<uint16_t>(1 + rng() % 1023);
        break;
      default:
        half = static_cast<uint16_t>(0x2000 + rng() % 0x800);
        break;
    }
    return static_cast<uint16_t>(may_be_negative && rng() % 4 == 0 ? half | 0x8000 : half);
  };
  const auto put = [&](size_t block, size_t offset, uint16_t half) {
    std::memcpy(out.data() + block * bytes + offset, &half, 2);
  };
  for (size_t b = 0; b < blocks; ++b) {
    switch (type) {
      case WeightType::f32: {
        const float v = static_cast<float>(static_cast<int>(rng() % 2001) - 1000) / 997.0f;
        std::memcpy(out.data() + b * 4, &v, 4);
        break;
      }
      case WeightType::f16:
        put(b, 0, static_cast<uint16_t>(scale(true) + 0x1800));
        break;
      case WeightType::bf16:
        put(b, 0, static_cast<uint16_t>(0x3f00 + rng() % 256));
        break;
      case WeightType::q4_1:
      case WeightType::q5_1:
        put(b, 0, scale(true));
        put(b, 2, scale(true));
        break;
      case WeightType::q2_k:
        put(b, 80, scale(true));
        put(b, 82, scale(true));
        break;
      case WeightType::q3_k:
        put(b, 108, scale(true));
        break;
      case WeightType::q4_k:
      case WeightType::q5_k:
        put(b, 0, scale(true));
        put(b, 2, scale(true));
        break;
      case WeightType::q6_k:
        put(b, 208, scale(true));
        break;
      case WeightType::tq1_0:
        put(b, 52, scale(true));
        break;
      case WeightType::tq2_0:
        put(b, 64, scale(true));
        break;
      case WeightType::mxfp4:
        out[b * bytes] = fill == Fill::extreme ? static_cast<uint8_t>(254 + b % 2)
                         : fill == Fill::tiny  ? static_cast<uint8_t>(rng() % 3)
                                               : static_cast<uint8_t>(118 + rng() % 6);
        break;
      case WeightType::nvfp4:
        for (size_t i = 0; i < 4; ++i) {
          out[b * bytes + i] = fill == Fill::extreme ? static_cast<uint8_t>(0x7e + (b + i) % 2)
                               : fill == Fill::tiny  ? static_cast<uint8_t>(rng() % 8)
                                                     : static_cast<uint8_t>(0x20 + rng() % 0x10);
        }
        break;
      case WeightType::iq1_m: {  // the scale is spread over the top nibbles of four words
        const uint16_t half = scale(true);
        for (size_t i = 0; i < 4; ++i) {
          uint8_t& high = out[b * bytes + 48 + 2 * i + 1];
          high = static_cast<uint8_t>((high & 0x0f) | (half >> 4 * i & 15) << 4);
        }
        break;
      }
      default:
        put(b, 0, scale(true));
        break;
    }
  }
  return out;
}

inline std::vector<float> gaussian(std::mt19937& rng, size_t n, float scale = 1.0f) {
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> out(n);
  for (float& v : out) v = normal(rng);
  return out;
}

struct alignas(64) CacheLine {
  uint8_t bytes[64];
};

// What the executor brings to a product of so many tokens beside the quantised activations.
class BlockedTokens {
 public:
  BlockedTokens(const Kernels& table, ActivationForm form, size_t k, size_t n_tokens,
                QuantizedActivations* activations) {
    activations->blocked = nullptr;
    if (form == ActivationForm::f32 || !wants_blocked(table, n_tokens)) return;
    lines_.resize(blocked_bytes(k, n_tokens) / sizeof(CacheLine));
    table.block_activations(*activations, form, k, n_tokens, 0, n_tokens, lines_.data());
    activations->blocked = lines_.data();
  }

 private:
  std::vector<CacheLine> lines_;
};

// The same weights as a table wants them: rows, or panels on cache lines.
class TableWeights {
 public:
  TableWeights(const Kernels& table, WeightType type, const std::vector<uint8_t>& rows, size_t k) {
    const size_t row_bytes = k / block_elems(type) * block_bytes(type);
    const size_t n_rows = rows.size() / row_bytes;
    if (!table.packed || !is_packed(type)) {
      data_ = rows.data();
      return;
    }
    const size_t panel_bytes = packed_panel_bytes(type, k);
    lines_.resize((n_rows + kPanelRows - 1) / kPanelRows * panel_bytes / sizeof(CacheLine));
    for (size_t row = 0; row < n_rows; row += kPanelRows) {
      pack_panel(type, rows.data() + row * row_bytes, row_bytes, k,
                 std::min(kPanelRows, n_rows - row),
                 lines_.data()->bytes + row / kPanelRows * panel_bytes);
    }
    data_ = lines_.data()->bytes;
  }
  const uint8_t* data() const { return data_; }

 private:
  std::vector<CacheLine> lines_;
  const uint8_t* data_;
};

}  // namespace hearth::kernels
