// SPDX-License-Identifier: Apache-2.0
#include "kernels/kv_type.h"

#include <math.h>
#include <string.h>

#include "kernels/encode.h"
#include "kernels/half.h"
#include "kernels/kv_blocks.h"
#include "kernels/packed.h"
#include "kernels/scalar/functions.h"

namespace hearth::kernels {

const char* kv_type_name(KvType type) {
  switch (type) {
    case KvType::f32:
      return "f32";
    case KvType::f16:
      return "f16";
    case KvType::bf16:
      return "bf16";
#define HEARTH_KV_BLOCKS(name, Decoder) \
  case KvType::name:                    \
    return #name;
#include "kernels/kv_blocks.inc"
  }
  __builtin_unreachable();
}

bool find_kv_type(const char* name, KvType* type) {
  for (size_t i = 0; i < kKvTypes; ++i) {
    *type = static_cast<KvType>(i);
    if (strcmp(name, kv_type_name(*type)) == 0) return true;
  }
  return false;
}

WeightType kv_weight_type(KvType type) {
  switch (type) {
    case KvType::f32:
      return WeightType::f32;
    case KvType::f16:
      return WeightType::f16;
    case KvType::bf16:
      return WeightType::bf16;
#define HEARTH_KV_BLOCKS(name, Decoder) \
  case KvType::name:                    \
    return WeightType::name;
#include "kernels/kv_blocks.inc"
  }
  __builtin_unreachable();
}

size_t kv_row_bytes(KvType type, size_t dim) {
  const WeightType as = kv_weight_type(type);
  return kv_stored_dim(type, dim) / block_elems(as) * block_bytes(as);
}

size_t kv_key_panel_bytes(KvType type, size_t dim) {
  if (kv_in_blocks(type)) return packed_panel_bytes(kv_weight_type(type), kv_stored_dim(type, dim));
  return kPanelTokens * kv_row_bytes(type, dim);
}

namespace {

constexpr size_t kBlock = 32;
constexpr size_t kMostBytes = 34;  // of a block: q8_0

// Parts of a block's range that are tried beside the whole: what lies outside is clipped, and all
// other values become finer. For 32 normal values the best has 7 % less squared error than the
// whole range in 4 bits, 1 to 4 % in 5, and with scales that fit their codes 2 to 3 % less again;
// in 8 there is nothing to win.
constexpr float kRanges[] = {0.96f, 0.92f};

struct Range {
  float low, high;
};

bool has_min(WeightType type) {
  return type == WeightType::q4_1 || type == WeightType::q5_1;
}

// Around zero for types that are, else around the middle.
Range range_of(WeightType type, const float* x, float part) {
  Range all = {x[0], x[0]};
  for (size_t i = 1; i < kBlock; ++i) {
    all.low = x[i] < all.low ? x[i] : all.low;
    all.high = x[i] > all.high ? x[i] : all.high;
  }
  if (!has_min(type)) {
    const float most = -all.low > all.high ? -all.low : all.high;
    all = {-most, most};
  }
  const float cut = (all.high - all.low) / 2 * (1 - part);
  return {all.low + cut, all.high - cut};
}

float squared_error(WeightType type, const uint8_t* block, const float* x) {
  float decoded[kBlock], sum = 0;
  scalar::table.dequantize[static_cast<size_t>(type)](block, kBlock, decoded);
  for (size_t i = 0; i < kBlock; ++i) sum += (decoded[i] - x[i]) * (decoded[i] - x[i]);
  return sum;
}

// Whether a scale that fits the codes brings keys and values nearer: the divergence falls to 0.94
// to 0.96 of what it was, and in q4_0 it grows (docs/measurements/kv-cache.md).
bool has_fitted_scale(WeightType type) {
  return type == WeightType::q5_0 || type == WeightType::iq4_nl;
}

// The scale whose squared error is the least for a block's codes.
void refit_scale(WeightType type, const float* x, uint8_t* block) {
  float decoded[kBlock], product = 0, square = 0;
  scalar::table.dequantize[static_cast<size_t>(type)](block, kBlock, decoded);
  for (size_t i = 0; i < kBlock; ++i) {
    product += decoded[i] * x[i];
    square += decoded[i] * decoded[i];
  }
  U16 scale;
  __builtin_memcpy(&scale, block, sizeof scale);
  const uint16_t better = f32_to_f16(f16_to_f32(scale) * product / square);
  __builtin_memcpy(block, &better, sizeof better);
}

struct BestBlock {
  uint8_t bytes[kMostBytes];
  float error = HUGE_VALF;

  // A block and, where that helps, the same with a scale that fits its codes.
  void consider(WeightType type, const float* x, uint8_t* block) {
    consider_as_is(type, x, block);
    if (!has_fitted_scale(type)) return;
    refit_scale(type, x, block);
    consider_as_is(type, x, block);
  }

 private:
  void consider_as_is(WeightType type, const float* x, const uint8_t* block) {
    const float its_error = squared_error(type, block, x);
    if (!(its_error < error)) return;
    error = its_error;
    __builtin_memcpy(bytes, block, block_bytes(type));
  }
};

// The best encoding of a block; false if there is none.
bool encode_best(WeightType type, const float* x, uint8_t* block) {
  if (!encode_row(type, x, kBlock, block)) return false;
  if (type == WeightType::q8_0) return true;
  BestBlock best;
  best.consider(type, x, block);
  for (const float part : kRanges) {
    const Range range = range_of(type, x, part);
    float clipped[kBlock];
    for (size_t j = 0; j < kBlock; ++j) {
      const float raised = x[j] > range.low ? x[j] : range.low;
      clipped[j] = raised < range.high ? raised : range.high;
    }
    if (encode_row(type, clipped, kBlock, block)) best.consider(type, x, block);
  }
  __builtin_memcpy(block, best.bytes, block_bytes(type));
  return true;
}

// One block of up to 32 values; every type has its scale, an f16, in front.
void encode_block(WeightType type, const float* x, size_t n, uint8_t* block) {
  float values[kBlock] = {};
  for (size_t i = 0; i < n; ++i) values[i] = x[i];
  if (encode_best(type, values, block)) return;
  for (size_t i = 0; i < block_bytes(type); ++i) block[i] = 0;
  block[1] = 0x7e;  // NaN
}

}  // namespace

void store_key_blocks(const float* key, size_t k_dim, KvType type, void* panel, size_t slot) {
  const WeightType as = kv_weight_type(type);
  const size_t stored = kv_stored_dim(type, k_dim), bytes = block_bytes(as);
  uint8_t row[kMostHeadDim / kBlock * kMostBytes];
  for (size_t b = 0; b < stored / kBlock; ++b) {
    const size_t rest = k_dim - b * kBlock;
    encode_block(as, key + b * kBlock, rest < kBlock ? rest : kBlock, row + b * bytes);
  }
  pack_row(as, row, stored, slot, panel);
}

void store_value_blocks(const float* value, size_t v_dim, KvType type, void* panel, size_t slot) {
  const WeightType as = kv_weight_type(type);
  auto* row = static_cast<uint8_t*>(panel) + slot * kv_row_bytes(type, v_dim);
  for (size_t at = 0; at < v_dim; at += kBlock, row += block_bytes(as))
    encode_block(as, value + at, v_dim - at < kBlock ? v_dim - at : kBlock, row);
}

}  // namespace hearth::kernels
