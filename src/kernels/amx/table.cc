// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/amx/functions.h"
#include "kernels/avx512vnni/functions.h"
#include "kernels/blocked.h"

namespace hearth::kernels::avx512vnni {
namespace {

#include "kernels/generic/blocked_table.inc"

}  // namespace
}  // namespace hearth::kernels::avx512vnni

namespace hearth::kernels::amx {
namespace {

#include "kernels/amx/table.inc"

}  // namespace

constinit const Kernels table = tile_kernels("amx");
constinit TokensByForm least_tokens = {16, 16};

}  // namespace hearth::kernels::amx
