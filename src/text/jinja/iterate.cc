// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/iterators.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

class ItemsIterator final : public IteratorObject {
 public:
  ItemsIterator(Value value, std::size_t size, bool reversed)
      : value_(std::move(value)), size_(size), reversed_(reversed) {}

  Result<Value> next(Evaluator&) override {
    if (at_ >= size_) return Value();
    const std::size_t i = reversed_ ? size_ - 1 - at_ : at_;
    ++at_;
    switch (value_.kind()) {
      case Kind::list:
      case Kind::tuple:
        return value_.items()[i];
      case Kind::dict:
        return value_.as_dict().entries[i].key;
      case Kind::range:
        return Value::integer(value_.as_range().at(i));
      default:
        return value_.as_view().at(i);
    }
  }
  std::string_view type_name() const override {
    switch (value_.kind()) {
      case Kind::list:
        return reversed_ ? "list_reverseiterator" : "list_iterator";
      case Kind::dict:
        return reversed_ ? "dict_reversekeyiterator" : "dict_keyiterator";
      case Kind::range:
        return "range_iterator";
      default:
        return "reversed";
    }
  }

 private:
  Value value_;
  std::size_t size_;
  std::size_t at_ = 0;
  bool reversed_;
};

class RunesIterator final : public IteratorObject {
 public:
  explicit RunesIterator(Value value) : value_(std::move(value)) {}

  Result<Value> next(Evaluator& evaluator) override {
    const std::string_view rest = value_.as_text().substr(at_);
    if (rest.empty()) return Value();
    const std::size_t length = decode_rune(rest).length;
    at_ += length;
    TRY(evaluator.budget().charge(4));
    return Value::text(std::string(rest.substr(0, length))).with_markup(value_.is_markup());
  }
  std::string_view type_name() const override { return "str_iterator"; }

 private:
  Value value_;
  std::size_t at_ = 0;
};

class TestedIterator final : public IteratorObject {
 public:
  TestedIterator(const ForStmt& loop, Ref<Frame> frame, Ref<IteratorObject> items)
      : loop_(loop), frame_(std::move(frame)), items_(std::move(items)) {}

  Result<Value> next(Evaluator& evaluator) override {
    while (true) {
      Value item = TRY(items_->next(evaluator));
      if (item.is_missing()) return item;
      if (!entered_) {
        TRY(evaluator.begin_test(loop_, frame_));
        entered_ = true;
      }
      TRY(evaluator.budget().charge(1));
      if (TRY(evaluator.passes_test(loop_, frame_, item))) return item;
    }
  }

 private:
  const ForStmt& loop_;
  Ref<Frame> frame_;
  Ref<IteratorObject> items_;
  bool entered_ = false;
};

}  // namespace

Ref<IteratorObject> iterate_items(const Value& value, bool reversed) {
  return Ref<IteratorObject>(
      make<ItemsIterator>(value, length_of(value).value_or(0), reversed).get());
}

Ref<IteratorObject> make_tested(const ForStmt& loop, Ref<Frame> frame, Ref<IteratorObject> items) {
  return Ref<IteratorObject>(make<TestedIterator>(loop, std::move(frame), std::move(items)).get());
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::string:
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::range:
    case Kind::view:
    case Kind::iterator:
      return true;
    case Kind::object:
      return value.as_object().iterator() != nullptr;
    default:
      return false;
  }
}

std::optional<std::size_t> length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::string:
      return value.n_runes();
    case Kind::list:
    case Kind::tuple:
      return value.items().size();
    case Kind::dict:
      return value.as_dict().entries.size();
    case Kind::range:
      return value.as_range().size();
    case Kind::view:
      return value.as_view().size();
    default:
      return std::nullopt;
  }
}

Result<Ref<IteratorObject>> iterate(Evaluator&, const Value& value) {
  if (!is_iterable(value)) return raised("'{}' object is not iterable", type_name(value));
  if (value.is(Kind::iterator)) return Ref<IteratorObject>(&value.as_iterator());
  if (value.is(Kind::object)) return Ref<IteratorObject>(value.as_object().iterator());
  if (value.is_undefined()) return iterate_items(Value::list({}));
  if (value.is_string()) return Ref<IteratorObject>(make<RunesIterator>(value).get());
  return iterate_items(value);
}

Result<std::vector<Value>> collect(Evaluator& evaluator, const Value& value) {
  std::vector<Value> items;
  if (value.is_sequence()) {
    TRY(evaluator.budget().charge_items(value.items().size()));
    return value.items();
  }
  const Ref<IteratorObject> iterator = TRY(iterate(evaluator, value));
  while (true) {
    Value item = TRY(iterator->next(evaluator));
    if (item.is_missing()) return items;
    TRY(evaluator.budget().charge(1));
    items.push_back(std::move(item));
  }
}

Result<Ref<IteratorObject>> iterate_reversed(Evaluator& evaluator, const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return iterate_items(Value::list({}));
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::range:
    case Kind::view:
      return iterate_items(value, true);
    case Kind::string:
      return iterate_items(Value::list(TRY(collect(evaluator, value))), true);
    default:
      return raised("'{}' object is not reversible", type_name(value));
  }
}

}  // namespace hearth::text::jinja
