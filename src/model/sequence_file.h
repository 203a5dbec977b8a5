// SPDX-License-Identifier: Apache-2.0
//
// A sequence's past as bytes, to be kept outside memory and taken back later. The bytes are
// versioned, hashed whole, and tied to the model and to the types of its KV cache; whatever else is
// handed to restore_sequence is refused (integrity) before anything is changed.
//
//   "HSEQ", u32 version, 64 hex digits (model), u32 key type, u32 value type, u32 length in tokens,
//   u64 bytes of a block, the blocks, 64 hex digits (SHA-256 of all before)
// Integers are little endian. The layout of a block is the executors' own: a file is for this build
// and machine type, not for exchange.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/forward.h"
#include "model/sequence.h"

namespace hearth::model {

// Names a model by its tensors: names, types, shapes and the beginning of each one's bytes.
std::string model_fingerprint(const Plan& plan);

// Takes the bytes in order, a block of the cache at a time; its first error ends the saving.
using SequenceSink = std::function<Result<void>(std::span<const std::byte>)>;

Result<void> save_sequence(const Sequence& sequence, const Forward& forward,
                           const ExecutorLimits& limits, const std::string& fingerprint,
                           const SequenceSink& sink);
std::vector<std::byte> save_sequence(const Sequence& sequence, const Forward& forward,
                                     const ExecutorLimits& limits, const std::string& fingerprint);

// does_not_fit when the pool has too few free blocks.
Result<Sequence> restore_sequence(std::span<const std::byte> bytes, SequenceStore& store,
                                  Forward& forward, const ExecutorLimits& limits,
                                  const std::string& fingerprint);

}  // namespace hearth::model
