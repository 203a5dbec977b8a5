// SPDX-License-Identifier: Apache-2.0
//
// Every tensor type that GGUF files use, by id and name. The ids and block sizes are facts of the
// format (ggml.h, ggml-common.h of llama.cpp); how a block decodes is in kernels/layout.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hearth::format {

enum class TensorType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q8_1 = 9,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  q8_k = 15,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
  q1_0 = 41,
  q2_0 = 42,
};

struct TypeInfo {
  TensorType type;
  std::string_view name;      // as llama.cpp prints it: "F32", "Q4_K", "IQ2_XXS"
  std::uint32_t block_elems;  // elements in a block (1 for plain types)
  std::uint32_t block_bytes;  // bytes of a block
};

// Nothing for an id that GGUF does not define (removed ids and those of ik_llama.cpp alone
// included).
std::optional<TypeInfo> type_info(std::uint32_t id);
const TypeInfo& type_info(TensorType type);

// The name of an id that Hearth refuses although other programs write it (ik_llama.cpp's own types,
// removed ggml types), so that the message can say what the file holds; empty if nobody knows it.
std::string_view foreign_type_name(std::uint32_t id);

}  // namespace hearth::format
