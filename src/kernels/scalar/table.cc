// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

namespace hearth::kernels::scalar {

constinit const Kernels table = scalar_kernels();

}  // namespace hearth::kernels::scalar
