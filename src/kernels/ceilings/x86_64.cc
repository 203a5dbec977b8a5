// SPDX-License-Identifier: Apache-2.0
//
// The loops of x86-64. Sums are in the registers 0 to 23 (512 bit) or 0 to 11, operands in the last
// ones; ".irp i" repeats a line for each of a list of registers. Where 12 sums and 4 operands leave
// no register for a product, b comes from memory, which costs no slot.
#include "kernels/ceilings/loops.h"

#if defined(__x86_64__)

namespace hearth::kernels::ceilings {
namespace {

#define EVEN_12 "0,2,4,6,8,10"
#define ODD_12 "1,3,5,7,9,11"
#define ALL_12 "0,1,2,3,4,5,6,7,8,9,10,11"
#define EVEN_24 EVEN_12 ",12,14,16,18,20,22"
#define ODD_24 ODD_12 ",13,15,17,19,21,23"
#define ALL_24 ALL_12 ",12,13,14,15,16,17,18,19,20,21,22,23"
#define FOR_EACH(registers, line) ".irp i," registers "\n" line "\n.endr\n"
#define LOOP(body) "1:\n" body "dec %[rounds]\njnz 1b\n"
// A compiler that was told of no wider registers knows of these alone; all are its to lose.
#define LOST                                                                               \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory"

// Operands 0 and 1 of a and b lie so many bytes apart.
constexpr size_t kByteStep = sizeof(CeilingOperands::a[0]);
constexpr size_t kFloatStep = sizeof(CeilingOperands::float_a[0]);

// What the configuration of the tiles says (Intel SDM, volume 1, 18.3).
struct TileConfig {
  alignas(64) uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

}  // namespace

void tdpbusd(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  const TileConfig config;
  __asm__ volatile("ldtilecfg %[config]\n" FOR_EACH("0,1,2,3", "tilezero %%tmm\\i")
                   "tileloadd (%[a], %[row]), %%tmm4\n"
                   "tileloadd (%[a1], %[row]), %%tmm5\n"
                   "tileloadd (%[b], %[row]), %%tmm6\n"
                   "tileloadd (%[b1], %[row]), %%tmm7\n"
                   LOOP("tdpbusd %%tmm6, %%tmm4, %%tmm0\n"
                        "tdpbusd %%tmm7, %%tmm5, %%tmm1\n"
                        "tdpbusd %%tmm6, %%tmm4, %%tmm2\n"
                        "tdpbusd %%tmm7, %%tmm5, %%tmm3\n")
                   FOR_EACH("0,1,2,3",
                            "tilestored %%tmm\\i, (%[sums], %[row])\nadd $1024, %[sums]")
                   "tilerelease\n"
                   : [rounds] "+r"(rounds), [sums] "+r"(sums)
                   : [config] "m"(config), [a] "r"(operands.a[0]), [a1] "r"(operands.a[1]),
                     [b] "r"(operands.b[0]), [b1] "r"(operands.b[1]), [row] "r"(size_t{64})
                   : "cc", "memory");
}

void vpdpbusd_512(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      "vmovdqa64 (%[a]), %%zmm28\n"
      "vmovdqa64 %c[step](%[a]), %%zmm29\n"
      "vmovdqa64 (%[b]), %%zmm30\n"
      "vmovdqa64 %c[step](%[b]), %%zmm31\n" FOR_EACH(ALL_24, "vpxord %%zmm\\i, %%zmm\\i, %%zmm\\i")
          LOOP(FOR_EACH(EVEN_24, "vpdpbusd %%zmm30, %%zmm28, %%zmm\\i")
                   FOR_EACH(ODD_24, "vpdpbusd %%zmm31, %%zmm29, %%zmm\\i"))
              FOR_EACH(ALL_24, "vmovdqa64 %%zmm\\i, 64*\\i(%[sums])") "vzeroupper\n"
      : [rounds] "+r"(rounds)
      : [a] "r"(operands.a), [b] "r"(operands.b), [step] "i"(kByteStep), [sums] "r"(sums)
      : LOST);
}

void vpdpbusd_256(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      "vmovdqa (%[a]), %%ymm12\n"
      "vmovdqa %c[step](%[a]), %%ymm13\n"
      "vmovdqa (%[b]), %%ymm14\n"
      "vmovdqa %c[step](%[b]), %%ymm15\n" FOR_EACH(ALL_12, "vpxor %%ymm\\i, %%ymm\\i, %%ymm\\i")
          LOOP(FOR_EACH(EVEN_12, "%{vex%} vpdpbusd %%ymm14, %%ymm12, %%ymm\\i")
                   FOR_EACH(ODD_12, "%{vex%} vpdpbusd %%ymm15, %%ymm13, %%ymm\\i"))
              FOR_EACH(ALL_12, "vmovdqa %%ymm\\i, 32*\\i(%[sums])") "vzeroupper\n"
      : [rounds] "+r"(rounds)
      : [a] "r"(operands.a), [b] "r"(operands.b), [step] "i"(kByteStep), [sums] "r"(sums)
      : LOST);
}

// 12 sums of latency 5 are just enough for two units, and fall out of step now and then; here is
// room for more.
void vpdpbusd_256_evex(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      "vmovdqa64 (%[a]), %%ymm28\n"
      "vmovdqa64 %c[step](%[a]), %%ymm29\n"
      "vmovdqa64 (%[b]), %%ymm30\n"
      "vmovdqa64 %c[step](%[b]), %%ymm31\n" FOR_EACH(ALL_24, "vpxord %%ymm\\i, %%ymm\\i, %%ymm\\i")
          LOOP(FOR_EACH(EVEN_24, "vpdpbusd %%ymm30, %%ymm28, %%ymm\\i")
                   FOR_EACH(ODD_24, "vpdpbusd %%ymm31, %%ymm29, %%ymm\\i"))
              FOR_EACH(ALL_24, "vmovdqa64 %%ymm\\i, 32*\\i(%[sums])") "vzeroupper\n"
      : [rounds] "+r"(rounds)
      : [a] "r"(operands.a), [b] "r"(operands.b), [step] "i"(kByteStep), [sums] "r"(sums)
      : LOST);
}

// Two products, then their sums.
#define MADD_PAIR(even, odd)                      \
  "vpmaddubsw (%[b]), %%ymm13, %%ymm12\n"         \
  "vpmaddubsw %c[step](%[b]), %%ymm14, %%ymm15\n" \
  "vpaddw %%ymm12, %%ymm" even ", %%ymm" even     \
  "\n"                                            \
  "vpaddw %%ymm15, %%ymm" odd ", %%ymm" odd "\n"

void vpmaddubsw_256(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      "vmovdqa (%[a]), %%ymm13\n"
      "vmovdqa %c[step](%[a]), %%ymm14\n" FOR_EACH(ALL_12, "vpxor %%ymm\\i, %%ymm\\i, %%ymm\\i")
          LOOP(MADD_PAIR("0", "1") MADD_PAIR("2", "3") MADD_PAIR("4", "5") MADD_PAIR("6", "7")
                   MADD_PAIR("8", "9") MADD_PAIR("10", "11"))
              FOR_EACH(ALL_12, "vmovdqa %%ymm\\i, 32*\\i(%[sums])") "vzeroupper\n"
      : [rounds] "+r"(rounds)
      : [a] "r"(operands.a), [b] "r"(operands.b), [step] "i"(kByteStep), [sums] "r"(sums)
      : LOST);
}

void pmaddwd_128(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      FOR_EACH(ALL_12, "pxor %%xmm\\i, %%xmm\\i")
          LOOP(FOR_EACH(EVEN_12,
                        "movdqa (%[a]), %%xmm12\n"
                        "pmaddwd (%[b]), %%xmm12\n"
                        "paddd %%xmm12, %%xmm\\i") FOR_EACH(ODD_12,
                                                            "movdqa %c[step](%[a]), %%xmm13\n"
                                                            "pmaddwd %c[step](%[b]), %%xmm13\n"
                                                            "paddd %%xmm13, %%xmm\\i"))
              FOR_EACH(ALL_12, "movdqa %%xmm\\i, 16*\\i(%[sums])")
      : [rounds] "+r"(rounds)
      : [a] "r"(operands.a), [b] "r"(operands.b), [step] "i"(kByteStep), [sums] "r"(sums)
      : LOST);
}

void fma_512(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      "vmovaps (%[a]), %%zmm28\n"
      "vmovaps %c[step](%[a]), %%zmm29\n"
      "vmovaps (%[b]), %%zmm30\n"
      "vmovaps %c[step](%[b]), %%zmm31\n" FOR_EACH(ALL_24, "vpxord %%zmm\\i, %%zmm\\i, %%zmm\\i")
          LOOP(FOR_EACH(EVEN_24, "vfmadd231ps %%zmm30, %%zmm28, %%zmm\\i")
                   FOR_EACH(ODD_24, "vfmadd231ps %%zmm31, %%zmm29, %%zmm\\i"))
              FOR_EACH(ALL_24, "vmovaps %%zmm\\i, 64*\\i(%[sums])") "vzeroupper\n"
      : [rounds] "+r"(rounds)
      :
      [a] "r"(operands.float_a), [b] "r"(operands.float_b), [step] "i"(kFloatStep), [sums] "r"(sums)
      : LOST);
}

void fma_256(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      "vmovaps (%[a]), %%ymm12\n"
      "vmovaps %c[step](%[a]), %%ymm13\n"
      "vmovaps (%[b]), %%ymm14\n"
      "vmovaps %c[step](%[b]), %%ymm15\n" FOR_EACH(ALL_12, "vxorps %%ymm\\i, %%ymm\\i, %%ymm\\i")
          LOOP(FOR_EACH(EVEN_12, "vfmadd231ps %%ymm14, %%ymm12, %%ymm\\i")
                   FOR_EACH(ODD_12, "vfmadd231ps %%ymm15, %%ymm13, %%ymm\\i"))
              FOR_EACH(ALL_12, "vmovaps %%ymm\\i, 32*\\i(%[sums])") "vzeroupper\n"
      : [rounds] "+r"(rounds)
      :
      [a] "r"(operands.float_a), [b] "r"(operands.float_b), [step] "i"(kFloatStep), [sums] "r"(sums)
      : LOST);
}

void mul_add_128(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  __asm__ volatile(
      FOR_EACH(ALL_12, "xorps %%xmm\\i, %%xmm\\i")
          LOOP(FOR_EACH(EVEN_12,
                        "movaps (%[a]), %%xmm12\n"
                        "mulps (%[b]), %%xmm12\n"
                        "addps %%xmm12, %%xmm\\i") FOR_EACH(ODD_12,
                                                            "movaps %c[step](%[a]), %%xmm13\n"
                                                            "mulps %c[step](%[b]), %%xmm13\n"
                                                            "addps %%xmm13, %%xmm\\i"))
              FOR_EACH(ALL_12, "movaps %%xmm\\i, 16*\\i(%[sums])")
      : [rounds] "+r"(rounds)
      :
      [a] "r"(operands.float_a), [b] "r"(operands.float_b), [step] "i"(kFloatStep), [sums] "r"(sums)
      : LOST);
}

// Eight sums of a register each; a step of the loop reads 1024 bytes (the narrower ones in turns).
#define ALL_8 "0,1,2,3,4,5,6,7"

uint32_t read_512(const void* bytes, size_t n_bytes) {
  alignas(64) uint32_t sums[16] = {};
  const void* const end = static_cast<const uint8_t*>(bytes) + n_bytes;
  __asm__ volatile(FOR_EACH(ALL_8, "vpxord %%zmm\\i, %%zmm\\i, %%zmm\\i")
                   "1:\n"
                   FOR_EACH(ALL_8, "vpaddd 64*\\i(%[at]), %%zmm\\i, %%zmm\\i")
                   FOR_EACH(ALL_8, "vpaddd 512+64*\\i(%[at]), %%zmm\\i, %%zmm\\i")
                   "add $1024, %[at]\ncmp %[end], %[at]\njb 1b\n"
                   FOR_EACH("1,2,3,4,5,6,7", "vpaddd %%zmm\\i, %%zmm0, %%zmm0")
                   "vmovdqa64 %%zmm0, (%[sums])\nvzeroupper\n"
                   : [at] "+r"(bytes)
                   : [end] "r"(end), [sums] "r"(sums)
                   : LOST);
  uint32_t sum = 0;
  for (const uint32_t lane : sums) sum += lane;
  return sum;
}

uint32_t read_256(const void* bytes, size_t n_bytes) {
  alignas(64) uint32_t sums[8] = {};
  const void* const end = static_cast<const uint8_t*>(bytes) + n_bytes;
  __asm__ volatile(FOR_EACH(ALL_8, "vpxor %%ymm\\i, %%ymm\\i, %%ymm\\i")
                   "1:\n"
                   FOR_EACH(ALL_8, "vpaddd 32*\\i(%[at]), %%ymm\\i, %%ymm\\i")
                   FOR_EACH(ALL_8, "vpaddd 256+32*\\i(%[at]), %%ymm\\i, %%ymm\\i")
                   "add $512, %[at]\ncmp %[end], %[at]\njb 1b\n"
                   FOR_EACH("1,2,3,4,5,6,7", "vpaddd %%ymm\\i, %%ymm0, %%ymm0")
                   "vmovdqa %%ymm0, (%[sums])\nvzeroupper\n"
                   : [at] "+r"(bytes)
                   : [end] "r"(end), [sums] "r"(sums)
                   : LOST);
  uint32_t sum = 0;
  for (const uint32_t lane : sums) sum += lane;
  return sum;
}

uint32_t read_128(const void* bytes, size_t n_bytes) {
  alignas(64) uint32_t sums[4] = {};
  const void* const end = static_cast<const uint8_t*>(bytes) + n_bytes;
  __asm__ volatile(FOR_EACH(ALL_8, "pxor %%xmm\\i, %%xmm\\i")
                   "1:\n"
                   FOR_EACH(ALL_8, "paddd 16*\\i(%[at]), %%xmm\\i")
                   FOR_EACH(ALL_8, "paddd 128+16*\\i(%[at]), %%xmm\\i")
                   "add $256, %[at]\ncmp %[end], %[at]\njb 1b\n"
                   FOR_EACH("1,2,3,4,5,6,7", "paddd %%xmm\\i, %%xmm0")
                   "movdqa %%xmm0, (%[sums])\n"
                   : [at] "+r"(bytes)
                   : [end] "r"(end), [sums] "r"(sums)
                   : LOST);
  uint32_t sum = 0;
  for (const uint32_t lane : sums) sum += lane;
  return sum;
}

}  // namespace hearth::kernels::ceilings

#endif
