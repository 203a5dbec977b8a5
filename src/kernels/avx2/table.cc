// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/avx2/functions.h"

namespace hearth::kernels::avx2 {
namespace {

#include "kernels/generic/table.inc"

}  // namespace

constinit const Kernels table = vector_kernels("avx2");

}  // namespace hearth::kernels::avx2
