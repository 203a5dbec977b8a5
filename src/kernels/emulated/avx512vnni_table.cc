// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx512vnni/functions.h"
#include "kernels/blocked.h"
#include "kernels/emulated/avx512.h"
#include "kernels/emulated/functions.h"
#include "kernels/table.h"

// Here and in the sources of the set this is avx512vnni_emulated (CMakeLists.txt).
namespace hearth::kernels::avx512vnni {
namespace {

#include "kernels/generic/blocked_table.inc"

}  // namespace

constinit const Kernels table = blocked_kernels("avx512vnni, emulated");

}  // namespace hearth::kernels::avx512vnni
