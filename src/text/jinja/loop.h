// SPDX-License-Identifier: Apache-2.0
//
// A running for loop: its items, and the object that templates know as "loop".
#pragma once

#include <optional>

#include "text/jinja/cycles.h"
#include "text/jinja/frame.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

struct ForStmt;

class LoopObject final : public ExtendedObject, public CycleMember {
 public:
  // size: of all items, if it is known before they are taken. loop: the statement if it is
  // recursive.
  LoopObject(CycleList& cycles, Ref<IteratorObject> items, std::optional<std::size_t> size,
             int depth0, const ForStmt* loop, Ref<Frame> outer);

  // The next item, or missing at the end.
  Result<Value> advance(Evaluator& evaluator);

  std::string_view type_name() const override { return "LoopContext"; }
  std::string qualified_name() const override { return "jinja2.runtime.LoopContext"; }
  Result<Value> attribute(Evaluator& evaluator, std::string_view name) override;
  bool is_callable() const override { return true; }
  Result<Value> call(Evaluator& evaluator, CallArgs args) override;
  Result<std::string> to_text(Evaluator& evaluator) const override;
  Result<Value> size(Evaluator& evaluator) override { return Value::size(TRY(length(evaluator))); }
  Result<Value> cycle(CallArgs args) const;
  Result<Value> changed(Evaluator& evaluator, CallArgs args);

 private:
  void clear() override;
  Object& object() override { return *this; }
  Result<std::size_t> length(Evaluator& evaluator);
  Result<Value> peek(Evaluator& evaluator);

  Ref<IteratorObject> items_;
  std::optional<std::size_t> size_;
  int depth0_;
  const ForStmt* loop_;
  Ref<Frame> outer_;
  std::size_t n_taken_ = 0;
  Value before_;
  Value current_;
  Value after_;  // taken ahead of time
  Value last_changed_;
};

}  // namespace hearth::text::jinja
