// SPDX-License-Identifier: Apache-2.0
//
// Attention of one query over one chunk of 256 absolute key positions. Panels of 16 keys:
//     K panel  [dim][16 keys]      one load = one dimension of 16 keys, a lane is a key
//     V panel  [16 keys][dim]
// For the visible keys j of the chunk, in ascending order:
//     s[j] = scale (q . k_j), the dot one chain of fma over the dimensions; then the soft cap
//     max  = exact maximum of s          p[j] = exp(s[j] - max)
//     sum  = sum of p in 16 lanes by j % 16, folded as a tree
//     acc[d] = chain of fma(p[j], v_j[d], .) over j
// Chunks are merged in ascending order and depend on nothing else: not on batch, threads or
// windows. A chunk whose scores are all -inf has max = -inf and zero weight, without a NaN.
#include "kernels/half.h"
#include "kernels/scalar/functions.h"
#include "kernels/scalar/lanes.h"

namespace hearth::kernels::scalar {
namespace {

float load(const void* panel, KvType type, size_t index) {
  switch (type) {
    case KvType::f32:
      return static_cast<const float*>(panel)[index];
    case KvType::f16:
      return f16_to_f32(static_cast<const uint16_t*>(panel)[index]);
    case KvType::bf16:
      return bf16_to_f32(static_cast<const uint16_t*>(panel)[index]);
  }
  __builtin_unreachable();
}

void store(float value, KvType type, void* panel, size_t index) {
  switch (type) {
    case KvType::f32:
      static_cast<float*>(panel)[index] = value;
      return;
    case KvType::f16:
      static_cast<uint16_t*>(panel)[index] = f32_to_f16(value);
      return;
    case KvType::bf16:
      static_cast<uint16_t*>(panel)[index] = f32_to_bf16(value);
      return;
  }
}

const float kMinusInfinity = -__builtin_inff();

void attend_query(const AttendChunkArgs& args, const float* q, KeyRange keys,
                  AttentionState* partial) {
  float score[kChunkTokens];
  float max = kMinusInfinity;
  for (size_t j = keys.begin; j < keys.end; ++j) {
    const void* panel = args.k_panels[j / kPanelTokens];
    float s = 0.0f;
    for (size_t d = 0; d < args.k_dim; ++d) {
      s = __builtin_fmaf(q[d], load(panel, args.k_type, d * kPanelTokens + j % kPanelTokens), s);
    }
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

  for (size_t d = 0; d < args.v_dim; ++d) {
    float acc = 0.0f;
    for (size_t j = keys.begin; j < keys.end; ++j) {
      const void* panel = args.v_panels[j / kPanelTokens];
      acc = __builtin_fmaf(score[j], load(panel, args.v_type, j % kPanelTokens * args.v_dim + d),
                           acc);
    }
    partial->acc[d] = acc;
  }
}

}  // namespace

void store_key(const float* key, size_t k_dim, KvType type, void* panel, size_t slot) {
  for (size_t d = 0; d < k_dim; ++d) store(key[d], type, panel, d * kPanelTokens + slot);
}

void store_value(const float* value, size_t v_dim, KvType type, void* panel, size_t slot) {
  for (size_t d = 0; d < v_dim; ++d) store(value[d], type, panel, slot * v_dim + d);
}

void attend_chunk(const AttendChunkArgs& args, AttentionState* partials) {
  for (size_t i = 0; i < args.n_queries; ++i)
    attend_query(args, args.q[i], args.keys[i], &partials[i]);
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
