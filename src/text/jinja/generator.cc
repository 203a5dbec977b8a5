// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/generator.h"

#include "text/jinja/compare.h"
#include "text/jinja/operations.h"
#include "text/jinja/text_tools.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

Result<std::vector<Value>> parts_of(std::string_view path) {
  std::vector<Value> parts;
  for (const std::string_view part : split_at(path, ".", -1, false)) {
    bool overflow = false;
    bool digits = !part.empty();
    for (const char c : part) digits = digits && c >= '0' && c <= '9';
    const auto index = digits ? parse_int(part, 10, overflow) : std::nullopt;
    if (overflow) return raised("the index {} is too large", part);
    parts.push_back(index ? Value::integer(*index) : Value::text(std::string(part)));
  }
  return parts;
}

}  // namespace

Result<AttributePath> AttributePath::parse(const Value& attribute, bool split) {
  AttributePath out;
  out.is_list_ = split;
  if (attribute.is_string()) {
    const auto paths = split ? split_at(attribute.as_text(), ",", -1, false)
                             : std::vector<std::string_view>{attribute.as_text()};
    for (const std::string_view path : paths) out.paths_.push_back(TRY(parts_of(path)));
  } else if (attribute.is_missing() || attribute.is_none()) {
    out.paths_.emplace_back();
  } else {
    out.paths_.push_back({attribute});
  }
  return out;
}

Result<Value> AttributePath::get(Evaluator& evaluator, const Value& item,
                                 const Value& otherwise) const {
  Value value = item;
  for (const Value& part : paths_.front()) {
    TRY(evaluator.budget().charge(1));
    value = TRY(get_item(evaluator, value, part));
    if (value.is_undefined() && !otherwise.is_missing() && !otherwise.is_none()) value = otherwise;
  }
  return value;
}

Result<Value> AttributePath::key(Evaluator& evaluator, const Value& item, bool case_sensitive,
                                 const Value& otherwise) const {
  const auto folded = [&](const Value& value) -> Result<Value> {
    if (case_sensitive || !value.is_string()) return value;
    return evaluator.text(to_lower(value.as_text()), value.is_markup());
  };
  if (!is_list_) return folded(TRY(get(evaluator, item, otherwise)));
  std::vector<Value> keys;
  for (const std::vector<Value>& path : paths_) {
    Value value = item;
    for (const Value& part : path) {
      TRY(evaluator.budget().charge(1));
      value = TRY(get_item(evaluator, value, part));
    }
    keys.push_back(TRY(folded(value)));
  }
  return Value::list(std::move(keys));
}

bool flag(const Value& value, bool otherwise) {
  return value.is_missing() ? otherwise : is_true(value);
}

}  // namespace hearth::text::jinja
