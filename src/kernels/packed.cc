// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed.h"

#include "kernels/decode.h"
#include "kernels/packed_layout.h"
#include "kernels/packed_q6_k.h"

namespace hearth::kernels {
namespace {

PackedForm form_of(WeightType type) {
  switch (type) {
#define HEARTH_GROUP_TYPE(name, Decoder) \
  case WeightType::name:                 \
    return kPackedForm<Decoder::Block>;
#define HEARTH_SUPER_TYPE(name, Decoder) HEARTH_GROUP_TYPE(name, Decoder)
#include "kernels/types.inc"
    default:
      return {};
  }
}

size_t n_blocks(WeightType type, size_t k) {
  return k / block_elems(type);
}

// A block's words as a panel holds them: as in the file, but for Q6_K, whose are made in `own`.
const uint8_t* panel_words(WeightType type, const PackedForm& form, const uint8_t* block,
                           PackedQ6_K* own) {
  if (type != WeightType::q6_k) return block + form.words_in_block();
  pack_q6_k(block, own);
  return reinterpret_cast<const uint8_t*>(own);
}

}  // namespace

bool is_packed(WeightType type) {
  const ActivationForm form = activation_form(type);
  return form == ActivationForm::q8_32 || form == ActivationForm::q8_256;
}

size_t packed_panel_bytes(WeightType type, size_t k) {
  return form_of(type).panel_bytes(n_blocks(type, k));
}

void pack_row(WeightType type, const void* row, size_t k, size_t r, void* panel) {
  const PackedForm form = form_of(type);
  auto* to = static_cast<uint8_t*>(panel);
  PackedQ6_K own;
  for (size_t b = 0; b < n_blocks(type, k); ++b) {
    const uint8_t* block = static_cast<const uint8_t*>(row) + b * form.block_bytes;
    const uint8_t* from = panel_words(type, form, block, &own);
    uint8_t* words = to + form.words_at(b) + 4 * r;
    for (size_t w = 0; w < form.words(); ++w)
      __builtin_memcpy(words + w * kPackedLine, from + 4 * w, 4);
    for (size_t i = 0; i < form.tail(); ++i)
      to[form.tails_at(b) + r * form.tail() + i] = block[form.tail_in_block() + i];
  }
}

void pack_panel(WeightType type, const void* rows, size_t row_bytes, size_t k, size_t n_rows,
                void* panel) {
  const PackedForm form = form_of(type);
  auto* out = static_cast<uint8_t*>(panel);
  PackedQ6_K own;
  if (n_rows < kPanelRows) __builtin_memset(out, 0, packed_panel_bytes(type, k));
  for (size_t b = 0; b < n_blocks(type, k); ++b) {
    uint8_t* words = out + form.words_at(b);
    uint8_t* tails = out + form.tails_at(b);
    for (size_t r = 0; r < n_rows; ++r) {
      const uint8_t* block =
          static_cast<const uint8_t*>(rows) + r * row_bytes + b * form.block_bytes;
      const uint8_t* from = panel_words(type, form, block, &own);
      for (size_t w = 0; w < form.words(); ++w)
        __builtin_memcpy(words + w * kPackedLine + 4 * r, from + 4 * w, 4);
      for (size_t i = 0; i < form.tail(); ++i)
        tails[r * form.tail() + i] = block[form.tail_in_block() + i];
    }
  }
}

void unpack_row(WeightType type, const void* panel, size_t k, size_t r, void* row) {
  const PackedForm form = form_of(type);
  const auto* from = static_cast<const uint8_t*>(panel);
  PackedQ6_K own;
  for (size_t b = 0; b < n_blocks(type, k); ++b) {
    uint8_t* block = static_cast<uint8_t*>(row) + b * form.block_bytes;
    uint8_t* words =
        type == WeightType::q6_k ? reinterpret_cast<uint8_t*>(&own) : block + form.words_in_block();
    for (size_t w = 0; w < form.words(); ++w)
      __builtin_memcpy(words + 4 * w, from + form.words_at(b) + w * kPackedLine + 4 * r, 4);
    for (size_t i = 0; i < form.tail(); ++i)
      block[form.tail_in_block() + i] = from[form.tails_at(b) + r * form.tail() + i];
    if (type == WeightType::q6_k) unpack_q6_k(own, block);
  }
}

}  // namespace hearth::kernels
