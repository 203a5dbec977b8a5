// SPDX-License-Identifier: Apache-2.0
#include "kernels/table.h"

#include "kernels/i8mm/functions.h"
#include "kernels/neon/functions.h"
#include "kernels/paired.h"

namespace hearth::kernels::neon {
namespace {

#include "kernels/generic/table.inc"

}  // namespace
}  // namespace hearth::kernels::neon

namespace hearth::kernels::i8mm {
namespace {

#include "kernels/dotprod/table.inc"

}  // namespace

constinit const Kernels table = pair_kernels("i8mm");

}  // namespace hearth::kernels::i8mm
