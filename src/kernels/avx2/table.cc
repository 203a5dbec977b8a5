// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/avx2/functions.h"
#include "kernels/blocked.h"

namespace hearth::kernels::avx2 {
namespace {

#include "kernels/generic/blocked_table.inc"

}  // namespace

constinit const Kernels table = [] {
  Kernels t = blocked_kernels("avx2");
  t.block_activations = block_signed_activations;
  return t;
}();

}  // namespace hearth::kernels::avx2
