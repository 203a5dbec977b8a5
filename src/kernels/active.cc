// SPDX-License-Identifier: Apache-2.0
#include "kernels/scalar/functions.h"

namespace hearth::kernels {

const IsaChoice* all_isas(size_t* n) {
  static constexpr IsaChoice kChoices[] = {{&scalar::table, true, ""}};
  *n = 1;
  return kChoices;
}
const Kernels& active() { return scalar::table; }
bool select_isa(const char* name) { return __builtin_strcmp(name, "scalar") == 0; }

}  // namespace hearth::kernels
