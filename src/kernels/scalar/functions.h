// SPDX-License-Identifier: Apache-2.0
//
// The functions of the scalar table, for its own units and for tables that keep some of them.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels::scalar {

#define HEARTH_DECLARE(name)                    \
  void matmul_##name(const MatmulArgs& args);   \
  void dequantize_##name(const void* row, size_t k, float* out);
#define HEARTH_FLOAT_TYPE(name) HEARTH_DECLARE(name)
#define HEARTH_GROUP_TYPE(name, Decoder) HEARTH_DECLARE(name)
#define HEARTH_SUPER_TYPE(name, Decoder) HEARTH_DECLARE(name)
#include "kernels/types.inc"
#undef HEARTH_DECLARE

void quantize_q8_32(const float* x, size_t k, int8_t* q, float* scales, int16_t* sums);
void quantize_q8_256(const float* x, size_t k, int8_t* q, float* scales, int16_t* sums);
void rms_norm(const float* x, const float* weight, float eps, size_t n, float* out);
void add(const float* a, const float* b, size_t n, float* out);
void silu_mul(const float* gate, const float* up, size_t n, float* out);
void rope(float* head, const float* cos, const float* sin, size_t n_rot, bool interleaved);
void store_key(const float* key, size_t k_dim, KvType type, void* panel, size_t slot);
void store_value(const float* value, size_t v_dim, KvType type, void* panel, size_t slot);
void attend_chunk(const AttendChunkArgs& args, AttentionState* partial);
void merge_attention(AttentionState* state, const AttentionState& partial, size_t v_dim);
void finish_attention(const AttentionState& state, size_t v_dim, float* out);
float exp(float x);
float tanh(float x);
float dot(const float* a, const float* b, size_t n);

extern const Kernels table;

}  // namespace hearth::kernels::scalar
