// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/avx512vnni/functions.h"
#include "kernels/blocked.h"

namespace hearth::kernels::avx512vnni {
namespace {

#include "kernels/generic/blocked_table.inc"

}  // namespace

constinit const Kernels table = blocked_kernels("avx512vnni");

}  // namespace hearth::kernels::avx512vnni
