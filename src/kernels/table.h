// SPDX-License-Identifier: Apache-2.0
//
// How a table is made: the scalar table first, then one replacement after another, all while
// compiling. No code of a table's instruction set can run before it is chosen.
#pragma once

#include "kernels/scalar/functions.h"

namespace hearth::kernels {
namespace {

consteval size_t slot(WeightType type) {
  return static_cast<size_t>(type);
}

consteval Kernels scalar_kernels() {
  Kernels t{};
  t.name = "scalar";
  t.equals_scalar = true;
  t.quantize_q8_32 = scalar::quantize_q8_32;
  t.quantize_q8_256 = scalar::quantize_q8_256;
#define HEARTH_SLOT(name)                                   \
  t.matmul[slot(WeightType::name)] = scalar::matmul_##name; \
  t.dequantize[slot(WeightType::name)] = scalar::dequantize_##name;
#define HEARTH_FLOAT_TYPE(name) HEARTH_SLOT(name)
#define HEARTH_GROUP_TYPE(name, Decoder) HEARTH_SLOT(name)
#define HEARTH_SUPER_TYPE(name, Decoder) HEARTH_SLOT(name)
#include "kernels/types.inc"
#undef HEARTH_SLOT
  t.rms_norm = scalar::rms_norm;
  t.add = scalar::add;
  t.silu_mul = scalar::silu_mul;
  t.rope = scalar::rope;
  t.hadamard = scalar::hadamard;
  t.store_key = scalar::store_key;
  t.store_value = scalar::store_value;
  t.attend_chunk = scalar::attend_chunk;
  t.merge_attention = scalar::merge_attention;
  t.finish_attention = scalar::finish_attention;
  t.exp = scalar::exp;
  t.dot = scalar::dot;
  return t;
}

}  // namespace
}  // namespace hearth::kernels
