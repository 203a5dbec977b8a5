// SPDX-License-Identifier: Apache-2.0
//
// The types that keys and values can have in the KV cache, and the memory they take. Plain floats
// hold each value by itself; the others are blocks of 32 values, encoded as the weight type of the
// same name, and a head whose size is no multiple of 32 is filled up with zeros. Any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels {

enum class KvType : uint8_t { f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl };
inline constexpr size_t kKvTypes = 9;

constexpr bool kv_in_blocks(KvType type) {
  return type >= KvType::q8_0;
}

// As llama.cpp's flags spell it: "f16", "q8_0".
const char* kv_type_name(KvType type);
// The type of that name; false if there is none.
bool find_kv_type(const char* name, KvType* type);

// KV memory comes in panels of 16 consecutive token positions of one KV head of one layer. Plain
// floats: K as [dim][16 tokens] (lanes are keys), V as [16 tokens][dim]. Blocks: K as a packed
// panel of 16 rows of weights (packed.h), V as 16 rows of blocks.
inline constexpr size_t kPanelTokens = 16;

// The values of a head as they are stored: dim, or the next multiple of 32.
constexpr size_t kv_stored_dim(KvType type, size_t dim) {
  return kv_in_blocks(type) ? (dim + 31) / 32 * 32 : dim;
}
// Bytes of one position of one head, and of the panels.
size_t kv_row_bytes(KvType type, size_t dim);
size_t kv_key_panel_bytes(KvType type, size_t dim);
inline size_t kv_value_panel_bytes(KvType type, size_t dim) {
  return kPanelTokens * kv_row_bytes(type, dim);
}

// Heads whose keys (or values) are kept in blocks are turned before by a Hadamard matrix over parts
// of so many values, queries (or the result) likewise: outliers of single dimensions spread over
// all, and lose less. The largest power of two in dim, at most 256; 1, and no turning, below 16.
// QuaRot, arXiv:2404.00456.
constexpr size_t kv_hadamard_size(KvType type, size_t dim) {
  const size_t power = dim & (~dim + 1);
  if (!kv_in_blocks(type) || power < 16) return 1;
  return power < 256 ? power : 256;
}

}  // namespace hearth::kernels
