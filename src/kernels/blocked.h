// SPDX-License-Identifier: Apache-2.0
//
// Activations as products with many tokens read them: all that 256 k of a token bring to a product
// lie together, [block of 256][token]. A tile then reads one stream, and what every panel of
// weights would work out anew is done once: the shift to unsigned bytes, which products of unsigned
// by signed bytes want where the weights are the signed ones, and sums.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

namespace hearth::kernels {
namespace {

constexpr size_t kBlock = 256;

// A block of a token in the form q8_32. A last block may be shorter.
template <class Byte>
struct alignas(64) TokenBlock32Of {
  Byte a[kBlock];
  float scale[8];  // of 32 activations
  float sum[8];    // of 32 quants
};
// And in the form q8_256.
template <class Byte>
struct alignas(64) TokenBlock256Of {
  Byte a[kBlock];
  int16_t sum[16];   // of 16 quants
  int16_t sum32[8];  // of 32 quants
  float scale;
};
// q + 128: dots of unsigned activations with signed weights.
using TokenBlock32 = TokenBlock32Of<uint8_t>;
using TokenBlock256 = TokenBlock256Of<uint8_t>;
// q: tiles, which take both signed.
using TileTokenBlock32 = TokenBlock32Of<int8_t>;
using TileTokenBlock256 = TokenBlock256Of<int8_t>;

// Where the tokens are the signed operand of vectors.
struct alignas(64) SignedTokenBlock32 {
  int8_t a[kBlock];
  float scale[8];
  int16_t sum[16];  // of 16 quants
};
struct alignas(64) SignedTokenBlock256 {
  int8_t a[kBlock];
  int16_t sum[16];
  int16_t sum32[8];
  int16_t pair_sum[16][2];  // of 16 quants: of those 4 i and 4 i + 1, of the others
  float scale;
};

static_assert(sizeof(TokenBlock32) == 320 && sizeof(TokenBlock256) == 320);
static_assert(sizeof(TileTokenBlock32) == sizeof(TileTokenBlock256));
static_assert(sizeof(SignedTokenBlock32) == 320 && sizeof(SignedTokenBlock256) == 384);

}  // namespace

// Kernels::block_activations of the tables that use these forms; the second with signed tokens, the
// third for tiles.
void block_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                       size_t n_tokens, size_t token_begin, size_t token_end, void* to);
void block_signed_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                              size_t n_tokens, size_t token_begin, size_t token_end, void* to);
void block_tile_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                            size_t n_tokens, size_t token_begin, size_t token_end, void* to);

}  // namespace hearth::kernels
