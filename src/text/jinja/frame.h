// SPDX-License-Identifier: Apache-2.0
//
// The variables of one run of a function of the template; ast.h explains slots.
#pragma once

#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/cycles.h"

namespace hearth::text::jinja {

class Frame final : public Object, public CycleMember {
 public:
  Frame(CycleList& cycles, Ref<Frame> outer, std::uint32_t n_slots)
      : CycleMember(cycles), outer_(std::move(outer)), slots_(n_slots) {}

  Value& slot(std::uint32_t index) { return slots_[index]; }
  Value* find(const SlotRef& ref) {
    Frame* frame = this;
    for (std::uint32_t hop = 0; hop < ref.hops; ++hop) frame = frame->outer_.get();
    // Frames that outlive their render are empty.
    return ref.index < frame->slots_.size() ? &frame->slots_[ref.index] : nullptr;
  }

 private:
  void clear() override { slots_.clear(); }
  Object& object() override { return *this; }

  Ref<Frame> outer_;
  std::vector<Value> slots_;
};

}  // namespace hearth::text::jinja
