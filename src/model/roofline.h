// SPDX-License-Identifier: Apache-2.0
//
// The least time that a step can take on a machine: what must be multiplied and what must be read,
// against how fast the machine multiplies and reads at best. The roofline model: Williams,
// Waterman, Patterson, CACM 52 (2009). Plain values; any thread.
//
// Counted is what no implementation can avoid. Of the weights: each matrix once for a step,
// whatever its rows. Of the KV cache: each visible key and value once for each sequence of a step.
// Multiply- adds: those of the linear layers, in the arithmetic of their weight type, and those of
// attention, in float32. Norms, RoPE, activations and the lookup of embeddings are small beside
// these and left out.
#pragma once

#include <cstdint>
#include <span>

#include "model/executor.h"

namespace hearth::model {

struct Work {
  double int8_macs = 0, float_macs = 0;  // multiply-adds
  double read_bytes = 0;

  Work& operator+=(const Work& other) {
    int8_macs += other.int8_macs;
    float_macs += other.float_macs;
    read_bytes += other.read_bytes;
    return *this;
  }
};

// Of one run of Forward. The batch's blocks are not looked at.
Work work_of(const Plan& plan, const ExecutorLimits& limits, const Batch& batch);

// What a machine can do in a second.
struct Ceilings {
  double int8_macs = 0, float_macs = 0, read_bytes = 0;
};
// Of each of the three; zeros where there are none.
Ceilings mean_of(std::span<const Ceilings> ceilings);

enum class Bound : std::uint8_t { int8_macs, float_macs, read_bytes };
const char* name_of(Bound bound);  // "int8", "float", "read"

struct LeastTime {
  double seconds = 0;
  Bound bound = Bound::read_bytes;  // what takes that long; of multiply-adds the longer part
};

// Reading and multiplying may overlap; multiply-adds of both kinds share the same units.
LeastTime least_time(const Work& work, const Ceilings& ceilings);

}  // namespace hearth::model
