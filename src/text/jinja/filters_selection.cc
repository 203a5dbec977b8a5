// SPDX-License-Identifier: Apache-2.0
//
// Filters that apply other filters and tests to each item, and those on single values: map select
// reject selectattr rejectattr default attr.
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/generator.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"

namespace hearth::text::jinja {
namespace {

// The name of a filter or test that was given as a value.
Result<std::string> name_argument(const Value& value, std::string_view kind) {
  if (value.is_string()) return std::string(value.as_text());
  return raised("No {} named {}.", kind, type_name(value));
}

Result<Value> map(Evaluator&, const Value& subject, CallArgs args) {
  return generate([subject, args = std::move(args), items = Ref<IteratorObject>(),
                   path = std::optional<AttributePath>(), otherwise = Value(),
                   filter = std::string()](Evaluator& evaluator) mutable -> Result<Value> {
    if (!items) {
      if (!is_true(subject)) return Value();
      const bool by_attribute =
          args.positional.empty() &&
          std::any_of(args.named.begin(), args.named.end(),
                      [](const auto& arg) { return arg.first == "attribute"; });
      if (by_attribute) {
        path = TRY(AttributePath::parse(args.take("attribute")));
        otherwise = args.take("default");
        if (!args.named.empty())
          return raised("Unexpected keyword argument '{}'", args.named.front().first);
      } else {
        if (args.positional.empty()) return raised("map requires a filter argument");
        filter = TRY(name_argument(args.positional.front(), "filter"));
        args.positional.erase(args.positional.begin());
      }
      items = TRY(iterate(evaluator, subject));
    }
    const Value item = TRY(items->next(evaluator));
    if (item.is_missing()) return item;
    return path ? path->get(evaluator, item, otherwise)
                : evaluator.apply_filter(filter, item, args);
  });
}

// select and reject, by the item itself or by one of its attributes.
template <bool kKeep, bool kByAttribute>
Result<Value> pick(Evaluator&, const Value& subject, CallArgs args) {
  return generate([subject, args = std::move(args), items = Ref<IteratorObject>(),
                   path = std::optional<AttributePath>(), test = std::optional<std::string>()](
                      Evaluator& evaluator) mutable -> Result<Value> {
    if (!items) {
      if (!is_true(subject)) return Value();
      const auto take_first = [&args]() -> Value {
        if (args.positional.empty()) return Value();
        Value value = args.positional.front();
        args.positional.erase(args.positional.begin());
        return value;
      };
      if (kByAttribute) {
        const Value attribute = take_first();
        if (attribute.is_missing()) return raised("Missing parameter for attribute name");
        path = TRY(AttributePath::parse(attribute));
      }
      const Value name = take_first();
      if (!name.is_missing()) test = TRY(name_argument(name, "test"));
      items = TRY(iterate(evaluator, subject));
    }
    while (true) {
      Value item = TRY(items->next(evaluator));
      if (item.is_missing()) return item;
      TRY(evaluator.budget().charge(1));
      const Value seen = kByAttribute ? TRY(path->get(evaluator, item)) : item;
      const bool holds = test         ? TRY(evaluator.apply_test(*test, seen, args)) : is_true(seen);
      if (holds == kKeep) return item;
    }
  });
}

Result<Value> otherwise(Evaluator&, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "default", {"default_value", "boolean"}));
  if (!subject.is_undefined() && !(flag(bound[1]) && !is_true(subject))) return subject;
  return bound[0].is_missing() ? Value::text({}) : bound[0];
}

Result<Value> attribute(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "attr", {"name"}, 1));
  if (!bound[0].is_string())
    return raised("attribute name must be string, not '{}'", type_name(bound[0]));
  const std::string_view name = bound[0].as_text();
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  Value found = TRY(type_attribute(evaluator, subject, name));
  if (!found.is_missing()) return found;
  return Value::undefined(
      fmt::format("'{} object' has no attribute '{}'", type_name(subject), name));
}

constexpr Filter kSelectionFilters[] = {
    {"map", map},
    {"select", pick<true, false>},
    {"reject", pick<false, false>},
    {"selectattr", pick<true, true>},
    {"rejectattr", pick<false, true>},
    {"default", otherwise},
    {"d", otherwise},
    {"attr", attribute},
};

}  // namespace

std::span<const Filter> selection_filters() {
  return kSelectionFilters;
}

}  // namespace hearth::text::jinja
