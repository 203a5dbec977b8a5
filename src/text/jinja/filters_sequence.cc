// SPDX-License-Identifier: Apache-2.0
//
// Filters on sequences as a whole: length first last list reverse join sort unique min max batch
// slice dictsort items groupby random.
#include <algorithm>
#include <unordered_map>

#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/generator.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/text_index.h"

namespace hearth::text::jinja {
namespace {

Result<Value> length(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "len", {}));
  if (const auto size = length_of(subject)) return Value::size(*size);
  if (subject.is(Kind::object)) {
    const Value size = TRY(subject.as_object().size(evaluator));
    if (!size.is_missing()) return size;
  }
  return raised("object of type '{}' has no len()", type_name(subject));
}

Result<Value> first(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "first", {}));
  Value item = TRY(TRY(iterate(evaluator, subject))->next(evaluator));
  return item.is_missing() ? Value::undefined("No first item, sequence was empty.") : item;
}

Result<Value> last(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "last", {}));
  Value item = TRY(TRY(iterate_reversed(evaluator, subject))->next(evaluator));
  return item.is_missing() ? Value::undefined("No last item, sequence was empty.") : item;
}

// Any item will do: always the same one, so that a conversation is one prompt.
Result<Value> random(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "random", {}));
  const auto size = length_of(subject);
  if (!size) return raised("object of type '{}' has no len()", type_name(subject));
  if (*size == 0) return Value::undefined("No random item, sequence was empty.");
  if (subject.is(Kind::dict) || subject.is(Kind::view))
    return raised("'{}' object has no items by number", type_name(subject));
  return get_item(evaluator, subject, Value::integer(0));
}

Result<Value> list(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "list", {}));
  return Value::list(TRY(collect(evaluator, subject)));
}

Result<Value> reverse(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "reverse", {}));
  if (subject.is_string()) {
    const std::size_t n = subject.n_runes();
    const auto size = static_cast<Int>(n);
    TRY(evaluator.budget().charge_runes(subject.as_text().size()));
    return evaluator.text(
        n == 0 ? std::string() : sliced_text(subject, RangeObject(size - 1, -1, -1), n),
        subject.is_markup());
  }
  if (!is_iterable(subject)) return raised("argument must be iterable");
  if (subject.is(Kind::iterator) || subject.is(Kind::object)) {
    std::vector<Value> items = TRY(collect(evaluator, subject));
    std::reverse(items.begin(), items.end());
    return Value::list(std::move(items));
  }
  return Value::of(TRY(iterate_reversed(evaluator, subject)));
}

Result<Value> join(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "join", {"d", "attribute"}));
  const AttributePath path = TRY(AttributePath::parse(bound[1]));
  const std::string separator = TRY(to_text(evaluator, bound[0]));
  const Ref<IteratorObject> items = TRY(iterate(evaluator, subject));
  std::string out;
  for (bool is_first = true;; is_first = false) {
    const Value item = TRY(items->next(evaluator));
    if (item.is_missing()) return evaluator.text(std::move(out));
    TRY(evaluator.budget().charge(1 + separator.size() / 32));
    if (!is_first) out += separator;
    TRY(append_text(evaluator, out, TRY(path.get(evaluator, item))));
    if (out.size() > evaluator.budget().max_text()) return evaluator.budget().too_long();
  }
}

// The "reverse" that goes on to Python's sorted(), which wants a number.
Result<bool> reverse_flag(const Value& value) {
  if (value.is_missing()) return false;
  const Int number = TRY(int_argument(value));
  if (number != static_cast<int>(number)) return raised("Python int too large to convert to C int");
  return number != 0;
}

Result<Value> sort(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "sort", {"reverse", "case_sensitive", "attribute"}));
  const AttributePath path = TRY(AttributePath::parse(bound[2], true));
  std::vector<Value> items = TRY(collect(evaluator, subject));
  std::vector<Value> keys;
  for (const Value& item : items) keys.push_back(TRY(path.key(evaluator, item, flag(bound[1]))));
  TRY(sort_by_keys(evaluator, keys, items, TRY(reverse_flag(bound[0]))));
  return Value::list(std::move(items));
}

Result<Value> unique(Evaluator&, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "unique", {"case_sensitive", "attribute"}));
  const AttributePath path = TRY(AttributePath::parse(bound[1]));
  const bool case_sensitive = flag(bound[0]);
  return generate([subject, path, case_sensitive, seen = make<DictObject>(),
                   items = Ref<IteratorObject>()](Evaluator& evaluator) mutable -> Result<Value> {
    if (!items) items = TRY(iterate(evaluator, subject));
    while (true) {
      Value item = TRY(items->next(evaluator));
      if (item.is_missing()) return item;
      TRY(evaluator.budget().charge(8));
      Value key = TRY(path.key(evaluator, item, case_sensitive));
      const std::uint64_t hash = TRY(hash_of(evaluator, key));
      if (seen->find(key, hash)) continue;
      seen->set(std::move(key), hash, Value::none());
      return item;
    }
  });
}

template <bool kMax>
Result<Value> extreme(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), kMax ? "max" : "min", {"case_sensitive", "attribute"}));
  const AttributePath path = TRY(AttributePath::parse(bound[1]));
  Value best;
  Value best_key;
  const Ref<IteratorObject> items = TRY(iterate(evaluator, subject));
  while (true) {
    Value item = TRY(items->next(evaluator));
    if (item.is_missing()) break;
    TRY(evaluator.budget().charge(1));
    Value key = TRY(path.key(evaluator, item, flag(bound[0])));
    const bool better = best.is_missing() || TRY(kMax ? is_less(evaluator, best_key, key)
                                                      : is_less(evaluator, key, best_key));
    if (!better) continue;
    best = std::move(item);
    best_key = std::move(key);
  }
  return best.is_missing() ? Value::undefined("No aggregated item, sequence was empty.") : best;
}

Result<Value> batch(Evaluator&, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "batch", {"linecount", "fill_with"}, 1));
  return generate_all([subject, bound](Evaluator& evaluator) -> Result<std::vector<Value>> {
    std::vector<Value> batches;
    std::vector<Value> batch_items;
    const auto size_is_count = [&]() -> Result<bool> {
      return equals(evaluator, Value::size(batch_items.size()), bound[0]);
    };
    for (Value& item : TRY(collect(evaluator, subject))) {
      TRY(evaluator.budget().charge(4));
      if (TRY(size_is_count())) batches.push_back(Value::list(std::exchange(batch_items, {})));
      batch_items.push_back(std::move(item));
    }
    if (!batch_items.empty()) {
      const bool fills = !bound[1].is_missing() && !bound[1].is_none();
      if (fills) {
        if (!bound[0].is_number())
          return raised("'<' not supported between instances of 'int' and '{}'",
                        type_name(bound[0]));
        const auto made = static_cast<std::ptrdiff_t>(batch_items.size());
        if (static_cast<double>(made) < bound[0].as_real()) {
          const std::ptrdiff_t missing = TRY(size_argument(bound[0]))
          -made;
          TRY(evaluator.budget().charge_items(static_cast<std::size_t>(missing)));
          batch_items.resize(batch_items.size() + static_cast<std::size_t>(missing), bound[1]);
        }
      }
      batches.push_back(Value::list(std::move(batch_items)));
    }
    return batches;
  });
}

Result<Value> slice(Evaluator&, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "slice", {"slices", "fill_with"}, 1));
  return generate_all([subject, bound](Evaluator& evaluator) -> Result<std::vector<Value>> {
    const std::vector<Value> items = TRY(collect(evaluator, subject));
    const std::ptrdiff_t given = TRY(size_argument(bound[0]));
    if (given == 0) return raised("integer division or modulo by zero");
    if (given < 0) return std::vector<Value>();
    const auto n_slices = static_cast<std::size_t>(given);
    TRY(evaluator.budget().charge_items(n_slices));
    const bool fills = !bound[1].is_missing() && !bound[1].is_none();
    std::vector<Value> slices;
    std::size_t at = 0;
    for (std::size_t i = 0; i < n_slices; ++i) {
      const bool has_extra = i < items.size() % n_slices;
      const std::size_t size = items.size() / n_slices + (has_extra ? 1 : 0);
      const auto begin = items.begin() + static_cast<std::ptrdiff_t>(at);
      std::vector<Value> part(begin, begin + static_cast<std::ptrdiff_t>(size));
      if (fills && !has_extra) part.push_back(bound[1]);
      slices.push_back(Value::list(std::move(part)));
      at += size;
    }
    return slices;
  });
}

Result<Value> dictsort(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "dictsort", {"case_sensitive", "by", "reverse"}));
  const bool by_key =
      bound[1].is_missing() || (bound[1].is_string() && bound[1].as_text() == "key");
  if (!by_key && !(bound[1].is_string() && bound[1].as_text() == "value"))
    return raised("You can only sort by either \"key\" or \"value\"");
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  if (!subject.is(Kind::dict))
    return raised("'{}' object has no attribute 'items'", type_name(subject));
  std::vector<Value> items =
      TRY(collect(evaluator, Value::of(make<ViewObject>(subject, ViewObject::Part::items))));
  const AttributePath whole = TRY(AttributePath::parse(Value::none()));
  std::vector<Value> keys;
  for (const Value& item : items)
    keys.push_back(TRY(whole.key(evaluator, item.items()[by_key ? 0 : 1], flag(bound[0]))));
  TRY(sort_by_keys(evaluator, keys, items, TRY(reverse_flag(bound[2]))));
  return Value::list(std::move(items));
}

Result<Value> items(Evaluator&, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "items", {}));
  return generate_all([subject](Evaluator& evaluator) -> Result<std::vector<Value>> {
    if (subject.is_undefined()) return std::vector<Value>();
    if (!subject.is(Kind::dict)) return raised("Can only get item pairs from a mapping.");
    return collect(evaluator, Value::of(make<ViewObject>(subject, ViewObject::Part::items)));
  });
}

Result<Value> groupby(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "groupby", {"attribute", "default", "case_sensitive"}, 1));
  const AttributePath path = TRY(AttributePath::parse(bound[0]));
  const bool case_sensitive = flag(bound[2]);
  std::vector<Value> all = TRY(collect(evaluator, subject));
  std::vector<Value> keys;
  for (const Value& item : all)
    keys.push_back(TRY(path.key(evaluator, item, case_sensitive, bound[1])));
  TRY(sort_by_keys(evaluator, keys, all, false));
  std::vector<Value> groups;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i + 1;
    while (end < all.size() && TRY(equals(evaluator, keys[i], keys[end]))) ++end;
    std::vector<Value> members(all.begin() + static_cast<std::ptrdiff_t>(i),
                               all.begin() + static_cast<std::ptrdiff_t>(end));
    Value key = case_sensitive ? keys[i] : TRY(path.get(evaluator, members.front(), bound[1]));
    Value group = Value::tuple({std::move(key), Value::list(std::move(members))});
    const_cast<ListObject*>(static_cast<const ListObject*>(group.identity()))->is_group = true;
    groups.push_back(std::move(group));
    i = end;
  }
  return Value::list(std::move(groups));
}

constexpr Filter kSequenceFilters[] = {
    {"length", length},   {"count", length},       {"first", first},       {"last", last},
    {"list", list},       {"reverse", reverse},    {"join", join},         {"sort", sort},
    {"unique", unique},   {"min", extreme<false>}, {"max", extreme<true>}, {"batch", batch},
    {"random", random},   {"slice", slice},        {"dictsort", dictsort}, {"items", items},
    {"groupby", groupby},
};

}  // namespace

std::span<const Filter> sequence_filters() {
  return kSequenceFilters;
}

}  // namespace hearth::text::jinja
