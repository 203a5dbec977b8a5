// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/avx512vnni/functions.h"

namespace hearth::kernels::avx512vnni {
namespace {

#include "kernels/generic/table.inc"

}  // namespace

constinit const Kernels table = vector_kernels("avx512vnni");

}  // namespace hearth::kernels::avx512vnni
