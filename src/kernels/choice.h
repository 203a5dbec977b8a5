// SPDX-License-Identifier: Apache-2.0
//
// Which tables a given machine can run: the choice itself, apart from the machine that makes it, so
// that a test can pretend any CPU.
#pragma once

#include <vector>

#include "host/cpu.h"
#include "kernels/kernels.h"

namespace hearth::kernels {

// Every table of this build, best first; the last is always the scalar one, always usable.
std::vector<IsaChoice> choices_for(const host::CpuFeatures& cpu);

// The first usable one, unless a later one was clearly faster in a trial of both. All give the same
// bits, so noise can cost speed alone.
const Kernels& best_of(const std::vector<IsaChoice>& choices);

}  // namespace hearth::kernels
