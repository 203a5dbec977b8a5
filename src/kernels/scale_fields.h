// SPDX-License-Identifier: Apache-2.0
//
// Where the scales of a block lie: what has to be looked at to know that its weights are numbers,
// and what has to be set to make random bytes a sane block. Layouts: layout.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

namespace hearth::kernels {

enum class ScaleKind : uint8_t {
  f64,
  f32,
  f16,
  bf16,
  e8m0,            // an exponent; 255 is its NaN, and the largest make weights of infinity
  ue4m3,           // an unsigned 8-bit float; 0x7F is its NaN (decoded as 0)
  f16_in_nibbles,  // IQ1_M: the top nibbles of four 16-bit words, lowest first
};

struct ScaleField {
  ScaleKind kind;
  uint8_t offset;      // in the block
  float of_first = 1;  // what it is, as a multiple of the block's scale, for weights around zero
};

struct ScaleFields {
  ScaleField of[4];
  uint8_t n;
};

// Also answers for the numbers of GGUF that are no weight types: Q8_1, Q8_K and F64. No fields:
// integers, and numbers that nobody defined.
ScaleFields scale_fields(WeightType type);

// The index of the first of n blocks (elements of plain types) that decodes to a NaN or infinity or
// has a NaN for a scale; n if there is none. block_bytes as the format says for the type; looks at
// scales alone where finite scales make finite weights.
size_t find_not_finite(WeightType type, size_t block_bytes, const void* blocks, size_t n);

}  // namespace hearth::kernels
