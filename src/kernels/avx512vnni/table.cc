// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/avx512vnni/functions.h"
#include "kernels/blocked.h"

namespace hearth::kernels::avx512vnni {
namespace {

#include "kernels/generic/table.inc"

consteval Kernels with_blocked_activations() {
  Kernels t = vector_kernels("avx512vnni");
  t.block_activations = kernels::block_activations;
  t.blocked_below = ~size_t{0};
  return t;
}

}  // namespace

constinit const Kernels table = with_blocked_activations();

}  // namespace hearth::kernels::avx512vnni
