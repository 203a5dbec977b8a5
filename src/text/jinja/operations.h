// SPDX-License-Identifier: Apache-2.0
//
// What the operators and built-in functions of Python do to values: arithmetic, attributes, items
// and slices, iteration, str() and repr().
#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/object.h"
#include "text/jinja/value.h"

namespace hearth {
using Json = nlohmann::ordered_json;  // base/json.h has the definition
}

namespace hearth::text::jinja {

// arithmetic.cc
Result<Value> apply_binary(Evaluator& evaluator, BinaryOp op, const Value& a, const Value& b);
Result<Value> apply_unary(UnaryOp op, const Value& value);
Result<Value> repeat(Evaluator& evaluator, const Value& sequence, Int times);

// attributes.cc. Undefined where Jinja gives that; an attribute of undefined fails.
Result<Value> get_attribute(Evaluator& evaluator, const Value& object, std::string_view name);
Result<Value> get_item(Evaluator& evaluator, const Value& object, const Value& key);
// The method or other attribute that a value's type has (not an item), or missing.
Result<Value> type_attribute(Evaluator& evaluator, const Value& object, std::string_view name);
Result<Value> get_slice(Evaluator& evaluator, const Value& object, const Value& start,
                        const Value& stop, const Value& step);

// iterate.cc
bool is_iterable(const Value& value);
Result<Ref<IteratorObject>> iterate(Evaluator& evaluator, const Value& value);
Result<Ref<IteratorObject>> iterate_reversed(Evaluator& evaluator, const Value& value);
// list(value).
Result<std::vector<Value>> collect(Evaluator& evaluator, const Value& value);
// len(value), where the type has one.
std::optional<std::size_t> length_of(const Value& value);

// text.cc: str() and repr().
Result<std::string> to_text(Evaluator& evaluator, const Value& value);
Result<void> append_text(Evaluator& evaluator, std::string& out, const Value& value);
Result<void> append_repr(Evaluator& evaluator, std::string& out, const Value& value);
// So many hexadecimal digits.
void append_hex(std::string& out, unsigned value, int digits);
void append_quoted(std::string& out, std::string_view text);
// The value as a string value: itself if it is one (markup stays markup), else str() of it.
Result<Value> as_text_value(Evaluator& evaluator, const Value& value);

// from_json.cc
Result<Value> from_json(Evaluator& evaluator, const Json& json);

// bind.cc: arguments to parameters as Python binds them, missing where not given. A parameter with
// an empty name is positional only.
Result<std::vector<Value>> bind(CallArgs args, std::string_view function,
                                std::initializer_list<std::string_view> names,
                                std::size_t n_required = 0);
// An int (or bool) argument; fails with TypeError's text for anything else, and out of the given
// range.
Result<Int> int_argument(const Value& value);
// The same, clamped to what a length can be.
Result<std::ptrdiff_t> size_argument(const Value& value);
Result<std::string_view> text_argument(const Value& value, std::string_view function);

}  // namespace hearth::text::jinja
