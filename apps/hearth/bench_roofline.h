// SPDX-License-Identifier: Apache-2.0
//
// `bench --roofline`: what this machine could do at best, for every instruction set, on one thread
// and on all.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace hearth::app {

// Measures every ceiling n_repetitions times, in turn, and prints a table or (is_json) an object.
// cancelled when Ctrl-C was pressed.
Result<int> show_roofline(unsigned n_threads, std::uint32_t n_repetitions, bool is_json);

}  // namespace hearth::app
