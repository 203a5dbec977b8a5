// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/tojson.h"

#include <cmath>
#include <vector>

#include "base/utf8.h"
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

std::string float_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return float_text(value);
}

class Writer {
 public:
  Writer(Evaluator& evaluator, const JsonStyle& style) : evaluator_(evaluator), style_(style) {}

  Result<void> write(const Value& value, std::size_t level) {
    const Nesting nesting(evaluator_.budget());
    if (nesting.too_deep()) return Nesting::error();
    TRY(evaluator_.budget().charge(1));
    if (out_.size() > evaluator_.budget().max_text()) return evaluator_.budget().too_long();
    switch (value.kind()) {
      case Kind::none:
        out_ += "null";
        return {};
      case Kind::boolean:
        out_ += value.as_bool() ? "true" : "false";
        return {};
      case Kind::integer:
        TRY(evaluator_.budget().charge(2));
        out_ += int_text(value.as_int());
        return {};
      case Kind::floating:
        TRY(evaluator_.budget().charge(8));
        out_ += float_json(value.as_real());
        return {};
      case Kind::string:
        return string(value.as_text());
      case Kind::list:
      case Kind::tuple:
        return list(value.items(), level);
      case Kind::dict:
        return dict(value.as_dict(), level);
      default:
        return raised("Object of type {} is not JSON serializable", type_name(value));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  Result<void> string(std::string_view text) {
    TRY(evaluator_.budget().charge_text(text.size()));
    const std::size_t size_before = out_.size();
    out_ += '"';
    for (std::size_t i = 0; i < text.size();) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c < 0x80) {
        ++i;
        ascii(static_cast<char>(c));
        continue;
      }
      const DecodedRune rune = decode_rune(text.substr(i));
      if (style_.ensure_ascii)
        escape(rune.rune);
      else
        out_ += text.substr(i, rune.length);
      i += rune.length;
    }
    out_ += '"';
    return evaluator_.budget().charge_text(out_.size() - size_before);
  }

  void ascii(char c) {
    switch (c) {
      case '"':
        out_ += "\\\"";
        break;
      case '\\':
        out_ += "\\\\";
        break;
      case '\n':
        out_ += "\\n";
        break;
      case '\r':
        out_ += "\\r";
        break;
      case '\t':
        out_ += "\\t";
        break;
      case '\f':
        out_ += "\\f";
        break;
      case '\b':
        out_ += "\\b";
        break;
      default:
        if (c < 0x20)
          escape(static_cast<char32_t>(c));
        else
          out_ += c;
    }
  }

  void escape(char32_t rune) {
    if (rune >= 0x10000) {
      rune -= 0x10000;
      escape(0xD800 + (rune >> 10));
      escape(0xDC00 + (rune & 0x3FF));
      return;
    }
    append_hex(out_ += "\\u", static_cast<unsigned>(rune), 4);
  }

  void new_line(std::size_t level) {
    if (!style_.indent) return;
    out_ += '\n';
    for (std::size_t i = 0; i < level; ++i) out_ += *style_.indent;
  }

  Result<void> list(const std::vector<Value>& items, std::size_t level) {
    if (items.empty()) {
      out_ += "[]";
      return {};
    }
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(level + 1);
      TRY(write(items[i], level + 1));
    }
    new_line(level);
    out_ += ']';
    return {};
  }

  Result<std::string> key_text(const Value& key) {
    switch (key.kind()) {
      case Kind::string:
        return std::string(key.as_text());
      case Kind::boolean:
        return key.as_bool() ? "true" : "false";
      case Kind::none:
        return "null";
      case Kind::integer:
        return int_text(key.as_int());
      case Kind::floating:
        return float_json(key.as_real());
      default:
        return raised("keys must be str, int, float, bool or None, not {}", type_name(key));
    }
  }

  Result<void> dict(const DictObject& dict, std::size_t level) {
    if (dict.entries.empty()) {
      out_ += "{}";
      return {};
    }
    std::vector<Value> keys;
    std::vector<Value> values;
    for (const auto& entry : dict.entries) {
      keys.push_back(entry.key);
      values.push_back(entry.value);
    }
    if (style_.sort_keys) TRY(sort_by_keys(evaluator_, keys, values, false));
    out_ += '{';
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(level + 1);
      TRY(string(TRY(key_text(keys[i]))));
      out_ += style_.key_separator;
      TRY(write(values[i], level + 1));
    }
    new_line(level);
    out_ += '}';
    return {};
  }

  Evaluator& evaluator_;
  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

Result<JsonStyle> json_style(Evaluator& evaluator, const Value& ensure_ascii, const Value& indent,
                             const Value& separators, const Value& sort_keys) {
  JsonStyle style;
  style.ensure_ascii = is_true(ensure_ascii);
  style.sort_keys = is_true(sort_keys);
  if (indent.is_string()) {
    style.indent = indent.as_text();
  } else if (!indent.is_missing() && !indent.is_none()) {
    const std::ptrdiff_t n = TRY(size_argument(indent));
    // One level may not be longer than any sensible text; deep levels are counted as they are
    // written.
    if (n > 1000) return raised("the indent of tojson is too large");
    style.indent = std::string(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, n)), ' ');
  }
  if (style.indent) {
    if (style.indent->size() > 1000) return raised("the indent of tojson is too large");
    style.item_separator = ",";
  }
  if (!separators.is_missing() && !separators.is_none()) {
    const std::vector<Value> parts = TRY(collect(evaluator, separators));
    if (parts.size() != 2 || !parts[0].is_string() || !parts[1].is_string())
      return raised("separators must be two strings");
    style.item_separator = parts[0].as_text();
    style.key_separator = parts[1].as_text();
  }
  return style;
}

Result<std::string> to_json(Evaluator& evaluator, const Value& value, const JsonStyle& style) {
  Writer writer(evaluator, style);
  TRY(writer.write(value, 0));
  return writer.take();
}

}  // namespace hearth::text::jinja
