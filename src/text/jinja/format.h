// SPDX-License-Identifier: Apache-2.0
//
// Python's three ways to format: "%d" % value, "{:>8}".format(value), and format(value, spec) below
// both. Widths and precisions are bounded by the budget before anything is made.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

// text % arguments; arguments is a tuple, a dict, or one value.
Result<Value> percent_format(Evaluator& evaluator, const Value& text, const Value& arguments);
// str.format, whose fields look attributes up as the sandbox allows.
Result<Value> brace_format(Evaluator& evaluator, const Value& text, const CallArgs& args);
// format(value, spec).
Result<std::string> format_value(Evaluator& evaluator, const Value& value, std::string_view spec);

// The digits of a float as "%.{precision}{type}" writes them, type one of e f g E F G; alternate is
// "#".
std::string float_digits(double value, int precision, char type, bool alternate = false);

}  // namespace hearth::text::jinja
