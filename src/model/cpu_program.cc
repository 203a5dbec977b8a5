// SPDX-License-Identifier: Apache-2.0
#include "model/cpu_program.h"

#include <algorithm>

#include "base/check.h"

namespace hearth::model {
namespace {

using kernels::ActivationForm;

// Which rows a buffer has: those of the batch, those that want logits, those that want a state.
int rows_kind(BufferId buffer) {
  if (buffer == BufferId::hidden) return 2;
  return holds_wanted_rows(buffer) ? 1 : 0;
}

BufferId rows_of(const Step& step) {
  return step.out == BufferId::none ? step.a : step.out;
}

class PhaseCompiler {
 public:
  PhaseCompiler(const Plan& plan, DeviceId device, bool fuses)
      : plan_(plan), device_(device), fuses_(fuses) {}

  CpuProgram compile() {
    const std::span<const Step> steps = plan_.steps;
    program_.first_phase.resize(steps.size());
    for (at_ = 0; at_ < steps.size();) {
      const Step& step = steps[at_];
      if (step.device != device_ || step.op == Op::transfer) {
        may_extend_ = false;
        ++at_;
        continue;
      }
      switch (step.op) {
        case Op::linear:
          product();
          break;
        case Op::attend:
          begin(Phase::Kind::attend, step);
          cover(step);
          break;
        default:
          if (!continues_rows(step)) begin(Phase::Kind::rows, step);
          cover(step);
      }
    }
    return std::move(program_);
  }

 private:
  Phase& current() { return program_.phases.back(); }

  void begin(Phase::Kind kind, const Step& step) {
    program_.first_phase[at_] = static_cast<std::uint32_t>(program_.phases.size());
    program_.phases.push_back(
        {.kind = kind, .steps = {&step, std::size_t{0}}, .rows_of = rows_of(step)});
    may_extend_ = true;
  }

  // The step at at_ becomes part of the current phase.
  void cover(const Step& step) {
    Phase& phase = current();
    phase.steps = {phase.steps.data(), phase.steps.size() + 1};
    for (const BufferId buffer : {step.a, step.b, step.out})
      if (buffer != BufferId::none) phase.width = std::max(phase.width, plan_.width_of(buffer));
    ++at_;
  }

  bool continues_rows(const Step& step) {
    return fuses_ && may_extend_ && current().kind == Phase::Kind::rows &&
           rows_kind(current().rows_of) == rows_kind(rows_of(step));
  }

  // The step at at_, if it is one on this device.
  const Step* next(Op op) const {
    if (!fuses_ || at_ >= plan_.steps.size()) return nullptr;
    const Step& step = plan_.steps[at_];
    return step.op == op && step.device == device_ ? &step : nullptr;
  }

  const format::Tensor& weight_of(const Step& linear) const {
    return *plan_.tensors[linear.tensor].source;
  }

  void product() {
    const Step& first = plan_.steps[at_];
    const std::size_t before = at_;
    Phase phase{.kind = Phase::Kind::product, .rows_of = first.out};
    const auto take_part = [&](const Step& linear) {
      ++at_;
      const Step* bias = next(Op::add_bias);
      if (bias != nullptr && bias->out == linear.out) {
        ++at_;
      } else {
        bias = nullptr;
      }
      phase.parts[phase.n_parts++] = {&linear, bias};
    };
    take_part(first);
    while (phase.n_parts < Phase::kMaxParts) {
      const Step* linear = next(Op::linear);
      if (linear == nullptr || linear->a != first.a || writes(phase, linear->out)) break;
      take_part(*linear);
    }
    phase.on_top = take_on_top(phase);
    phase.steps = {&first, at_ - before};
    quantize_for(phase, before);
    may_extend_ = false;
  }

  static bool writes(const Phase& phase, BufferId buffer) {
    return std::any_of(phase.parts.begin(), phase.parts.begin() + phase.n_parts,
                       [&](const Phase::Part& part) { return part.linear->out == buffer; });
  }

  // An elementwise step whose values are all computed by the same item as its inputs.
  const Step* take_on_top(const Phase& phase) {
    const BufferId input = phase.parts[0].linear->a;
    const Step* found = nullptr;
    if (const Step* step = next(Op::silu_mul); step != nullptr && phase.n_parts == 2) {
      const Step& gate = *phase.parts[0].linear;
      const Step& up = *phase.parts[1].linear;
      if (step->a == gate.out && step->b == up.out && step->out == gate.out &&
          weight_of(gate).dims[1] == weight_of(up).dims[1])
        found = step;
    } else if (const Step* sum = next(Op::add); sum != nullptr && phase.n_parts == 1) {
      if (sum->a == phase.parts[0].linear->out && sum->out != input) found = sum;
    }
    if (found != nullptr) ++at_;
    return found;
  }

  // Puts the product into the program, behind a phase that quantises its input.
  void quantize_for(const Phase& phase, std::size_t at) {
    const Step& linear = *phase.parts[0].linear;
    bool as_q8_32 = false, as_q8_256 = false;
    for (std::uint32_t i = 0; i < phase.n_parts; ++i) {
      const auto type = static_cast<kernels::WeightType>(weight_of(*phase.parts[i].linear).type);
      as_q8_32 |= kernels::activation_form(type) == ActivationForm::q8_32;
      as_q8_256 |= kernels::activation_form(type) == ActivationForm::q8_256;
    }
    const auto next_index = [this] { return static_cast<std::uint32_t>(program_.phases.size()); };
    program_.first_phase[at] = next_index();
    if (as_q8_32 || as_q8_256) {
      const bool has_place = may_extend_ && current().quantizes == BufferId::none &&
                             rows_kind(current().rows_of) == rows_kind(linear.a);
      if (!has_place)
        program_.phases.push_back({.kind = Phase::Kind::rows,
                                   .steps = {&linear, std::size_t{0}},
                                   .rows_of = linear.a,
                                   .width = plan_.width_of(linear.a)});
      current().quantizes = linear.a;
      current().k = static_cast<std::uint32_t>(weight_of(linear).dims[0]);
      current().as_q8_32 = as_q8_32;
      current().as_q8_256 = as_q8_256;
    }
    program_.phases.push_back(phase);
  }

  const Plan& plan_;
  const DeviceId device_;
  const bool fuses_;
  CpuProgram program_;
  std::size_t at_ = 0;
  bool may_extend_ = false;  // the last phase ends right before at_ and is none of a product
};

}  // namespace

CpuProgram compile_program(const Plan& plan, DeviceId device, bool fuses) {
  return PhaseCompiler(plan, device, fuses).compile();
}

}  // namespace hearth::model
