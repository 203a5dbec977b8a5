// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on raw memory: one table of functions for each instruction set. The scalar table IS
// the numerical definition (docs/decisions/0002-numbers.md) and the oracle of every faster one; a
// table that claims equality gives the same bits. No threads, no heap, no errors: callers split the
// work, bring the memory and have checked every shape.
//
// Conventions. k is the length of the summed dimension; a "row" of weights is one output, a "token"
// is one activation vector. Pointers need the alignment of their element type only, unless said.
// Strides count elements, not bytes, unless named _bytes. Outputs never alias inputs unless said.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/activations.h"
#include "kernels/attention.h"

namespace hearth::kernels {

// Weight types, numbered as in GGUF (format::TensorType), which this folder cannot include.
enum class WeightType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
  q1_0 = 41,
  q2_0 = 42,
};
inline constexpr size_t kWeightTypeSlots = 43;

// The form in which a weight type wants its activations.
enum class ActivationForm : uint8_t {
  none,    // the type has no product (not a weight type of this version)
  f32,     // plain floats: F32, F16, BF16 weights
  q8_32,   // int8 with one f32 scale for each 32: types whose own scale is a float for each <= 64
  q8_256,  // int8 with one f32 scale for each 256: super-block types with integer group scales
};
ActivationForm activation_form(WeightType type);
size_t block_elems(WeightType type);
size_t block_bytes(WeightType type);

// How far ahead of reading weights a product asks memory for them: panels follow one another, and
// the hardware looks no further than a page.
inline constexpr ptrdiff_t kAskAhead = 4096;

struct MatmulArgs {
  const void*
      weights;       // row 0: rows as in the file, or panels (packed.h) where the table wants them
  size_t row_bytes;  // from row to row of the file; panels need none
  size_t k;          // a multiple of the type's block
  size_t row_begin, row_end;  // outputs to compute
  size_t n_tokens;
  QuantizedActivations quantized;  // when activation_form is q8_*
  const float* x;                  // when it is f32: [token][x_stride]
  size_t x_stride;
  float* out;  // out[token * out_stride + row], row_begin <= row < row_end
  size_t out_stride;
  // From what is read to what is read next, in bytes: panels alone ask for it.
  ptrdiff_t ahead = kAskAhead;
};

struct Kernels {
  const char* name;    // "scalar", "avx2", "avxvnni", "avx512vnni", "amx", "neon", ...
  bool equals_scalar;  // claims the scalar table's bits
  bool packed;         // products of quantised types take their weights in panels (packed.h)

  void (*quantize_q8_32)(const float* x, size_t k, int8_t* q, float* scales, int16_t* sums);
  void (*quantize_q8_256)(const float* x, size_t k, int8_t* q, float* scales, int16_t* sums);
  // Writes tokens token_begin .. token_end - 1 of n_tokens in the order in which products with many
  // tokens read them, once for all of them, where wants_blocked() says so. Null: none does.
  void (*block_activations)(const QuantizedActivations& from, ActivationForm form, size_t k,
                            size_t n_tokens, size_t token_begin, size_t token_end, void* to);
  void (*matmul[kWeightTypeSlots])(const MatmulArgs& args);  // null: not a weight type
  void (*dequantize[kWeightTypeSlots])(const void* row, size_t k, float* out);

  // out[i] = (x[i] * (1 / sqrt(sum(x^2) / n + eps))) * weight[i]; sum over 16 lanes, see 0002.
  void (*rms_norm)(const float* x, const float* weight, float eps, size_t n, float* out);
  void (*add)(const float* a, const float* b, size_t n, float* out);           // out may be a or b
  void (*silu_mul)(const float* gate, const float* up, size_t n, float* out);  // out may alias
  // Rotates pairs of the first n_rot values of one head in place. interleaved: pairs (2i, 2i+1);
  // otherwise (i, i + n_rot/2). cos and sin have n_rot/2 values each (attention factor included).
  void (*rope)(float* head, const float* cos, const float* sin, size_t n_rot, bool interleaved);

  // Turns the values of a head, or of its part, by the orthonormal Hadamard matrix in place; n is a
  // power of two, 16 to 256. It is its own inverse.
  void (*hadamard)(float* x, size_t n);

  // Appends one token's key (k_dim values) to lane slot (0..15) of a K panel, and value to a V
  // panel. What a block type cannot hold (NaN, infinite or too large) becomes NaN.
  void (*store_key)(const float* key, size_t k_dim, KvType type, void* panel, size_t slot);
  void (*store_value)(const float* value, size_t v_dim, KvType type, void* panel, size_t slot);
  // partials: one for each query.
  void (*attend_chunk)(const AttendChunkArgs& args, AttentionState* partials);
  // state := state merged with partial (a state with max = -inf is empty).
  void (*merge_attention)(AttentionState* state, const AttentionState& partial, size_t v_dim);
  // out = acc / sum.
  void (*finish_attention)(const AttentionState& state, size_t v_dim, float* out);

  float (*exp)(float x);                                   // our own, the same bits everywhere
  float (*dot)(const float* a, const float* b, size_t n);  // 16 lanes, for side inputs (LoRA)
};

// Whether products of n tokens read QuantizedActivations::blocked.
bool wants_blocked(const Kernels& table, size_t n_tokens);

// The tables of this build, best first, and whether this CPU can run each.
struct IsaChoice {
  const Kernels* table;
  bool usable;
  const char* missing;  // what the CPU or system lacks, "" when usable
  // From so many tokens on products of quantised weights are its own; fewer are the next table's.
  TokensByForm least_tokens = {1, 1};
  // Multiply-adds a second in a small product with many tokens (kernels/trial.h), where the choice
  // hangs on that; else 0.
  double trial_macs = 0;
};
// n receives the count. The array is static.
const IsaChoice* all_isas(size_t* n);

// The best usable table (a later one that a trial found clearly faster goes first), or the one that
// HEARTH_ISA or select_isa chose. Chosen once, before any thread computes; the one process-wide
// singleton of Hearth.
const Kernels& active();
// Forces a table by name; false (and no change) if it is unknown or unusable here.
bool select_isa(const char* name);

}  // namespace hearth::kernels
