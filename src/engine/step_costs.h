// SPDX-License-Identifier: Apache-2.0
//
// How many rows of prompts may join the rows that generate, so that nobody's next token waits much
// longer than it would without them. Learnt from the steps computed so far: running means of a step
// that only generates (by the order of magnitude of its rows, since more sequences cost more), and
// of what each row of a prompt adds to it. A step with prompts may last max_stretch times one
// without, and takes least_rows in any case, so that prompts always get on.
//
// Knows no clock: seconds are told. One thread.
#pragma once

#include <array>
#include <cstdint>

namespace hearth::engine {

class StepCosts {
 public:
  StepCosts(double max_stretch, std::uint32_t least_rows)
      : max_stretch_(max_stretch), least_rows_(least_rows) {}

  // For the next step, which has n_generating rows beside them, at least 1. Now and then 0: a step
  // without prompts has to be seen, or seen again.
  std::uint32_t prompt_rows_beside(std::uint32_t n_generating);
  // A step of so many rows took so long.
  void record(std::uint32_t n_prompt, std::uint32_t n_generating, double seconds);

 private:
  struct Alone {
    double seconds = 0;         // 0: not seen yet
    std::uint32_t n_since = 0;  // steps with prompts since it was last seen
  };
  Alone& alone(std::uint32_t n_generating);

  const double max_stretch_;
  const std::uint32_t least_rows_;
  std::array<Alone, 33> alone_;  // by the bits of the number of rows
  // What rows of prompts added to steps, and how many they were; older ones count less and less.
  double added_seconds_ = 0, added_rows_ = 0;
  std::uint32_t last_rows_ = 0;
};

}  // namespace hearth::engine
