// SPDX-License-Identifier: Apache-2.0
//
// The tests of "is", and the tables of filters and tests by name.
#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

using Answer = bool (*)(const Value& value);

// A test of the subject alone.
template <Answer kAnswer>
Result<bool> plain(Evaluator&, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "test", {}));
  return kAnswer(subject);
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_boolean(const Value& value) {
  return value.is(Kind::boolean);
}
bool is_false(const Value& value) {
  return value.is(Kind::boolean) && !value.as_bool();
}
bool is_really_true(const Value& value) {
  return value.is(Kind::boolean) && value.as_bool();
}
bool is_integer(const Value& value) {
  return value.is(Kind::integer);
}
bool is_float(const Value& value) {
  return value.is(Kind::floating);
}
bool is_number(const Value& value) {
  return value.is_number();
}
bool is_string(const Value& value) {
  return value.is_string();
}
bool is_mapping(const Value& value) {
  return value.is(Kind::dict);
}
bool is_escaped(const Value& value) {
  return value.is_markup();
}
bool is_sequence(const Value& value) {
  return length_of(value).has_value() && !value.is(Kind::view);
}
bool is_callable(const Value& value) {
  return value.is_undefined() || (value.is(Kind::object) && value.as_object().is_callable());
}

Result<bool> has_case(Evaluator& evaluator, const Value& subject, bool upper) {
  const std::string text = TRY(to_text(evaluator, subject));
  TRY(evaluator.budget().charge_runes(text.size()));
  return is_cased_text(text, upper);
}

Result<bool> lower(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "lower", {}));
  return has_case(evaluator, subject, false);
}

Result<bool> upper(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "upper", {}));
  return has_case(evaluator, subject, true);
}

Result<bool> remainder_is(Evaluator& evaluator, const Value& subject, const Value& divisor,
                          Int remainder) {
  const Value rest = TRY(apply_binary(evaluator, BinaryOp::mod, subject, divisor));
  return equals(evaluator, rest, Value::integer(remainder));
}

Result<bool> odd(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "odd", {}));
  return remainder_is(evaluator, subject, Value::integer(2), 1);
}

Result<bool> even(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "even", {}));
  return remainder_is(evaluator, subject, Value::integer(2), 0);
}

Result<bool> divisibleby(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "divisibleby", {"num"}, 1));
  return remainder_is(evaluator, subject, bound[0], 0);
}

Result<bool> sameas(Evaluator&, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "sameas", {"other"}, 1));
  return is_same(subject, bound[0]);
}

Result<bool> in(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "in", {"seq"}, 1));
  return contains(evaluator, bound[0], subject);
}

template <Comparison kComparison>
Result<bool> compared(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "comparison", {""}, 1));
  return compare(evaluator, kComparison, subject, bound[0]);
}

Result<bool> names_filter(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "filter", {}));
  static_cast<void>(TRY(hash_of(evaluator, subject)));
  return subject.is_string() && find_filter(subject.as_text());
}

Result<bool> names_test(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "test", {}));
  static_cast<void>(TRY(hash_of(evaluator, subject)));
  return subject.is_string() && find_test(subject.as_text());
}

constexpr Test kTests[] = {
    {"defined", plain<is_defined>},
    {"undefined", plain<is_undefined>},
    {"none", plain<is_none>},
    {"boolean", plain<is_boolean>},
    {"false", plain<is_false>},
    {"true", plain<is_really_true>},
    {"integer", plain<is_integer>},
    {"float", plain<is_float>},
    {"number", plain<is_number>},
    {"string", plain<is_string>},
    {"mapping", plain<is_mapping>},
    {"escaped", plain<is_escaped>},
    {"sequence", plain<is_sequence>},
    {"iterable", plain<is_iterable>},
    {"callable", plain<is_callable>},
    {"lower", lower},
    {"upper", upper},
    {"odd", odd},
    {"even", even},
    {"divisibleby", divisibleby},
    {"sameas", sameas},
    {"in", in},
    {"filter", names_filter},
    {"test", names_test},
    {"==", compared<Comparison::equal>},
    {"eq", compared<Comparison::equal>},
    {"equalto", compared<Comparison::equal>},
    {"!=", compared<Comparison::not_equal>},
    {"ne", compared<Comparison::not_equal>},
    {">", compared<Comparison::greater>},
    {"gt", compared<Comparison::greater>},
    {"greaterthan", compared<Comparison::greater>},
    {">=", compared<Comparison::greater_equal>},
    {"ge", compared<Comparison::greater_equal>},
    {"<", compared<Comparison::less>},
    {"lt", compared<Comparison::less>},
    {"lessthan", compared<Comparison::less>},
    {"<=", compared<Comparison::less_equal>},
    {"le", compared<Comparison::less_equal>},
};

}  // namespace

const Test* find_test(std::string_view name) {
  for (const Test& test : kTests)
    if (test.name == name) return &test;
  return nullptr;
}

const Filter* find_filter(std::string_view name) {
  for (const std::span<const Filter> table :
       {text_filters(), layout_filters(), number_filters(), sequence_filters(), selection_filters(),
        markup_filters()})
    for (const Filter& filter : table)
      if (filter.name == name) return &filter;
  return nullptr;
}

}  // namespace hearth::text::jinja
