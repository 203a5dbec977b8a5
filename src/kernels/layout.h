// SPDX-License-Identifier: Apache-2.0
//
// The quant blocks of GGUF as they lie in a file: plain bytes, little endian, alignment 1, so that
// a pointer anywhere into a mapped file is a valid block. Each struct's comment draws its bytes and
// states the weights; "d" is a 16-bit float unless said, "q" an unsigned field of the stated width.
// Element order is part of the format and the one thing easy to get wrong.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels {

struct U16 {
  uint8_t bytes[2];
};
struct U32 {
  uint8_t bytes[4];
};

// --- one float scale for each 32 (16, 64, 128) elements ------------------------------------------

// | d | qs[16] |   low nibble of qs[j] = element j, high = element j + 16;   w = d (q - 8)
struct BlockQ4_0 {
  U16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

// | d | m | qs[16] |   order of Q4_0;   w = d q + m
struct BlockQ4_1 {
  U16 d, m;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ4_1) == 20);

// | d | qh: 32 bits | qs[16] |   order of Q4_0, bit j of qh = fifth bit of element j;   w = d (q -
// 16)
struct BlockQ5_0 {
  U16 d;
  U32 qh;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ5_0) == 22);

// | d | m | qh: 32 bits | qs[16] |   as Q5_0;   w = d q + m
struct BlockQ5_1 {
  U16 d, m;
  U32 qh;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ5_1) == 24);

// | d | s8 qs[32] |   w = d q, and q may be -128
struct BlockQ8_0 {
  U16 d;
  int8_t qs[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

// | d | qs[16] |   order of Q4_0;   w = d K[q], K the 16 levels of iq4.h
struct BlockIQ4_NL {
  U16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockIQ4_NL) == 18);

// | e | qs[16] |   order of Q4_0;   w = 2^(e - 128) E[q], E the doubled e2m1 values of fp4.h
struct BlockMXFP4 {
  uint8_t e;
  uint8_t qs[16];
};
static_assert(sizeof(BlockMXFP4) == 17);

// | d[4]: UE4M3 | qs[32] |   64 elements; sub-block s of 16 has scale d[s] and bytes 8s..8s+7: low
// nibble = its element j, high = its element j + 8;   w = (d[s] / 2) E[q]
struct BlockNVFP4 {
  uint8_t d[4];
  uint8_t qs[32];
};
static_assert(sizeof(BlockNVFP4) == 36);

// | d | 128 bits |   bit j % 8 of qs[j / 8] = element j;   w = bit ? d : -d
struct BlockQ1_0 {
  U16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ1_0) == 18);

// | d | 64 x 2 bits |   bits 2(j % 4) of qs[j / 4] = element j;   w = d (q - 1)
struct BlockQ2_0 {
  U16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ2_0) == 18);

// --- super-blocks of 256 with integer group scales -----------------------------------------------

// | sc[16] | qs[64] | d | dmin |   element 128 h + 32 s + l = bits 2s of qs[32 h + l]; group g of
// 16: w = d (sc[g] & 15) q - dmin (sc[g] >> 4)
struct BlockQ2_K {
  uint8_t scales[16];
  uint8_t qs[64];
  U16 d, dmin;
};
static_assert(sizeof(BlockQ2_K) == 84);

// | hmask[32] | qs[64] | sc[12] | d |   low bits as Q2_K; bit n of hmask[l] = third bit of element
// 32 n + l;   w = d (s6[g] - 32) (q - 4), sixteen 6-bit scales packed as k_quants.h says
struct BlockQ3_K {
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  U16 d;
};
static_assert(sizeof(BlockQ3_K) == 110);

// | d | dmin | sc[12] | qs[128] |   element 64 r + l (l < 32) = low nibble of qs[32 r + l], element
// 64 r + 32 + l = its high nibble;   group g of 32: w = d s[g] q - dmin m[g], 6 bits each
// (k_quants.h)
struct BlockQ4_K {
  U16 d, dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};
static_assert(sizeof(BlockQ4_K) == 144);

// | d | dmin | sc[12] | qh[32] | qs[128] |   as Q4_K; bit g of qh[l] = fifth bit of element 32 g +
// l
struct BlockQ5_K {
  U16 d, dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
static_assert(sizeof(BlockQ5_K) == 176);

// | ql[128] | qh[64] | s8 sc[16] | d |   for each half h of 128, l < 32, s < 4: element 128 h + 32
// s + l has low nibble from ql[64 h + 32 (s & 1) + l] (low half for s < 2, high half after) and
// bits 4, 5 from bits 2s of qh[32 h + l];   group g of 16: w = d sc[g] (q - 32)
struct BlockQ6_K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  U16 d;
};
static_assert(sizeof(BlockQ6_K) == 210);

// | d | sh | sl[4] | qs[128] |   group g of 32: bytes qs[16 g ..], order of Q4_0; scale = nibble g
// of sl + (bits 2g of sh) << 4;   w = d (scale - 32) K[q]
struct BlockIQ4_XS {
  U16 d, scales_high;
  uint8_t scales_low[4];
  uint8_t qs[128];
};
static_assert(sizeof(BlockIQ4_XS) == 136);

// | d | 8 x (4 index bytes, u32) |   group g of 32 = 4 runs of 8: run i is grid[index[i]] with the
// signs of bits 7i of the u32, whose top 4 bits are the scale s;   w = d (2s + 1) / 8 * sign * grid
struct BlockIQ2_XXS {
  U16 d;
  struct {
    uint8_t index[4];
    U32 signs_and_scale;
  } groups[8];
};
static_assert(sizeof(BlockIQ2_XXS) == 66);

// | d | u16 qs[32] | sc[8] |   run of 8: 9 bits of grid index, 7 of signs; group of 16: nibble
// scale
struct BlockIQ2_XS {
  U16 d;
  U16 qs[32];
  uint8_t scales[8];
};
static_assert(sizeof(BlockIQ2_XS) == 74);

// | d | qs[32] | signs[32] | qh[8] | sc[8] |   run i of 8: index = qs[i] + bits 2(i % 4) of qh[i /
// 4] << 8
struct BlockIQ2_S {
  U16 d;
  uint8_t qs[32];
  uint8_t signs[32];
  uint8_t qh[8];
  uint8_t scales[8];
};
static_assert(sizeof(BlockIQ2_S) == 82);

// | d | qs[64] | u32 x 8 |   runs of 4 by qs; the u32 of group g of 32 holds signs and scale as
// IQ2_XXS;   w = d (2s + 1) / 4 * sign * grid
struct BlockIQ3_XXS {
  U16 d;
  uint8_t qs[64];
  U32 signs_and_scale[8];
};
static_assert(sizeof(BlockIQ3_XXS) == 98);

// | d | qs[64] | qh[8] | signs[32] | sc[4] |   run i of 4: index = qs[i] + bit i % 8 of qh[i / 8]
// << 8; group g of 32: nibble g of sc;   w = d (2s + 1) * sign * grid
struct BlockIQ3_S {
  U16 d;
  uint8_t qs[64];
  uint8_t qh[8];
  uint8_t signs[32];
  uint8_t scales[4];
};
static_assert(sizeof(BlockIQ3_S) == 110);

// | d | qs[32] | u16 qh[8] |   group g of 32 = 4 runs of 8: index = qs[4 g + i] + bits 3i of qh[g]
// << 8; bits 12..14 of qh[g] = s, bit 15 = sign of delta;   w = d (2s + 1) (grid +- 1/8)
struct BlockIQ1_S {
  U16 d;
  uint8_t qs[32];
  U16 qh[8];
};
static_assert(sizeof(BlockIQ1_S) == 50);

// | qs[32] | qh[16] | u16 sc[4] |   run i of 8: nibble i of qh = 3 index bits and the delta's sign;
// group j of 16: bits 3(j % 4) of sc[j / 4] = s; the top nibbles of sc are d's bits, lowest first
struct BlockIQ1_M {
  uint8_t qs[32];
  uint8_t qh[16];
  U16 scales[4];
};
static_assert(sizeof(BlockIQ1_M) == 56);

// | qs[48] | qh[4] | d |   base 3: trit n of a byte b is ((b 3^n mod 256) 3) >> 8; elements: 32
// bytes x 5 trits (trit n of byte l = element 32 n + l), then 16 bytes x 5, then qh x 4;   w = d
// (trit - 1)
struct BlockTQ1_0 {
  uint8_t qs[48];
  uint8_t qh[4];
  U16 d;
};
static_assert(sizeof(BlockTQ1_0) == 54);

// | qs[64] | d |   element 128 h + 32 s + l = bits 2s of qs[32 h + l];   w = d (q - 1)
struct BlockTQ2_0 {
  uint8_t qs[64];
  U16 d;
};
static_assert(sizeof(BlockTQ2_0) == 66);

}  // namespace hearth::kernels
