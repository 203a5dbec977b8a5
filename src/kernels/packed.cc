// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed.h"

#include "kernels/decode.h"
#include "kernels/packed_layout.h"

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

}  // namespace

bool is_packed(WeightType type) {
  const ActivationForm form = activation_form(type);
  return form == ActivationForm::q8_32 || form == ActivationForm::q8_256;
}

size_t packed_panel_bytes(WeightType type, size_t k) {
  return form_of(type).panel_bytes(n_blocks(type, k));
}

void pack_panel(WeightType type, const void* rows, size_t row_bytes, size_t k, size_t n_rows,
                void* panel) {
  const PackedForm form = form_of(type);
  auto* out = static_cast<uint8_t*>(panel);
  if (n_rows < kPanelRows) __builtin_memset(out, 0, packed_panel_bytes(type, k));
  for (size_t b = 0; b < n_blocks(type, k); ++b) {
    uint8_t* words = out + form.words_at(b);
    uint8_t* tails = out + form.tails_at(b);
    for (size_t r = 0; r < n_rows; ++r) {
      const uint8_t* block =
          static_cast<const uint8_t*>(rows) + r * row_bytes + b * form.block_bytes;
      const uint8_t* from = block + form.words_in_block();
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
  for (size_t b = 0; b < n_blocks(type, k); ++b) {
    uint8_t* block = static_cast<uint8_t*>(row) + b * form.block_bytes;
    for (size_t w = 0; w < form.words(); ++w)
      __builtin_memcpy(block + form.words_in_block() + 4 * w,
                       from + form.words_at(b) + w * kPackedLine + 4 * r, 4);
    for (size_t i = 0; i < form.tail(); ++i)
      block[form.tail_in_block() + i] = from[form.tails_at(b) + r * form.tail() + i];
  }
}

}  // namespace hearth::kernels
