// SPDX-License-Identifier: Apache-2.0
//
// Filters that lay text out: indent truncate wordwrap pprint.
#include <algorithm>
#include <cmath>
#include <utility>

#include "text/jinja/evaluator.h"
#include "text/jinja/generator.h"
#include "text/jinja/layout.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/text_index.h"
#include "text/jinja/text_tools.h"

namespace hearth::text::jinja {
namespace {

// A size that Python only compares with, so that a float will do.
Result<std::ptrdiff_t> rough_size(const Value& value) {
  if (!value.is(Kind::floating)) return size_argument(value);
  return static_cast<std::ptrdiff_t>(std::clamp(std::floor(value.as_real()), -1e9, 1e9));
}

Result<Value> indent(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "indent", {"width", "first", "blank"}));
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  if (!subject.is_string())
    return raised("unsupported operand type(s) for +=: '{}' and 'str'", type_name(subject));
  std::string indention(4, ' ');
  if (bound[0].is_string()) {
    indention = bound[0].as_text();
  } else if (!bound[0].is_missing()) {
    const std::ptrdiff_t width = TRY(size_argument(bound[0]));
    TRY(evaluator.budget().charge_text(
        static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, width))));
    indention = std::string(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, width)), ' ');
  }
  const std::string text = std::string(subject.as_text()) + "\n";
  TRY(evaluator.budget().charge_text(text.size()));
  const std::vector<std::string_view> lines =
      split_lines(text, false, evaluator.budget().max_parts());
  TRY(evaluator.budget().charge_items(lines.size()));
  if (indention.size() * lines.size() + text.size() > evaluator.budget().max_text())
    return evaluator.budget().too_long();
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i == 0 ? flag(bound[1]) : flag(bound[2]) || !lines[i].empty()) out += indention;
    out += lines[i];
  }
  return evaluator.text(std::move(out), subject.is_markup());
}

Result<Value> truncate(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "truncate", {"length", "killwords", "end", "leeway"}));
  const std::ptrdiff_t length = bound[0].is_missing() ? 255 : TRY(rough_size(bound[0]));
  const std::ptrdiff_t leeway =
      bound[3].is_missing() || bound[3].is_none() ? 5 : TRY(rough_size(bound[3]));
  const Value end = bound[2].is_missing() ? Value::text("...") : bound[2];
  const auto end_length = length_of(end);
  if (!end_length) return raised("object of type '{}' has no len()", type_name(end));
  const auto end_size = static_cast<std::ptrdiff_t>(*end_length);
  if (length < end_size) return raised("expected length >= {}, got {}", end_size, length);
  if (leeway < 0) return raised("expected leeway >= 0, got {}", leeway);
  const auto size = length_of(subject);
  if (!size) return raised("object of type '{}' has no len()", type_name(subject));
  if (static_cast<std::ptrdiff_t>(*size) <= length + leeway) return subject;
  if (!subject.is_string()) return raised("can only truncate text, not {}", type_name(subject));
  if (!end.is_string())
    return raised("can only concatenate str (not \"{}\") to str", type_name(end));
  if (bound[0].is(Kind::floating))
    static_cast<void>(TRY(size_argument(bound[0])));  // compared so far, now an index
  const auto kept = static_cast<std::size_t>(length - end_size);
  TRY(evaluator.budget().charge_text(subject.is_ascii() ? 0 : subject.as_text().size()));
  std::string_view text = subject.as_text().substr(0, rune_offset(subject, kept));
  if (!flag(bound[1])) text = text.substr(0, text.rfind(' '));
  return evaluator.text(std::string(text) + std::string(end.as_text()), subject.is_markup());
}

Result<Value> wordwrap(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "wordwrap",
               {"width", "break_long_words", "wrapstring", "break_on_hyphens"}));
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  if (!subject.is_string())
    return raised("'{}' object has no attribute 'splitlines'", type_name(subject));
  WrapOptions options;
  options.break_long_words = flag(bound[1], true);
  options.break_on_hyphens = flag(bound[3], true);
  const bool has_separator = !bound[2].is_missing() && !bound[2].is_none();
  const std::string separator(has_separator ? TRY(text_argument(bound[2], "join")) : "\n");
  TRY(evaluator.budget().charge(subject.as_text().size()));
  std::string out;
  bool is_first = true;
  for (const std::string_view paragraph :
       split_lines(subject.as_text(), false, evaluator.budget().max_parts())) {
    if (!std::exchange(is_first, false)) out += separator;
    if (!bound[0].is_missing()) options.width = TRY(rough_size(bound[0]));
    // A width between 0 and 1 is none to Python's check, and room for one code point to its loop.
    const bool is_float = bound[0].is(Kind::floating);
    options.width_is_index = !is_float || bound[0].as_real() < 1;
    if (options.width == 0 && is_float && bound[0].as_real() > 0) options.width = 1;
    if (options.width <= 0) return raised("invalid width {} (must be > 0)", options.width);
    bool is_first_line = true;
    for (const std::string& line : TRY(wrap_text(paragraph, options))) {
      if (!std::exchange(is_first_line, false)) out += separator;
      out += line;
      if (out.size() > evaluator.budget().max_text()) return evaluator.budget().too_long();
    }
  }
  return evaluator.text(std::move(out));
}

Result<Value> pprint(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "pprint", {}));
  return evaluator.text(TRY(pretty(evaluator, subject)));
}

constexpr Filter kLayoutFilters[] = {
    {"indent", indent}, {"truncate", truncate}, {"wordwrap", wordwrap}, {"pprint", pprint}};

}  // namespace

std::span<const Filter> layout_filters() {
  return kLayoutFilters;
}

}  // namespace hearth::text::jinja
