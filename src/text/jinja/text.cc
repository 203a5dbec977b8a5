// SPDX-License-Identifier: Apache-2.0
//
// str() and repr().
#include <fmt/format.h>

#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

Result<void> append_items(Evaluator& evaluator, std::string& out, const Value& value) {
  const std::vector<Value>& items = value.items();
  const bool is_list = value.is(Kind::list);
  out += is_list ? "[" : "(";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    TRY(append_repr(evaluator, out, items[i]));
  }
  if (!is_list && items.size() == 1) out += ",";
  out += is_list ? "]" : ")";
  return {};
}

Result<void> append_dict(Evaluator& evaluator, std::string& out, const DictObject& dict) {
  out += "{";
  bool is_first = true;
  for (const auto& entry : dict.entries) {
    if (!std::exchange(is_first, false)) out += ", ";
    TRY(append_repr(evaluator, out, entry.key));
    out += ": ";
    TRY(append_repr(evaluator, out, entry.value));
  }
  out += "}";
  return {};
}

Result<void> append_view(Evaluator& evaluator, std::string& out, const Value& value) {
  const ViewObject& view = value.as_view();
  out += fmt::format("{}([", type_name(value));
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (i > 0) out += ", ";
    TRY(append_repr(evaluator, out, view.at(i)));
  }
  out += "])";
  return {};
}

}  // namespace

void append_hex(std::string& out, unsigned value, int digits) {
  while (digits > 0) out += "0123456789abcdef"[value >> (4 * --digits) & 15];
}

void append_quoted(std::string& out, std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  out += quote;
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    const auto rune = static_cast<unsigned>(decoded.rune);
    if (rune == static_cast<unsigned char>(quote) || rune == '\\') {
      out += '\\';
      out += static_cast<char>(rune);
    } else if (rune == '\n') {
      out += "\\n";
    } else if (rune == '\r') {
      out += "\\r";
    } else if (rune == '\t') {
      out += "\\t";
    } else if (rune >= 0x20 && rune < 0x7F) {
      out += static_cast<char>(rune);
    } else if (has(decoded.rune, kPrintable)) {
      out += text.substr(0, decoded.length);
    } else if (rune < 0x100) {
      append_hex(out += "\\x", rune, 2);
    } else if (rune < 0x10000) {
      append_hex(out += "\\u", rune, 4);
    } else {
      append_hex(out += "\\U", rune, 8);
    }
    text.remove_prefix(decoded.length);
  }
  out += quote;
}

Result<void> append_repr(Evaluator& evaluator, std::string& out, const Value& value) {
  const Nesting nesting(evaluator.budget());
  if (nesting.too_deep()) return Nesting::error();
  TRY(evaluator.budget().charge(1));
  if (out.size() > evaluator.budget().max_text()) return evaluator.budget().too_long();
  switch (value.kind()) {
    case Kind::string:
      TRY(evaluator.budget().charge_runes(value.as_text().size()));
      if (value.is_markup()) out += "Markup(";
      append_quoted(out, value.as_text());
      if (value.is_markup()) out += ")";
      return {};
    case Kind::list:
    case Kind::tuple:
      return append_items(evaluator, out, value);
    case Kind::dict:
      return append_dict(evaluator, out, value.as_dict());
    case Kind::view:
      return append_view(evaluator, out, value);
    case Kind::undefined:
      out += "Undefined";
      return {};
    default:
      return append_text(evaluator, out, value);
  }
}

Result<void> append_text(Evaluator& evaluator, std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::undefined:
      return {};
    case Kind::none:
      out += "None";
      return {};
    case Kind::boolean:
      out += value.as_bool() ? "True" : "False";
      return {};
    case Kind::integer:
      TRY(evaluator.budget().charge(4));
      out += int_text(value.as_int());
      return {};
    case Kind::floating:
      TRY(evaluator.budget().charge(8));
      out += float_text(value.as_real());
      return {};
    case Kind::string:
      TRY(evaluator.budget().charge_text(value.as_text().size()));
      out += value.as_text();
      if (out.size() > evaluator.budget().max_text()) return evaluator.budget().too_long();
      return {};
    case Kind::range: {
      const RangeObject& range = value.as_range();
      out += fmt::format("range({}, {}", int_text(range.start), int_text(range.stop));
      if (range.step != 1) out += ", " + int_text(range.step);
      out += ")";
      return {};
    }
    case Kind::iterator:
      out += fmt::format("<{} object>", value.as_iterator().type_name());
      return {};
    case Kind::object:
      out += TRY(value.as_object().to_text(evaluator));
      return {};
    default:
      return append_repr(evaluator, out, value);
  }
}

Result<std::string> to_text(Evaluator& evaluator, const Value& value) {
  std::string out;
  TRY(append_text(evaluator, out, value));
  return out;
}

Result<Value> as_text_value(Evaluator& evaluator, const Value& value) {
  if (value.is_string()) return value;
  return evaluator.text(TRY(to_text(evaluator, value)));
}

}  // namespace hearth::text::jinja
