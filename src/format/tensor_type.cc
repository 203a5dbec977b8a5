// SPDX-License-Identifier: Apache-2.0
#include "format/tensor_type.h"

#include <array>
#include <cstddef>

#include "base/check.h"

namespace hearth::format {
namespace {

// One row for each type that GGUF defines, ascending by id. Q8_1 is 36 bytes (two f16 and 32 s8) as
// in ggml-common.h; gguf-py's table still says 40, the size of its first form. No file holds it.
constexpr TypeInfo kTypes[] = {
    {TensorType::f32, "F32", 1, 4},
    {TensorType::f16, "F16", 1, 2},
    {TensorType::q4_0, "Q4_0", 32, 18},
    {TensorType::q4_1, "Q4_1", 32, 20},
    {TensorType::q5_0, "Q5_0", 32, 22},
    {TensorType::q5_1, "Q5_1", 32, 24},
    {TensorType::q8_0, "Q8_0", 32, 34},
    {TensorType::q8_1, "Q8_1", 32, 36},
    {TensorType::q2_k, "Q2_K", 256, 84},
    {TensorType::q3_k, "Q3_K", 256, 110},
    {TensorType::q4_k, "Q4_K", 256, 144},
    {TensorType::q5_k, "Q5_K", 256, 176},
    {TensorType::q6_k, "Q6_K", 256, 210},
    {TensorType::q8_k, "Q8_K", 256, 292},
    {TensorType::iq2_xxs, "IQ2_XXS", 256, 66},
    {TensorType::iq2_xs, "IQ2_XS", 256, 74},
    {TensorType::iq3_xxs, "IQ3_XXS", 256, 98},
    {TensorType::iq1_s, "IQ1_S", 256, 50},
    {TensorType::iq4_nl, "IQ4_NL", 32, 18},
    {TensorType::iq3_s, "IQ3_S", 256, 110},
    {TensorType::iq2_s, "IQ2_S", 256, 82},
    {TensorType::iq4_xs, "IQ4_XS", 256, 136},
    {TensorType::i8, "I8", 1, 1},
    {TensorType::i16, "I16", 1, 2},
    {TensorType::i32, "I32", 1, 4},
    {TensorType::i64, "I64", 1, 8},
    {TensorType::f64, "F64", 1, 8},
    {TensorType::iq1_m, "IQ1_M", 256, 56},
    {TensorType::bf16, "BF16", 1, 2},
    {TensorType::tq1_0, "TQ1_0", 256, 54},
    {TensorType::tq2_0, "TQ2_0", 256, 66},
    {TensorType::mxfp4, "MXFP4", 32, 17},
    {TensorType::nvfp4, "NVFP4", 64, 36},
    {TensorType::q1_0, "Q1_0", 128, 18},
    {TensorType::q2_0, "Q2_0", 64, 18},
};

// kRowOf[id] is one more than the id's row in kTypes, 0 where GGUF defines no such id.
constexpr std::size_t kIdCount = 43;
constexpr std::array<std::uint8_t, kIdCount> rows_by_id() {
  std::array<std::uint8_t, kIdCount> rows{};
  std::uint8_t row = 0;
  for (const TypeInfo& info : kTypes) rows[static_cast<std::size_t>(info.type)] = ++row;
  return rows;
}
constexpr std::array<std::uint8_t, kIdCount> kRowOf = rows_by_id();

struct ForeignType {
  std::uint32_t id;
  std::string_view name;
};

// Ids taken from the enum in ggml.h of ik_llama.cpp and from the comments on removed ids in that of
// llama.cpp. Id 36 was IQ4_NL_4_4 there, but the files that hold it are BitNet's.
constexpr ForeignType kForeignTypes[] = {
    {4, "Q4_2 (removed from ggml)"},
    {5, "Q4_3 (removed from ggml)"},
    {31, "Q4_0_4_4 (removed from ggml)"},
    {32, "Q4_0_4_8 (removed from ggml)"},
    {33, "Q4_0_8_8 (removed from ggml)"},
    {36, "I2_S of BitNet, or IQ4_NL_4_4 (removed from ggml)"},
    {37, "IQ4_NL_4_8 (removed from ggml)"},
    {38, "IQ4_NL_8_8 (removed from ggml)"},
    {97, "Q8_0_X4 of ik_llama.cpp"},
    {98, "Q8_1_X4 of ik_llama.cpp"},
    {99, "Q8_2_X4 of ik_llama.cpp"},
    {133, "Q6_0 of ik_llama.cpp"},
    {134, "IQ1_BN of ik_llama.cpp"},
    {135, "IQ2_BN of ik_llama.cpp"},
    {136, "Q8_K64 of ik_llama.cpp"},
    {137, "IQ2_K of ik_llama.cpp"},
    {138, "IQ3_K of ik_llama.cpp"},
    {139, "IQ4_K of ik_llama.cpp"},
    {140, "IQ5_K of ik_llama.cpp"},
    {141, "IQ6_K of ik_llama.cpp"},
    {142, "PQ2_0 of PrismML, or IQ2_TN of ik_llama.cpp"},
    {143, "PTQ1_0 of PrismML, or IQ1_TN of ik_llama.cpp"},
    {144, "IQ4_KS of ik_llama.cpp"},
    {145, "IQ2_KS of ik_llama.cpp"},
    {146, "IQ4_KSS of ik_llama.cpp"},
    {147, "Q8_K16 of ik_llama.cpp"},
    {148, "Q8_K32 of ik_llama.cpp"},
    {149, "Q8_KR8 of ik_llama.cpp"},
    {150, "Q8_K128 of ik_llama.cpp"},
    {151, "Q8_KV of ik_llama.cpp"},
    {152, "IQ5_KS of ik_llama.cpp"},
    {153, "IQ2_KT of ik_llama.cpp"},
    {154, "IQ3_KT of ik_llama.cpp"},
    {155, "IQ4_KT of ik_llama.cpp"},
    {156, "IQ3_KS of ik_llama.cpp"},
    {157, "IQ2_KL of ik_llama.cpp"},
    {158, "IQ1_KT of ik_llama.cpp"},
    {202, "Q4_0_R8 of ik_llama.cpp"},
    {206, "Q5_0_R4 of ik_llama.cpp"},
    {208, "Q8_0_R8 of ik_llama.cpp"},
    {210, "Q2_K_R4 of ik_llama.cpp"},
    {211, "Q3_K_R4 of ik_llama.cpp"},
    {212, "Q4_K_R4 of ik_llama.cpp"},
    {213, "Q5_K_R4 of ik_llama.cpp"},
    {214, "Q6_K_R4 of ik_llama.cpp"},
    {216, "IQ2_XXS_R4 of ik_llama.cpp"},
    {217, "IQ2_XS_R4 of ik_llama.cpp"},
    {218, "IQ3_XXS_R4 of ik_llama.cpp"},
    {219, "IQ1_S_R4 of ik_llama.cpp"},
    {220, "IQ4_NL_R4 of ik_llama.cpp"},
    {221, "IQ3_S_R4 of ik_llama.cpp"},
    {222, "IQ2_S_R4 of ik_llama.cpp"},
    {223, "IQ4_XS_R8 of ik_llama.cpp"},
    {229, "IQ1_M_R4 of ik_llama.cpp"},
    {230, "BF16_R16 of ik_llama.cpp"},
    {233, "Q6_0_R4 of ik_llama.cpp"},
    {335, "IQ2_BN_R4 of ik_llama.cpp"},
    {337, "IQ2_K_R4 of ik_llama.cpp"},
    {338, "IQ3_K_R4 of ik_llama.cpp"},
    {339, "IQ4_K_R4 of ik_llama.cpp"},
    {340, "IQ5_K_R4 of ik_llama.cpp"},
    {344, "IQ4_KS_R4 of ik_llama.cpp"},
    {352, "IQ5_KS_R4 of ik_llama.cpp"},
    {353, "MXFP4_R8 of ik_llama.cpp"},
    {397, "Q8_K_R16 of ik_llama.cpp"},
    {398, "Q8_KV_R8 of ik_llama.cpp"},
    {399, "Q8_K_R8 of ik_llama.cpp"},
};

}  // namespace

std::optional<TypeInfo> type_info(std::uint32_t id) {
  if (id >= kIdCount || kRowOf[id] == 0) return std::nullopt;
  return kTypes[kRowOf[id] - 1];
}

const TypeInfo& type_info(TensorType type) {
  const auto id = static_cast<std::size_t>(type);
  CHECK(id < kIdCount && kRowOf[id] != 0);
  return kTypes[kRowOf[id] - 1];
}

std::string_view foreign_type_name(std::uint32_t id) {
  for (const ForeignType& foreign : kForeignTypes) {
    if (foreign.id == id) return foreign.name;
  }
  return {};
}

}  // namespace hearth::format
