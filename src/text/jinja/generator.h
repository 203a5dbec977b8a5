// SPDX-License-Identifier: Apache-2.0
//
// Iterators made of a function, for the filters that Python writes as generators: nothing happens
// before the first item is asked for, and there is only one pass.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "text/jinja/budget.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

class Generator final : public IteratorObject {
 public:
  // Gives the next item, or missing at the end.
  using Step = std::function<Result<Value>(Evaluator& evaluator)>;
  explicit Generator(Step step) : step_(std::move(step)) {}

  Result<Value> next(Evaluator& evaluator) override {
    if (!step_) return Value();
    const Nesting nesting(evaluator.budget());
    if (nesting.too_deep()) return Nesting::error();
    TRY(evaluator.budget().charge(2));
    Result<Value> item = step_(evaluator);
    if (!item || item->is_missing()) step_ = nullptr;
    return item;
  }

 private:
  Step step_;
};

inline Value generate(Generator::Step step) {
  return Value::of(Ref<IteratorObject>(make<Generator>(std::move(step)).get()));
}

// A generator that makes all its items when the first is asked for.
template <class MakeAll>
Value generate_all(MakeAll make_all) {
  struct State {
    bool made = false;
    std::vector<Value> items;
    std::size_t at = 0;
  };
  return generate([state = State(),
                   make_all = std::move(make_all)](Evaluator& evaluator) mutable -> Result<Value> {
    if (!state.made) {
      state.made = true;
      state.items = TRY(make_all(evaluator));
    }
    return state.at < state.items.size() ? state.items[state.at++] : Value();
  });
}

// What the "attribute" argument of many filters means: "a.b.0" is item.a.b[0].
class AttributePath {
 public:
  // A path per comma if split is set (sort), each giving one part of a list.
  static Result<AttributePath> parse(const Value& attribute, bool split = false);
  Result<Value> get(Evaluator& evaluator, const Value& item,
                    const Value& otherwise = Value()) const;
  // The key to compare by: strings in lower case unless case counts; a list if the paths are
  // several.
  Result<Value> key(Evaluator& evaluator, const Value& item, bool case_sensitive,
                    const Value& otherwise = Value()) const;

 private:
  std::vector<std::vector<Value>> paths_;
  bool is_list_ = false;
};

// An optional argument that is true.
bool flag(const Value& value, bool otherwise = false);

}  // namespace hearth::text::jinja
