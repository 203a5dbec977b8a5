// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/neon/functions.h"

namespace hearth::kernels::neon {
namespace {

#include "kernels/generic/table.inc"

}  // namespace

constinit const Kernels table = vector_kernels("neon");

}  // namespace hearth::kernels::neon
