// SPDX-License-Identifier: Apache-2.0
//
// The CPU executor's own form of a plan: consecutive steps fused into phases, compiled once. A
// phase is at most one fork and join of the workers, and what one row or one range of outputs needs
// is done while it is in a near cache. Steps stay the definition: a program that fuses nothing has
// the same phases' code and the same bits.
//
//   rows     steps that compute each row by itself, one row through all of them
//   product  linear steps with the same input, their biases, and an elementwise step on top
//   attend   attention
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"
#include "model/plan.h"

namespace hearth::model {

struct Phase {
  enum class Kind : std::uint8_t { rows, product, attend };
  struct Part {
    const Step* linear = nullptr;
    const Step* bias = nullptr;  // or null
  };
  static constexpr std::size_t kMaxParts = 3;

  Kind kind = Kind::rows;
  std::span<const Step> steps;  // all that it covers, in the plan's order

  // Of a product.
  std::array<Part, kMaxParts> parts;
  std::uint32_t n_parts = 0;
  const Step* on_top = nullptr;  // silu_mul of both parts, or add of the only one; or null

  // Of the others: the rows that it goes over are those of this buffer.
  BufferId rows_of = BufferId::none;
  std::uint32_t width = 0;  // values of a row, of its widest buffer
  // What the product after it reads, quantised row by row at the end, in every form that it needs.
  BufferId quantizes = BufferId::none;
  std::uint32_t k = 0;  // values of a row of it
  bool as_q8_32 = false, as_q8_256 = false;

  bool is_paired() const { return on_top != nullptr && on_top->op == Op::silu_mul; }
};

struct CpuProgram {
  std::vector<Phase> phases;
  // By index of a step: the phase that begins with it. Stretches that Forward runs begin so.
  std::vector<std::uint32_t> first_phase;
};

// The steps of one device. The plan outlives the program.
CpuProgram compile_program(const Plan& plan, DeviceId device, bool fuses);

}  // namespace hearth::model
