// SPDX-License-Identifier: Apache-2.0
//
// A row of floats to the blocks of a weight type by rounding to nearest: scales come from the
// largest weights of a block and its groups, every weight goes to the level nearest to it. No
// search for scales that lose less. Plain code, the same bits on every machine; any thread.
//
// Promises. Every block decodes to finite weights. How far a weight may move: encode_test.cc states
// it for each type. A block of zeros decodes to zeros (Q1_0, which has no zero, included: its scale
// is 0). Weights too small for the type's scale become zeros.
#pragma once

#include <stddef.h>

#include "kernels/kernels.h"

namespace hearth::kernels {

// All types but IQ1, IQ2 and IQ3, whose code books ask for a search.
bool can_encode(WeightType type);

// k is a multiple of the type's block; row has room for k / block_elems x block_bytes bytes. False,
// and no sense in the row, if a value is NaN, infinite or too large for the type (a 16-bit float or
// scale overflows), or the type cannot be encoded.
bool encode_row(WeightType type, const float* x, size_t k, void* row);

}  // namespace hearth::kernels
