// SPDX-License-Identifier: Apache-2.0
//
// The filters, tests, functions and methods of the language, by name.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

struct Filter {
  std::string_view name;
  Result<Value> (*apply)(Evaluator& evaluator, const Value& subject, CallArgs args);
};
struct Test {
  std::string_view name;
  Result<bool> (*apply)(Evaluator& evaluator, const Value& subject, CallArgs args);
};
struct Function {
  std::string_view name;
  Result<Value> (*call)(Evaluator& evaluator, CallArgs args);
};
struct Method {
  std::string_view name;
  Result<Value> (*call)(Evaluator& evaluator, const Value& self, CallArgs args);
};

const Filter* find_filter(std::string_view name);
const Test* find_test(std::string_view name);
// The function that the name is bound to in every template, or null.
const Function* find_function(std::string_view name);

// One table for each file of filters.
std::span<const Filter> text_filters();
std::span<const Filter> layout_filters();
std::span<const Filter> number_filters();
std::span<const Filter> sequence_filters();
std::span<const Filter> selection_filters();
std::span<const Filter> markup_filters();

// Methods of values by their Python type; a mutating one is not there.
const Method* find_text_method(std::string_view name);
const Method* find_number_method(std::string_view name, bool of_float);
const Method* find_dict_method(std::string_view name);
const Method* find_sequence_method(std::string_view name);
std::span<const Method> text_methods();
std::span<const Method> text_query_methods();

}  // namespace hearth::text::jinja
