// SPDX-License-Identifier: Apache-2.0
//
// Brings the weights of a device into the memory that its kernels read: from a prepared copy if
// there is a good one, else by packing what the file has; and writes a copy if one is wanted.
//
// Packing streams: of a file some 8 MiB are in use at a time, and mapped pages are given back at
// once, so the weights are never held twice. A prepared copy that is not what the plan would have
// written, or whose bytes do not have their hashes, is refused, and the file itself is packed. A
// copy that cannot be written is left half way; the load goes on.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"
#include "base/thread_pool.h"
#include "model/executor.h"
#include "model/packed_weights.h"
#include "model/weight_loading.h"

namespace hearth::model {

// Fills `weights`, which is fresh. cancelled if progress says so, within some 8 MiB; does_not_fit;
// io and integrity for the model's own files alone.
Result<WeightsReport> load_weights(const Plan& plan, DeviceId device, const kernels::Kernels& table,
                                   const WeightLoading& loading, ThreadPool& pool,
                                   const LoadProgress& progress, PackedWeights& weights);

}  // namespace hearth::model
