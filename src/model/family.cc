// SPDX-License-Identifier: Apache-2.0
#include "model/family.h"

namespace hearth::model {

#define FAMILY(symbol) extern const Family symbol;
#include "model/families.inc"
#undef FAMILY

namespace {
#define FAMILY(symbol) &symbol,
constexpr const Family* kFamilies[] = {
#include "model/families.inc"
};
#undef FAMILY
}  // namespace

std::span<const Family* const> families() {
  return kFamilies;
}

const Family* find_family(std::string_view gguf_arch) {
  for (const Family* family : kFamilies)
    if (family->gguf_arch == gguf_arch) return family;
  return nullptr;
}

}  // namespace hearth::model
