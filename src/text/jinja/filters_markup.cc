// SPDX-License-Identifier: Apache-2.0
//
// Filters on markup: safe escape forceescape striptags xmlattr.
#include <optional>

#include "base/escape.h"
#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/generator.h"
#include "text/jinja/markup.h"
#include "text/jinja/operations.h"
#include "text/jinja/registry.h"
#include "text/jinja/text_search.h"
#include "text/jinja/text_tools.h"

namespace hearth::text::jinja {
namespace {

Result<Value> safe(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "safe", {}));
  return TRY(as_text_value(evaluator, subject))
  .with_markup(true);
}

Result<Value> escape(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "escape", {}));
  return escaped(evaluator, subject);
}

Result<Value> forceescape(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "forceescape", {}));
  return evaluator.text(escape_html(TRY(to_text(evaluator, subject))), true);
}

// What lies between the marks goes; an end without a beginning stays.
std::string without(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  while (true) {
    const std::size_t start = text.find(open);
    const std::size_t end = start == std::string_view::npos ? start : text.find(close, start);
    if (end == std::string_view::npos) return out += text;
    out += text.substr(0, start);
    text.remove_prefix(end + close.size());
  }
}

// &#65; &#x41; and the names that escaping and common prose make. (Python knows all of HTML's.)
std::optional<char32_t> entity(std::string_view name) {
  struct Named {
    std::string_view name;
    char32_t rune;
  };
  static constexpr Named kNamed[] = {
      {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
      {"apos", '\''},    {"nbsp", 0xA0},    {"copy", 0xA9},    {"reg", 0xAE},
      {"laquo", 0xAB},   {"raquo", 0xBB},   {"middot", 0xB7},  {"deg", 0xB0},
      {"euro", 0x20AC},  {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},
      {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D}, {"hellip", 0x2026},
      {"bull", 0x2022},  {"trade", 0x2122},
  };
  for (const Named& named : kNamed)
    if (named.name == name) return named.rune;
  if (!name.starts_with("#")) return std::nullopt;
  name.remove_prefix(1);
  const bool is_hex = name.starts_with("x") || name.starts_with("X");
  if (is_hex) name.remove_prefix(1);
  bool overflow = false;
  if (name.empty() || name.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
    return std::nullopt;
  const auto number = parse_int(name, is_hex ? 16 : 10, overflow);
  if (overflow || (number && (*number > 0x10FFFF || *number == 0))) return kReplacementCharacter;
  if (!number) return std::nullopt;
  return static_cast<char32_t>(*number);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t end = text[i] == '&' ? text.substr(i, 40).find(';') : std::string_view::npos;
    const auto rune =
        end == std::string_view::npos ? std::nullopt : entity(text.substr(i + 1, end - 1));
    if (rune) {
      append_rune(out, *rune);
      i += end;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<Value> striptags(Evaluator& evaluator, const Value& subject, CallArgs args) {
  TRY(bind(std::move(args), "striptags", {}));
  const std::string text = TRY(to_text(evaluator, subject));
  TRY(evaluator.budget().charge_runes(text.size()));
  const std::string plain = without(without(text, "<!--", "-->"), "<", ">");
  std::string out;
  for (const std::string_view word :
       split_space(plain, -1, false, evaluator.budget().max_parts())) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  TRY(evaluator.budget().charge(count_text(out, "&") * 8));
  return evaluator.text(unescaped(out));
}

Result<Value> xmlattr(Evaluator& evaluator, const Value& subject, CallArgs args) {
  const std::vector<Value> bound = TRY(bind(std::move(args), "xmlattr", {"autospace"}));
  if (subject.is_undefined()) return raised("{}", subject.as_undefined().message);
  if (!subject.is(Kind::dict))
    return raised("'{}' object has no attribute 'items'", type_name(subject));
  std::string out;
  for (const auto& entry : subject.as_dict().entries) {
    if (entry.value.is_none() || entry.value.is_undefined()) continue;
    if (!entry.key.is_string())
      return raised("expected string or bytes-like object, got '{}'", type_name(entry.key));
    if (entry.key.as_text().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      std::string shown;
      TRY(append_repr(evaluator, shown, entry.key));
      return raised("Invalid character in attribute name: {}", shown);
    }
    if (!out.empty() || flag(bound[0], true)) out += ' ';
    const Value key = TRY(escaped(evaluator, entry.key));
    const Value value = TRY(escaped(evaluator, entry.value));
    out += fmt::format("{}=\"{}\"", key.as_text(), value.as_text());
  }
  return evaluator.text(std::move(out));
}

constexpr Filter kMarkupFilters[] = {
    {"safe", safe},           {"escape", escape},   {"e", escape}, {"forceescape", forceescape},
    {"striptags", striptags}, {"xmlattr", xmlattr},
};

}  // namespace

std::span<const Filter> markup_filters() {
  return kMarkupFilters;
}

}  // namespace hearth::text::jinja
