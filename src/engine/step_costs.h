// SPDX-License-Identifier: Apache-2.0
//
// How many rows of prompts may join the rows that generate, so that nobody's next token waits much
// longer than it would without them. Learnt from the steps computed so far: running means of a step
// that only generates (by the order of magnitude of its rows, since more sequences cost more), and
// of what each row of a prompt adds to it. A step with prompts may last max_stretch times one
// without, and takes least_rows in any case, so that prompts always get on.
//
// A few rows at a time cost more each than many, up to a hundred or so. So short prompts are
// computed in at most four pieces of that size, or of as many rows as longest_pause has time for.
//
// What a step took beyond its share, for a piece or because least_rows are dear, is a debt. Until
// steps without prompts have paid it off nobody's prompt gets rows, so that steps last max_stretch
// times as long on average at most.
//
// Knows no clock: seconds are told. One thread.
#pragma once

#include <array>
#include <cstdint>

namespace hearth::engine {

struct StepBudget {
  double max_stretch = 2;
  double longest_pause = 0.5;  // seconds; 0: no prompt is short
  std::uint32_t least_rows = 4;
};

class StepCosts {
 public:
  explicit StepCosts(const StepBudget& budget) : budget_(budget) {}

  // Whether a prompt of so many rows, which are not cached, is short.
  bool is_short(std::uint32_t n_rows) const { return n_rows <= kPieces * piece(); }
  // Whether the next step, of n_generating rows, at least 1, may have rows of prompts. Now and then
  // not: there is a debt, or a step without prompts has to be seen, or seen again.
  bool is_open_to_prompts(std::uint32_t n_generating);
  // How many, if so. for_short: for short prompts alone, one or some.
  std::uint32_t prompt_rows_beside(std::uint32_t n_generating, bool for_short);
  // The step that was asked for, of so many rows, took so long.
  void record(std::uint32_t n_prompt, std::uint32_t n_generating, double seconds);

 private:
  static constexpr std::uint64_t kPieces = 4;

  struct Alone {
    double seconds = 0;         // 0: not seen yet
    std::uint32_t n_since = 0;  // steps with prompts since it was last seen
  };
  Alone& alone(std::uint32_t n_generating);
  double share_of(const Alone& without) const {
    return (budget_.max_stretch - 1) * without.seconds;
  }
  // Rows of a short prompt in one step; 0: not known yet.
  std::uint32_t piece() const;
  void record_many(std::uint32_t n_rows, double seconds);

  const StepBudget budget_;
  std::array<Alone, 33> alone_;  // by the bits of the number of rows
  // What rows of prompts added to steps, and how many they were; older ones count less and less.
  double added_seconds_ = 0, added_rows_ = 0;
  std::uint32_t last_rows_ = 0;
  double seconds_of_many_ = 0;  // of a row among many; 0: not seen yet
  double debt_ = 0;             // seconds
  bool is_for_short_ = false;   // the step that was asked for last
};

}  // namespace hearth::engine
