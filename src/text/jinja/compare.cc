// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/compare.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"
#include "text/jinja/text_search.h"

namespace hearth::text::jinja {
namespace {

// -1, 0, 1, or 2 where NaN makes them unordered.
int compare_numbers(const Value& a, const Value& b) {
  if (a.is(Kind::floating) && b.is(Kind::floating)) {
    const double x = a.as_real();
    const double y = b.as_real();
    if (std::isnan(x) || std::isnan(y)) return 2;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (a.is(Kind::floating)) {
    const int reversed = compare_exactly(b.as_int(), a.as_real());
    return reversed == 2 ? 2 : -reversed;
  }
  if (b.is(Kind::floating)) return compare_exactly(a.as_int(), b.as_real());
  return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
}

std::uint64_t hash_number(const Value& value) {
  if (value.is(Kind::floating)) {
    const double real = value.as_real();
    const auto whole = to_int(real);
    if (!whole || static_cast<double>(*whole) != real) return std::hash<double>{}(real);
    return std::hash<std::int64_t>{}(static_cast<std::int64_t>(*whole));
  }
  return std::hash<std::int64_t>{}(static_cast<std::int64_t>(value.as_int()));
}

std::string_view symbol_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::less:
      return "<";
    case Comparison::less_equal:
      return "<=";
    case Comparison::greater:
      return ">";
    default:
      return ">=";
  }
}

Result<bool> equal_dicts(Evaluator& evaluator, const DictObject& a, const DictObject& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& entry : a.entries) {
    const Value* other = b.find(entry.key, entry.hash);
    if (!other || !TRY(equals(evaluator, entry.value, *other))) return false;
  }
  return true;
}

Result<bool> order_sequences(Evaluator& evaluator, Comparison comparison, const Value& a,
                             const Value& b) {
  const std::vector<Value>& x = a.items();
  const std::vector<Value>& y = b.items();
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
    if (!TRY(equals(evaluator, x[i], y[i]))) return compare(evaluator, comparison, x[i], y[i]);
  return compare(evaluator, comparison, Value::size(x.size()), Value::size(y.size()));
}

bool holds(Comparison comparison, int order) {
  switch (comparison) {
    case Comparison::equal:
      return order == 0;
    case Comparison::not_equal:
      return order != 0;
    case Comparison::less:
      return order == -1;
    case Comparison::less_equal:
      return order == -1 || order == 0;
    case Comparison::greater:
      return order == 1;
    case Comparison::greater_equal:
      return order == 1 || order == 0;
  }
  return false;
}

}  // namespace

bool same_key(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (a.is_string()) return a.as_text() == b.as_text();
  if (a.is(Kind::tuple))
    return a.items().size() == b.items().size() &&
           std::equal(a.items().begin(), a.items().end(), b.items().begin(), same_key);
  if (a.is_none() || a.is_undefined()) return true;
  return a.identity() == b.identity();
}

Result<std::uint64_t> hash_of(Evaluator& evaluator, const Value& value) {
  switch (value.kind()) {
    case Kind::string:
      TRY(evaluator.budget().charge_scan(value.as_text().size()));
      return hash_text(value.as_text());
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      return hash_number(value);
    case Kind::none:
      return 0x9E3779B97F4A7C15u;
    case Kind::missing:
    case Kind::undefined:
      return 0xC2B2AE3D27D4EB4Fu;
    case Kind::tuple: {
      const Nesting nesting(evaluator.budget());
      if (nesting.too_deep()) return Nesting::error();
      TRY(evaluator.budget().charge_items(1 + value.items().size()));
      std::uint64_t hash = 0x165667B19E3779F9u;
      for (const Value& item : value.items())
        hash = (hash ^ TRY(hash_of(evaluator, item))) * 0x100000001B3u;
      return hash;
    }
    case Kind::list:
    case Kind::dict:
    case Kind::view:
      return raised("unhashable type: '{}'", type_name(value));
    default:
      return std::hash<const void*>{}(value.identity());
  }
}

Result<bool> equals(Evaluator& evaluator, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  const Nesting nesting(evaluator.budget());
  if (nesting.too_deep()) return Nesting::error();
  TRY(evaluator.budget().charge(1));
  switch (a.kind()) {
    case Kind::string:
      if (a.as_text().size() != b.as_text().size()) return false;
      TRY(evaluator.budget().charge_scan(a.as_text().size()));
      return a.as_text() == b.as_text();
    case Kind::none:
    case Kind::undefined:
      return true;
    case Kind::list:
    case Kind::tuple: {
      if (a.items().size() != b.items().size()) return false;
      for (std::size_t i = 0; i < a.items().size(); ++i)
        if (!is_same(a.items()[i], b.items()[i]) &&
            !TRY(equals(evaluator, a.items()[i], b.items()[i])))
          return false;
      return true;
    }
    case Kind::dict:
      return equal_dicts(evaluator, a.as_dict(), b.as_dict());
    case Kind::range: {
      const RangeObject& x = a.as_range();
      const RangeObject& y = b.as_range();
      if (x.size() != y.size()) return false;
      return x.size() == 0 || (x.start == y.start && (x.size() == 1 || x.step == y.step));
    }
    case Kind::view: {
      if (a.identity() == b.identity()) return true;
      if (a.as_view().part == ViewObject::Part::values || a.as_view().part != b.as_view().part ||
          a.as_view().size() != b.as_view().size())
        return false;
      for (std::size_t i = 0; i < a.as_view().size(); ++i)
        if (!TRY(contains(evaluator, b, a.as_view().at(i)))) return false;
      return true;
    }
    default:
      return a.identity() == b.identity();
  }
}

Result<bool> compare(Evaluator& evaluator, Comparison comparison, const Value& a, const Value& b) {
  if (comparison == Comparison::equal) return equals(evaluator, a, b);
  if (comparison == Comparison::not_equal) return !TRY(equals(evaluator, a, b));
  if (a.is_number() && b.is_number()) return holds(comparison, compare_numbers(a, b));
  if (a.is_string() && b.is_string()) {
    TRY(evaluator.budget().charge_scan(std::min(a.as_text().size(), b.as_text().size())));
    const int order = a.as_text().compare(b.as_text());
    return holds(comparison, order < 0 ? -1 : order > 0 ? 1 : 0);
  }
  if (a.is_undefined()) return raised("{}", a.as_undefined().message);
  if (b.is_undefined()) return raised("{}", b.as_undefined().message);
  if (a.is_sequence() && a.kind() == b.kind()) {
    const Nesting nesting(evaluator.budget());
    if (nesting.too_deep()) return Nesting::error();
    return order_sequences(evaluator, comparison, a, b);
  }
  return raised("'{}' not supported between instances of '{}' and '{}'", symbol_of(comparison),
                type_name(a), type_name(b));
}

Result<bool> is_less(Evaluator& evaluator, const Value& a, const Value& b) {
  return compare(evaluator, Comparison::less, a, b);
}

Result<bool> contains(Evaluator& evaluator, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string())
      return raised("'in <string>' requires string as left operand, not {}", type_name(item));
    TRY(evaluator.budget().charge_search(container.as_text().size(), item.as_text().size()));
    return find_text(container.as_text(), item.as_text()) != std::string_view::npos;
  }
  if (container.is(Kind::dict) ||
      (container.is(Kind::view) && container.as_view().part == ViewObject::Part::keys)) {
    const Value& dict = container.is(Kind::dict) ? container : container.as_view().dict;
    return dict.as_dict().find(item, TRY(hash_of(evaluator, item))) != nullptr;
  }
  if (!is_iterable(container))
    return raised("argument of type '{}' is not iterable", type_name(container));
  const Ref<IteratorObject> items = TRY(iterate(evaluator, container));
  while (true) {
    const Value other = TRY(items->next(evaluator));
    if (other.is_missing()) return false;
    TRY(evaluator.budget().charge(1));
    if (is_same(other, item) || TRY(equals(evaluator, other, item))) return true;
  }
}

bool is_same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::none:
      return true;
    case Kind::boolean:
      return a.as_bool() == b.as_bool();
    // Small integers are single objects in CPython; larger ones rarely are.
    case Kind::integer:
      return a.as_int() == b.as_int() && a.as_int() >= -5 && a.as_int() <= 256;
    case Kind::floating:
      return false;
    case Kind::string:
      return a.identity() == b.identity() && a.as_text().size() == b.as_text().size();
    default:
      return a.identity() == b.identity();
  }
}

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return value.as_bool();
    case Kind::integer:
      return value.as_int() != 0;
    case Kind::floating:
      return value.as_real() != 0;
    case Kind::iterator:
    case Kind::object:
      return true;
    default:
      return length_of(value).value_or(1) != 0;
  }
}

Result<void> sort_by_keys(Evaluator& evaluator, std::vector<Value>& keys, std::vector<Value>& items,
                          bool reverse) {
  // Python's reverse order keeps equal elements in their order too: it sorts the reversed list and
  // reverses the result.
  if (reverse) {
    std::reverse(keys.begin(), keys.end());
    std::reverse(items.begin(), items.end());
  }
  std::vector<std::uint32_t> order(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::vector<std::uint32_t> merged(order.size());
  for (std::size_t width = 1; width < order.size(); width *= 2) {
    for (std::size_t left = 0; left < order.size(); left += 2 * width) {
      std::size_t i = left;
      const std::size_t middle = std::min(left + width, order.size());
      std::size_t j = middle;
      const std::size_t end = std::min(left + 2 * width, order.size());
      for (std::size_t k = left; k < end; ++k) {
        TRY(evaluator.budget().charge(2));
        if (i < middle && (j >= end || !TRY(is_less(evaluator, keys[order[j]], keys[order[i]]))))
          merged[k] = order[i++];
        else
          merged[k] = order[j++];
      }
    }
    std::swap(order, merged);
  }
  std::vector<Value> sorted_keys;
  std::vector<Value> sorted_items;
  for (const std::uint32_t i : order) {
    sorted_keys.push_back(std::move(keys[i]));
    sorted_items.push_back(std::move(items[i]));
  }
  keys = std::move(sorted_keys);
  items = std::move(sorted_items);
  if (reverse) {
    std::reverse(keys.begin(), keys.end());
    std::reverse(items.begin(), items.end());
  }
  return {};
}

}  // namespace hearth::text::jinja
