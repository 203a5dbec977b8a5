// SPDX-License-Identifier: Apache-2.0
//
// The loops of AArch64. Sums are in v0 to v23, operands in v28 to v31.
#include "kernels/ceilings/loops.h"

#if defined(__aarch64__)

namespace hearth::kernels::ceilings {
namespace {

#define EVEN_24 "0,2,4,6,8,10,12,14,16,18,20,22"
#define ODD_24 "1,3,5,7,9,11,13,15,17,19,21,23"
#define ALL_24 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23"
#define FOR_EACH(registers, line) ".irp i," registers "\n" line "\n.endr\n"
#define LOST                                                                                     \
  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", \
      "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v28", "v29", "v30", "v31", \
      "cc", "memory"

constexpr size_t kByteStep = sizeof(CeilingOperands::a[0]);
constexpr size_t kFloatStep = sizeof(CeilingOperands::float_a[0]);

}  // namespace

// even and odd are the multiply-add of one sum with the operands 0 and 1.
#define MULTIPLY_ADD_LOOP(extension, even, odd, a0, b0, step_bytes)                               \
  __asm__ volatile(extension                                                                      \
                   "ldr q28, [%[a]]\nldr q29, [%[a], %[step]]\n"                                  \
                   "ldr q30, [%[b]]\nldr q31, [%[b], %[step]]\n" FOR_EACH(                        \
                       ALL_24, "movi v\\i\\().4s, #0") "1:\n" FOR_EACH(EVEN_24, even)             \
                       FOR_EACH(ODD_24, odd) "subs %[rounds], %[rounds], #1\nb.ne 1b\n" FOR_EACH( \
                           ALL_24, "str q\\i, [%[sums], #16*\\i]")                                \
                   : [rounds] "+r"(rounds)                                                        \
                   : [a] "r"(a0), [b] "r"(b0), [step] "i"(step_bytes), [sums] "r"(sums)           \
                   : LOST)

void smmla(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  MULTIPLY_ADD_LOOP(".arch armv8.2-a+i8mm\n", "smmla v\\i\\().4s, v28.16b, v30.16b",
                    "smmla v\\i\\().4s, v29.16b, v31.16b", operands.a, operands.b, kByteStep);
}

void sdot(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  MULTIPLY_ADD_LOOP(".arch armv8.2-a+dotprod\n", "sdot v\\i\\().4s, v28.16b, v30.16b",
                    "sdot v\\i\\().4s, v29.16b, v31.16b", operands.a, operands.b, kByteStep);
}

void smlal(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  MULTIPLY_ADD_LOOP("", "smlal v\\i\\().8h, v28.8b, v30.8b", "smlal v\\i\\().8h, v29.8b, v31.8b",
                    operands.a, operands.b, kByteStep);
}

void fmla(const CeilingOperands& operands, uint64_t rounds, void* sums) {
  MULTIPLY_ADD_LOOP("", "fmla v\\i\\().4s, v28.4s, v30.4s", "fmla v\\i\\().4s, v29.4s, v31.4s",
                    operands.float_a, operands.float_b, kFloatStep);
}

// Eight sums, each of every eighth register.
uint32_t read_128(const void* bytes, size_t n_bytes) {
  const void* const end = static_cast<const uint8_t*>(bytes) + n_bytes;
  uint32_t sum;
  __asm__ volatile(FOR_EACH("0,1,2,3,4,5,6,7", "movi v\\i\\().4s, #0")
                   "1:\n"
                   "ldp q8, q9, [%[at]]\nldp q10, q11, [%[at], #32]\n"
                   "ldp q12, q13, [%[at], #64]\nldp q14, q15, [%[at], #96]\n"
                   "add v0.4s, v0.4s, v8.4s\nadd v1.4s, v1.4s, v9.4s\n"
                   "add v2.4s, v2.4s, v10.4s\nadd v3.4s, v3.4s, v11.4s\n"
                   "add v4.4s, v4.4s, v12.4s\nadd v5.4s, v5.4s, v13.4s\n"
                   "add v6.4s, v6.4s, v14.4s\nadd v7.4s, v7.4s, v15.4s\n"
                   "add %[at], %[at], #128\ncmp %[at], %[end]\nb.lo 1b\n"
                   FOR_EACH("1,2,3,4,5,6,7", "add v0.4s, v0.4s, v\\i\\().4s")
                   "addv s0, v0.4s\nfmov %w[sum], s0\n"
                   : [at] "+r"(bytes), [sum] "=r"(sum)
                   : [end] "r"(end)
                   : LOST);
  return sum;
}

}  // namespace hearth::kernels::ceilings

#endif
