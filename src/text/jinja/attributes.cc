// SPDX-License-Identifier: Apache-2.0
//
// obj.name, obj[key] and slices. Jinja tries the attribute first for the one and the item first for
// the other, and gives undefined where neither is there.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"
#include "text/jinja/text_index.h"

namespace hearth::text::jinja {
namespace {

std::string owner_of(const Value& object) {
  if (object.is_none()) return "None";
  if (object.is(Kind::object)) {
    std::string name = object.as_object().qualified_name();
    return name + " object";
  }
  return fmt::format("{} object", type_name(object));
}

Value no_attribute(const Value& object, std::string_view name) {
  return Value::undefined(fmt::format("'{}' has no attribute '{}'", owner_of(object), name));
}

Result<Value> no_element(Evaluator& evaluator, const Value& object, const Value& key) {
  TRY(evaluator.budget().charge_text(key.is_string() ? key.as_text().size() : 1));
  if (key.is_string()) return no_attribute(object, key.as_text());
  std::string text;
  TRY(append_repr(evaluator, text, key));
  return Value::undefined(fmt::format("{} has no element {}", owner_of(object), text));
}

Value unsafe_attribute(const Value& object, std::string_view name) {
  return Value::undefined(
      fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(object)));
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Methods that would change the value: the immutable sandbox refuses them.
bool is_mutating(const Value& object, std::string_view name) {
  if (object.is(Kind::list))
    return is_one_of(name,
                     {"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"});
  if (object.is(Kind::dict))
    return is_one_of(name, {"clear", "pop", "popitem", "setdefault", "update"});
  return false;
}

// What an Undefined object of Python does have; all else that is asked of it raises.
bool is_attribute_of_undefined(std::string_view name) {
  return is_one_of(name, {"__add__",
                          "__aiter__",
                          "__bool__",
                          "__call__",
                          "__class__",
                          "__complex__",
                          "__delattr__",
                          "__dir__",
                          "__div__",
                          "__doc__",
                          "__eq__",
                          "__float__",
                          "__floordiv__",
                          "__format__",
                          "__ge__",
                          "__getattr__",
                          "__getattribute__",
                          "__getitem__",
                          "__getstate__",
                          "__gt__",
                          "__hash__",
                          "__init__",
                          "__init_subclass__",
                          "__int__",
                          "__iter__",
                          "__le__",
                          "__len__",
                          "__lt__",
                          "__mod__",
                          "__module__",
                          "__mul__",
                          "__ne__",
                          "__neg__",
                          "__new__",
                          "__pos__",
                          "__pow__",
                          "__radd__",
                          "__rdiv__",
                          "__reduce__",
                          "__reduce_ex__",
                          "__repr__",
                          "__rfloordiv__",
                          "__rmod__",
                          "__rmul__",
                          "__rpow__",
                          "__rsub__",
                          "__rtruediv__",
                          "__setattr__",
                          "__sizeof__",
                          "__slots__",
                          "__str__",
                          "__sub__",
                          "__subclasshook__",
                          "__truediv__",
                          "_undefined_exception",
                          "_undefined_hint",
                          "_undefined_message",
                          "_undefined_name",
                          "_undefined_obj",
                          "_fail_with_undefined_error"});
}

const Method* find_method(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::string:
      return find_text_method(name);
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      return find_number_method(name, object.is(Kind::floating));
    case Kind::dict:
      return find_dict_method(name);
    case Kind::list:
      return find_sequence_method(name);
    case Kind::tuple:
    case Kind::range:
      return name == "copy" ? nullptr : find_sequence_method(name);
    default:
      return nullptr;
  }
}

Value number_attribute(const Value& object, std::string_view name) {
  if (name == "real") return object.is(Kind::floating) ? object : Value::integer(object.as_int());
  if (name == "imag") return object.is(Kind::floating) ? Value::real(0) : Value::integer(0);
  if (object.is(Kind::floating)) return Value();
  if (name == "numerator") return Value::integer(object.as_int());
  if (name == "denominator") return Value::integer(1);
  return Value();
}

// The item under a key as obj[key] finds it; missing where Python raises TypeError or LookupError.
Result<Value> find_item(Evaluator& evaluator, const Value& object, const Value& key) {
  if (object.is(Kind::dict)) {
    if (key.is(Kind::list) || key.is(Kind::dict) || key.is(Kind::view)) return Value();
    const Result<std::uint64_t> hash = hash_of(evaluator, key);
    if (!hash) return Value();  // a tuple with a list inside
    const Value* found = object.as_dict().find(key, *hash);
    return found ? *found : Value();
  }
  if (!key.is_integral()) return Value();
  const bool has_items = object.is_string() || object.is_sequence() || object.is(Kind::range);
  if (!has_items) return Value();
  const auto size = static_cast<Int>(length_of(object).value_or(0));
  Int index = key.as_int();
  if (index < 0) index += size;
  if (index < 0 || index >= size) return Value();
  const auto at = static_cast<std::size_t>(index);
  if (object.is_sequence()) return object.items()[at];
  if (object.is(Kind::range)) return Value::integer(object.as_range().at(at));
  const std::string_view text = object.as_text();
  if (!object.is_ascii()) TRY(evaluator.budget().charge(std::min(at, object.n_runes() - at) / 16));
  const std::size_t first = rune_offset(object, at);
  const std::size_t length = decode_rune(text.substr(first)).length;
  return Value::text(std::string(text.substr(first, length))).with_markup(object.is_markup());
}

}  // namespace

Result<Value> type_attribute(Evaluator& evaluator, const Value& object, std::string_view name) {
  if (object.is(Kind::object)) {
    if (name.starts_with("_")) return unsafe_attribute(object, name);
    return object.as_object().attribute(evaluator, name);
  }
  if (name.starts_with("__") && name.ends_with("__") && name.size() > 4)
    return unsafe_attribute(object, name);
  if (is_mutating(object, name)) return unsafe_attribute(object, name);
  if (object.is_number()) {
    Value found = number_attribute(object, name);
    if (!found.is_missing()) return found;
  }
  if (object.is(Kind::range) && is_one_of(name, {"start", "stop", "step"})) {
    const RangeObject& range = object.as_range();
    return Value::integer(name == "start" ? range.start : name == "stop" ? range.stop : range.step);
  }
  if (object.is(Kind::tuple) && static_cast<const ListObject*>(object.identity())->is_group &&
      is_one_of(name, {"grouper", "list"}))
    return object.items()[name == "grouper" ? 0 : 1];
  const Method* method = find_method(object, name);
  if (!method) return Value();
  return Value::of(
      Ref<ExtendedObject>(make<MethodObject>(method->name, object, method->call).get()));
}

Result<Value> get_attribute(Evaluator& evaluator, const Value& object, std::string_view name) {
  if (object.is_undefined()) {
    if (!is_attribute_of_undefined(name)) return raised("{}", object.as_undefined().message);
    return unsafe_attribute(object, name);
  }
  Value found = TRY(type_attribute(evaluator, object, name));
  if (!found.is_missing() && !(found.is_undefined() && object.is(Kind::dict))) return found;
  if (object.is(Kind::dict)) {
    // A key may look like an attribute that no dict has.
    const Value* item = object.as_dict().find(name);
    if (item && (found.is_missing() || !is_mutating(object, name))) return *item;
    if (!found.is_missing()) return found;
  }
  return no_attribute(object, name);
}

Result<Value> get_item(Evaluator& evaluator, const Value& object, const Value& key) {
  if (object.is_undefined()) return raised("{}", object.as_undefined().message);
  Value found = TRY(find_item(evaluator, object, key));
  if (!found.is_missing()) return found;
  if (key.is_string()) {
    found = TRY(type_attribute(evaluator, object, key.as_text()));
    if (!found.is_missing()) return found;
  }
  return no_element(evaluator, object, key);
}

Result<Value> get_slice(Evaluator& evaluator, const Value& object, const Value& start,
                        const Value& stop, const Value& step) {
  if (object.is_undefined()) return raised("{}", object.as_undefined().message);
  if (object.is(Kind::dict)) return raised("unhashable type: 'slice'");
  if (!object.is_string() && !object.is_sequence() && !object.is(Kind::range))
    return raised("'{}' object is not subscriptable", type_name(object));
  for (const Value* bound : {&start, &stop, &step})
    if (!bound->is_none() && !bound->is_integral())
      return raised("slice indices must be integers or None or have an __index__ method");
  const auto size = static_cast<Int>(length_of(object).value_or(0));
  // A step beyond the size takes one item whatever it is.
  const Int by = step.is_none() ? 1 : std::clamp<Int>(step.as_int(), -size - 1, size + 1);
  if (by == 0) return raised("slice step cannot be zero");
  const Int lowest = by > 0 ? 0 : -1;
  const Int highest = by > 0 ? size : size - 1;
  const auto bounded = [&](const Value& bound, Int otherwise) {
    if (bound.is_none()) return otherwise;
    Int index = bound.as_int();
    if (index < 0) index += size;
    return std::clamp(index, lowest, highest);
  };
  const RangeObject taken(bounded(start, by > 0 ? lowest : highest),
                          bounded(stop, by > 0 ? highest : lowest), by);
  const bool is_empty = by > 0 ? taken.start >= taken.stop : taken.start <= taken.stop;
  const std::size_t n = is_empty ? 0 : taken.size();
  if (object.is(Kind::range)) {
    const RangeObject& range = object.as_range();
    constexpr Int kFar = Int{1} << 60;
    const Int given = step.is_none() ? 1 : std::clamp(step.as_int(), -kFar, kFar);
    const Int end = range.start + taken.stop * range.step;
    return Value::of(
        make<RangeObject>(range.start + taken.start * range.step, end, range.step * given));
  }
  if (object.is_string()) {
    if (n == 0) return Value::text({}).with_markup(object.is_markup());
    // Steps of one walk from the nearer end, others over all code points.
    if (!object.is_ascii() && by == 1) {
      const auto first = static_cast<std::size_t>(taken.start);
      TRY(evaluator.budget().charge(std::min(first, object.n_runes() - first) / 16));
    } else if (by != 1) {
      TRY(evaluator.budget().charge_runes(object.is_ascii() ? n : object.as_text().size()));
    }
    return evaluator.text(sliced_text(object, taken, n), object.is_markup());
  }
  TRY(evaluator.budget().charge_items(n));
  std::vector<Value> items;
  items.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    items.push_back(object.items()[static_cast<std::size_t>(taken.at(i))]);
  return object.is(Kind::list) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

}  // namespace hearth::text::jinja
