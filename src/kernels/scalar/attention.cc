// SPDX-License-Identifier: Apache-2.0
//
// Attention of one query over one chunk of 256 absolute key positions. Panels of 16 keys
// (kv_type.h). For the visible keys j of the chunk, in ascending order:
//     s[j] = scale (q . k_j), then the soft cap. Plain floats: the dot is one chain of fma over the
//            dimensions. Blocks: it is the product of 0002 with weights of that type, the query
//            quantised as q8_32
//     max  = exact maximum of s          p[j] = exp(s[j] - max)
//     sum  = sum of p in 16 lanes by j % 16, folded as a tree
//     acc[d] = chain of fma(p[j], v_j[d], .) over j, v_j as it dequantises
// Chunks are merged in ascending order and depend on nothing else: not on batch, threads or
// windows. A chunk whose scores are all -inf has max = -inf and zero weight, without a NaN.
#include "kernels/half.h"
#include "kernels/kv_blocks.h"
#include "kernels/packed.h"
#include "kernels/scalar/functions.h"
#include "kernels/scalar/lanes.h"

namespace hearth::kernels::scalar {
namespace {

float load(const void* panel, KvType type, size_t index) {
  if (type == KvType::f32) return static_cast<const float*>(panel)[index];
  const uint16_t half = static_cast<const uint16_t*>(panel)[index];
  return type == KvType::f16 ? f16_to_f32(half) : bf16_to_f32(half);
}

void store(float value, KvType type, void* panel, size_t index) {
  if (type == KvType::f32)
    static_cast<float*>(panel)[index] = value;
  else
    static_cast<uint16_t*>(panel)[index] =
        type == KvType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
}

// q . k of key `slot` of a panel, before the scale.
float dot_floats(const AttendChunkArgs& args, size_t query, const void* panel, size_t slot) {
  float s = 0.0f;
  for (size_t d = 0; d < args.k_dim; ++d)
    s = __builtin_fmaf(args.q[query][d], load(panel, args.k_type, d * kPanelTokens + slot), s);
  return s;
}

float dot_blocks(const AttendChunkArgs& args, size_t query, const void* panel, size_t slot) {
  const WeightType type = kv_weight_type(args.k_type);
  alignas(8) uint8_t key[kMostHeadDim / 32 * 34];
  unpack_row(type, panel, args.k_stride, slot, key);
  float s;
  MatmulArgs m{};
  m.weights = key;
  m.k = args.k_stride;
  m.row_end = 1;
  m.n_tokens = 1;
  m.quantized = args.quantized;
  m.quantized.q += query * m.quantized.q_stride;
  m.quantized.scales += query * m.quantized.scale_stride;
  m.quantized.sums += query * m.quantized.sum_stride;
  m.out = &s;
  m.out_stride = 1;
  args.key_product(m);
  return s;
}

const float kMinusInfinity = -__builtin_inff();

// n values as they lie in a V panel.
void expand(const void* from, KvType type, size_t n, float* out) {
  switch (type) {
    case KvType::f32:
    case KvType::f16:
    case KvType::bf16:
      for (size_t i = 0; i < n; ++i) out[i] = load(from, type, i);
      return;
#define HEARTH_KV_BLOCKS(name, Decoder) \
  case KvType::name:                    \
    return dequantize_##name(from, n, out);
#include "kernels/kv_blocks.inc"
  }
}

void attend_query(const AttendChunkArgs& args, size_t query, AttentionState* partial) {
  const KeyRange keys = args.keys[query];
  float score[kChunkTokens];
  float max = kMinusInfinity;
  for (size_t j = keys.begin; j < keys.end; ++j) {
    const void* panel = args.k_panels[j / kPanelTokens];
    float s = kv_in_blocks(args.k_type) ? dot_blocks(args, query, panel, j % kPanelTokens)
                                        : dot_floats(args, query, panel, j % kPanelTokens);
    s = s * args.scale;
    if (args.softcap > 0.0f) s = args.softcap * tanh(s / args.softcap);
    score[j] = s;
    max = s > max ? s : max;
  }

  const float origin = max == kMinusInfinity ? 0.0f : max;
  Lanes sum;
  for (size_t j = keys.begin; j < keys.end; ++j) {
    score[j] = exp(score[j] - origin);
    sum.lane[j % 16] = sum.lane[j % 16] + score[j];
  }
  partial->max = max + 0.0f;  // one zero only: the sign of -0 would depend on the order
  partial->sum = sum.tree_sum();

  for (size_t d = 0; d < args.v_dim; ++d) partial->acc[d] = 0.0f;
  for (size_t j = keys.begin; j < keys.end; ++j) {
    float value[kMostHeadDim];
    const auto* panel = static_cast<const uint8_t*>(args.v_panels[j / kPanelTokens]);
    expand(panel + j % kPanelTokens * args.v_row_bytes, args.v_type,
           kv_stored_dim(args.v_type, args.v_dim), value);
    for (size_t d = 0; d < args.v_dim; ++d)
      partial->acc[d] = __builtin_fmaf(score[j], value[d], partial->acc[d]);
  }
}

}  // namespace

void store_key(const float* key, size_t k_dim, KvType type, void* panel, size_t slot) {
  if (kv_in_blocks(type)) return store_key_blocks(key, k_dim, type, panel, slot);
  for (size_t d = 0; d < k_dim; ++d) store(key[d], type, panel, d * kPanelTokens + slot);
}

void store_value(const float* value, size_t v_dim, KvType type, void* panel, size_t slot) {
  if (kv_in_blocks(type)) return store_value_blocks(value, v_dim, type, panel, slot);
  for (size_t d = 0; d < v_dim; ++d) store(value[d], type, panel, slot * v_dim + d);
}

void attend_chunk(const AttendChunkArgs& args, AttentionState* partials) {
  for (size_t i = 0; i < args.n_queries; ++i) attend_query(args, i, &partials[i]);
}

void merge_attention(AttentionState* state, const AttentionState& partial, size_t v_dim) {
  if (partial.max == kMinusInfinity) return;
  if (state->max == kMinusInfinity) {
    state->max = partial.max;
    state->sum = partial.sum;
    for (size_t d = 0; d < v_dim; ++d) state->acc[d] = partial.acc[d];
    return;
  }
  const float max = partial.max > state->max ? partial.max : state->max;
  const float a = exp(state->max - max), b = exp(partial.max - max);
  state->max = max;
  state->sum = __builtin_fmaf(partial.sum, b, state->sum * a);
  for (size_t d = 0; d < v_dim; ++d) {
    state->acc[d] = __builtin_fmaf(partial.acc[d], b, state->acc[d] * a);
  }
}

void finish_attention(const AttentionState& state, size_t v_dim, float* out) {
  for (size_t d = 0; d < v_dim; ++d) out[d] = state.acc[d] / state.sum;
}

}  // namespace hearth::kernels::scalar
