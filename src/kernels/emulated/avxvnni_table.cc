// SPDX-License-Identifier: Apache-2.0
#include "kernels/avx2/functions.h"
#include "kernels/blocked.h"
#include "kernels/emulated/functions.h"
#include "kernels/table.h"

namespace hearth::kernels::avx2 {
namespace {

#include "kernels/generic/blocked_table.inc"

}  // namespace
}  // namespace hearth::kernels::avx2

namespace hearth::kernels::avxvnni_emulated {
namespace {

#include "kernels/avxvnni/table.inc"

}  // namespace

constinit const Kernels table = vnni_kernels("avxvnni, emulated");

}  // namespace hearth::kernels::avxvnni_emulated
