// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/loop.h"

#include <utility>

#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/iterators.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

LoopObject::LoopObject(CycleList& cycles, Ref<IteratorObject> items,
                       std::optional<std::size_t> size, int depth0, const ForStmt* loop,
                       Ref<Frame> outer)
    : CycleMember(cycles),
      items_(std::move(items)),
      size_(size),
      depth0_(depth0),
      loop_(loop),
      outer_(std::move(outer)) {}

void LoopObject::clear() {
  items_ = {};
  outer_ = {};
  before_ = current_ = after_ = last_changed_ = Value();
}

Result<Value> LoopObject::peek(Evaluator& evaluator) {
  if (after_.is_missing()) after_ = TRY(items_->next(evaluator));
  return after_;
}

Result<Value> LoopObject::advance(Evaluator& evaluator) {
  Value item = TRY(peek(evaluator));
  after_ = Value();
  if (item.is_missing()) return item;
  ++n_taken_;
  before_ = std::exchange(current_, item);
  return item;
}

Result<std::size_t> LoopObject::length(Evaluator& evaluator) {
  if (size_) return *size_;
  std::vector<Value> rest = TRY(collect(evaluator, Value::of(items_)));
  size_ = rest.size() + n_taken_ + (after_.is_missing() ? 0 : 1);
  items_ = iterate_items(Value::list(std::move(rest)));
  return *size_;
}

Result<Value> LoopObject::attribute(Evaluator& evaluator, std::string_view name) {
  const auto method = [this, name](MethodObject::Body body) {
    return Value::of(Ref<ExtendedObject>(
        make<MethodObject>(name, Value::of(Ref<ExtendedObject>(this)), body).get()));
  };
  if (name == "index") return Value::size(n_taken_);
  if (name == "index0") return Value::integer(static_cast<Int>(n_taken_) - 1);
  if (name == "first") return Value::boolean(n_taken_ == 1);
  if (name == "last") return Value::boolean(TRY(peek(evaluator)).is_missing());
  if (name == "length") return Value::size(TRY(length(evaluator)));
  if (name == "revindex")
    return Value::integer(static_cast<Int>(TRY(length(evaluator))) - static_cast<Int>(n_taken_) +
                          1);
  if (name == "revindex0")
    return Value::integer(static_cast<Int>(TRY(length(evaluator))) - static_cast<Int>(n_taken_));
  if (name == "depth") return Value::integer(depth0_ + 1);
  if (name == "depth0") return Value::integer(depth0_);
  if (name == "previtem")
    return n_taken_ <= 1 ? Value::undefined("there is no previous item") : before_;
  if (name == "nextitem") {
    Value next = TRY(peek(evaluator));
    return next.is_missing() ? Value::undefined("there is no next item") : next;
  }
  if (name == "cycle")
    return method([](Evaluator&, const Value& self, CallArgs args) {
      return static_cast<LoopObject&>(self.as_object()).cycle(std::move(args));
    });
  if (name == "changed")
    return method([](Evaluator& ev, const Value& self, CallArgs args) {
      return static_cast<LoopObject&>(self.as_object()).changed(ev, std::move(args));
    });
  return Value();
}

Result<Value> LoopObject::cycle(CallArgs args) const {
  if (!args.named.empty()) return raised("LoopContext.cycle() got an unexpected keyword argument");
  if (args.positional.empty()) return raised("no items for cycling given");
  const std::size_t index = n_taken_ == 0 ? args.positional.size() - 1 : n_taken_ - 1;
  return args.positional[index % args.positional.size()];
}

Result<Value> LoopObject::changed(Evaluator& evaluator, CallArgs args) {
  if (!args.named.empty())
    return raised("LoopContext.changed() got an unexpected keyword argument");
  Value values = Value::tuple(std::move(args.positional));
  if (!last_changed_.is_missing() && TRY(equals(evaluator, last_changed_, values)))
    return Value::boolean(false);
  last_changed_ = std::move(values);
  return Value::boolean(true);
}

Result<Value> LoopObject::call(Evaluator& evaluator, CallArgs args) {
  if (!loop_) return raised("The loop must have the 'recursive' marker to be called recursively.");
  const std::vector<Value> bound = TRY(bind(std::move(args), "loop", {"iterable"}, 1));
  return evaluator.run_recursive_loop(*loop_, outer_, bound[0], depth0_ + 1);
}

Result<std::string> LoopObject::to_text(Evaluator& evaluator) const {
  auto& self = const_cast<LoopObject&>(*this);
  return fmt::format("<LoopContext {}/{}>", n_taken_, TRY(self.length(evaluator)));
}

}  // namespace hearth::text::jinja
