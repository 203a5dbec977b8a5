// SPDX-License-Identifier: Apache-2.0
//
// Filters on text: upper lower capitalize title trim replace string format center wordcount
// urlencode, and tojson.
#include <algorithm>

#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/tojson.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

// A filter that is a method of str on the text of its subject.
Result<Value> through_method(Evaluator& evaluator, const Value& subject, std::string_view method,
                             CallArgs args) {
  const Value text = TRY(as_text_value(evaluator, subject));
  return find_text_method(method)->call(evaluator, text, std::move(args));
}

Result<Value> upper(Evaluator& evaluator, const Value& subject, CallArgs args) {
  return through_method(evaluator, subject, "upper", std::move(args));
}
Result<Value> lower(Evaluator& evaluator, const Value& subject, CallArgs args) {
  return through_method(evaluator, subject, "lower", std::move(args));
}
Result<Value> capitalize(Evaluator& evaluator, const Value& subject, CallArgs args) {
  return through_method(evaluator, subject, "capitalize", std::move(args));
}

Result<Value> trim(Evaluator& evaluator, const Value& subject, CallArgs args) {
  std::vector<Value> bound = TRY(bind(std::move(args), "trim", {"chars"}));
  CallArgs chars;
  if (!bound[0].is_missing()) chars.positional.push_back(std::move(bound[0]));
  return through_method(evaluator, subject, "strip", std::move(chars));
}

Result<Value> center(Evaluator& evaluator, const Value& subject, CallArgs args) {
  std::vector<Value> bound = TRY(bind(std::move(args), "center", {"width"}));
  CallArgs width;
  width.positional.push_back(bound[0].is_missing() ? Value::integer(80) : bound[0]);
  return through_method(evaluator, subject, "center", std::move(width));
}

Result<Value> title(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "title", {}));
  const Value text = TRY(as_text_value(evaluator, subject));
  const auto separates = [](char32_t rune) {
    return rune == '-' || rune == '(' || rune == '{' || rune == '[' || rune == '<' ||
           is_space(rune);
  };
  TRY(evaluator.budget().charge_runes(text.as_text().size()));
  std::string out;
  std::string_view rest = text.as_text();
  while (!rest.empty()) {
    // A run of separators, or a word with its first letter raised.
    const DecodedRune first = decode_rune(rest);
    const bool is_separator = separates(first.rune);
    std::size_t end = first.length;
    while (end < rest.size()) {
      const DecodedRune next = decode_rune(rest.substr(end));
      if (separates(next.rune) != is_separator) break;
      end += next.length;
    }
    append_mapped(out, first.rune, CaseMap::upper);
    out += to_lower(rest.substr(first.length, end - first.length));
    rest.remove_prefix(end);
  }
  return evaluator.text(std::move(out));
}

Result<Value> replace(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound =
      TRY(bind(std::move(args), "replace", {"old", "new", "count"}, 2));
  const std::string text = TRY(to_text(evaluator, subject));
  const std::string from = TRY(to_text(evaluator, bound[0]));
  const std::string to = TRY(to_text(evaluator, bound[1]));
  const bool all = bound[2].is_missing() || bound[2].is_none();
  const std::ptrdiff_t at_most = all ? -1 : TRY(size_argument(bound[2]));
  TRY(evaluator.budget().charge_search(text.size(), from.size()));
  TRY(evaluator.budget().charge_text(replaced_size(text, from, to, at_most)));
  return evaluator.text(replaced(text, from, to, at_most));
}

Result<Value> string(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "string", {}));
  return as_text_value(evaluator, subject);
}

Result<Value> format(Evaluator& evaluator, const Value& subject, CallArgs args) {
  if (!args.positional.empty() && !args.named.empty())
    return raised("can't handle positional and keyword arguments at the same time");
  const Value text = TRY(as_text_value(evaluator, subject));
  if (args.named.empty())
    return percent_format(evaluator, text, Value::tuple(std::move(args.positional)));
  auto dict = make<DictObject>();
  for (auto& [name, value] : args.named) dict->set(name, std::move(value));
  return percent_format(evaluator, text, Value::dict(std::move(dict)));
}

Result<Value> wordcount(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "wordcount", {}));
  const std::string text = TRY(to_text(evaluator, subject));
  TRY(evaluator.budget().charge_runes(text.size()));
  std::size_t n = 0;
  bool in_word = false;
  for (std::string_view rest = text; !rest.empty();) {
    const DecodedRune rune = decode_rune(rest);
    const bool is_word = rune.rune == '_' || has(rune.rune, kAlpha | kDecimal | kDigit | kNumeric);
    n += is_word && !in_word;
    in_word = is_word;
    rest.remove_prefix(rune.length);
  }
  return Value::size(n);
}

void append_hex_byte(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[static_cast<unsigned char>(c) & 15];
}

std::string quoted(std::string_view text, bool for_query) {
  std::string out;
  for (const char c : text) {
    const bool is_alnum =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_alnum || c == '_' || c == '.' || c == '-' || c == '~' || (c == '/' && !for_query))
      out += c;
    else if (c == ' ' && for_query)
      out += '+';
    else
      append_hex_byte(out += '%', c);
  }
  return out;
}

Result<Value> urlencode(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "urlencode", {}));
  if (subject.is_string() || !is_iterable(subject))
    return evaluator.text(quoted(TRY(to_text(evaluator, subject)), false));
  Value pairs = subject;
  if (subject.is(Kind::dict)) pairs = Value::of(make<ViewObject>(subject, ViewObject::Part::items));
  std::string out;
  bool is_first = true;
  for (const Value& pair : TRY(collect(evaluator, pairs))) {
    const std::vector<Value> parts = TRY(collect(evaluator, pair));
    if (parts.size() != 2)
      return raised("not enough or too many values to unpack (expected 2, got {})", parts.size());
    if (!std::exchange(is_first, false)) out += '&';
    out += quoted(TRY(to_text(evaluator, parts[0])), true) + "=" +
           quoted(TRY(to_text(evaluator, parts[1])), true);
  }
  return evaluator.text(std::move(out));
}

Result<Value> tojson(Evaluator& evaluator, const Value& subject, CallArgs args) {
  std::vector<Value> bound =
      TRY(bind(std::move(args), "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}));
  if (subject.is_string()) bound[1] = Value();  // never looked at
  return evaluator.text(TRY(to_json(
      evaluator, subject, TRY(json_style(evaluator, bound[0], bound[1], bound[2], bound[3])))));
}

constexpr Filter kTextFilters[] = {
    {"upper", upper},   {"lower", lower},         {"capitalize", capitalize}, {"title", title},
    {"trim", trim},     {"center", center},       {"replace", replace},       {"string", string},
    {"format", format}, {"wordcount", wordcount}, {"urlencode", urlencode},   {"tojson", tojson},
};

}  // namespace

std::span<const Filter> text_filters() {
  return kTextFilters;
}

}  // namespace hearth::text::jinja
