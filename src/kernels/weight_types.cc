// SPDX-License-Identifier: Apache-2.0
#include "kernels/decode.h"
#include "kernels/kernels.h"

namespace hearth::kernels {
namespace {

struct Facts {
  ActivationForm form = ActivationForm::none;
  size_t elems = 0, bytes = 0;
};

struct AllFacts {
  Facts of[kWeightTypeSlots] = {};
};

consteval AllFacts all_facts() {
  AllFacts all;
#define HEARTH_FLOAT_TYPE(name)                                            \
  all.of[static_cast<size_t>(WeightType::name)] = {ActivationForm::f32, 1, \
                                                   WeightType::name == WeightType::f32 ? 4u : 2u};
#define HEARTH_GROUP_TYPE(name, Decoder)                                                   \
  all.of[static_cast<size_t>(WeightType::name)] = {ActivationForm::q8_32, Decoder::kElems, \
                                                   sizeof(Decoder::Block)};
#define HEARTH_SUPER_TYPE(name, Decoder)                                        \
  all.of[static_cast<size_t>(WeightType::name)] = {ActivationForm::q8_256, 256, \
                                                   sizeof(Decoder::Block)};
#include "kernels/types.inc"
  return all;
}

constexpr AllFacts kFacts = all_facts();

Facts facts(WeightType type) {
  const auto slot = static_cast<size_t>(type);
  return slot < kWeightTypeSlots ? kFacts.of[slot] : Facts{};
}

}  // namespace

ActivationForm activation_form(WeightType type) {
  return facts(type).form;
}
size_t block_elems(WeightType type) {
  return facts(type).elems;
}
size_t block_bytes(WeightType type) {
  return facts(type).bytes;
}

}  // namespace hearth::kernels
