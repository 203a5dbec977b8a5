// SPDX-License-Identifier: Apache-2.0
//
// A second executor, for tests only: a device with memory of its own. Weights are copied into it at
// prepare(), the KV cache has another layout (whole rows, no panels), attention is written straight
// from the contract (docs/decisions/0002-numbers.md) instead of through the kernels. Its logits
// equal the CPU executor's bit for bit; what would break that is a pointer crossing the interface,
// a number that depends on memory layout, or a definition that only one of them follows.
#pragma once

#include <memory>

#include "model/executor.h"

namespace hearth::model {

std::unique_ptr<Executor> make_simulated_device();

}  // namespace hearth::model
