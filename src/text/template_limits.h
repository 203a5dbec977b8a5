// SPDX-License-Identifier: Apache-2.0
//
// What a chat template may cost. Enough for conversations of many megabytes, little for a hostile
// one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearth::text {

struct TemplateLimits {
  std::size_t max_source_bytes = std::size_t{1} << 20;
  std::size_t max_output_bytes = std::size_t{64} << 20;
  std::uint64_t max_steps = 8'000'000;
  std::uint64_t steps_per_byte = 16;  // and so many more for each byte of the variables
  int max_depth = 200;
};

}  // namespace hearth::text
