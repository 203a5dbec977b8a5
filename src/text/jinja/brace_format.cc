// SPDX-License-Identifier: Apache-2.0
//
// str.format().
#include <algorithm>
#include <optional>

#include "base/escape.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/format.h"
#include "text/jinja/markup.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::size_t number_of(std::string_view text) {
  std::size_t value = 0;
  for (const char c : text)
    value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(c - '0'), 1u << 30);
  return value;
}

class BraceFormatter {
 public:
  BraceFormatter(Evaluator& evaluator, const CallArgs& args, bool is_markup)
      : evaluator_(evaluator), args_(args), is_markup_(is_markup) {}

  Result<std::string> run(std::string_view text, int depth) {
    if (depth < 0) return raised("Max string recursion exceeded");
    std::string out;
    while (!text.empty()) {
      const std::size_t brace = text.find_first_of("{}");
      out += text.substr(0, brace);
      TRY(evaluator_.budget().charge(std::min(brace, text.size()) / 16 + 4));
      if (brace == std::string_view::npos) break;
      const char c = text[brace];
      text.remove_prefix(brace + 1);
      if (!text.empty() && text[0] == c) {
        out += c;
        text.remove_prefix(1);
        continue;
      }
      if (c == '}') return raised("Single '}}' encountered in format string");
      if (text.empty()) return raised("Single '{{' encountered in format string");
      const std::size_t end = field_end(text);
      if (end == std::string_view::npos) return raised("expected '}}' before end of string");
      out += TRY(field(text.substr(0, end), depth));
      if (out.size() > evaluator_.budget().max_text()) return evaluator_.budget().too_long();
      text.remove_prefix(end + 1);
    }
    return out;
  }

 private:
  static std::size_t field_end(std::string_view text) {
    int depth = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '{') ++depth;
      if (text[i] == '}' && --depth == 0) return i;
    }
    return std::string_view::npos;
  }

  // name, "!r", ":spec" as Python cuts them: brackets hide both marks.
  Result<std::string> field(std::string_view text, int depth) {
    std::size_t end = 0;
    bool in_brackets = false;
    for (; end < text.size(); ++end) {
      if (text[end] == '[') in_brackets = true;
      if (text[end] == ']') in_brackets = false;
      if (!in_brackets && (text[end] == '!' || text[end] == ':')) break;
      if (text[end] == '{') return raised("unexpected '{{' in field name");
    }
    std::string_view rest = text.substr(end);
    char conversion = 0;
    if (rest.starts_with("!")) {
      if (rest.size() < 2) return raised("end of string while looking for conversion specifier");
      conversion = rest[1];
      rest.remove_prefix(2);
      if (!rest.empty() && rest[0] != ':') return raised("expected ':' after conversion specifier");
    }
    Value value = TRY(lookup(text.substr(0, end)));
    if (conversion == 'r' || conversion == 'a') {
      std::string shown;
      TRY(append_repr(evaluator_, shown, value));
      value = TRY(evaluator_.text(std::move(shown)));
    } else if (conversion == 's') {
      value = TRY(evaluator_.text(TRY(to_text(evaluator_, value))));
    } else if (conversion != 0) {
      return raised("Unknown conversion specifier '{}'", conversion);
    }
    const std::string spec = rest.empty() ? std::string() : TRY(run(rest.substr(1), depth - 1));
    if (is_markup_ && value.is_markup()) {
      if (!spec.empty()) return raised("Unsupported format specification for Markup.");
      return std::string(value.as_text());
    }
    std::string formatted = TRY(format_value(evaluator_, value, spec));
    return is_markup_ ? escape_html(formatted) : formatted;
  }

  Result<Value> lookup(std::string_view name) {
    std::string_view first = name.substr(0, name.find_first_of(".["));
    std::string_view rest = name.substr(first.size());
    std::optional<std::size_t> index;
    if (name.empty()) {
      if (is_manual_)
        return raised("cannot switch from manual field specification to automatic field numbering");
      index = n_automatic_++;
      is_automatic_ = true;
    } else if (is_number(first)) {
      if (is_number(name) && is_automatic_)
        return raised("cannot switch from manual field specification to automatic field numbering");
      is_manual_ = is_manual_ || is_number(name);
      index = number_of(first);
    }
    Value value;
    if (index) {
      if (*index >= args_.positional.size())
        return raised("Replacement index {} out of range for positional args tuple", *index);
      value = args_.positional[*index];
    } else {
      const auto found = std::find_if(args_.named.begin(), args_.named.end(),
                                      [first](const auto& arg) { return arg.first == first; });
      if (found == args_.named.end()) return raised("KeyError: '{}'", first);
      value = found->second;
    }
    while (!rest.empty()) {
      if (rest[0] == '.') {
        rest.remove_prefix(1);
        const std::string_view attribute = rest.substr(0, rest.find_first_of(".["));
        if (attribute.empty()) return raised("Empty attribute in format string");
        value = TRY(get_attribute(evaluator_, value, attribute));
        rest.remove_prefix(attribute.size());
      } else if (rest[0] == '[') {
        const std::size_t end = rest.find(']');
        if (end == std::string_view::npos) return raised("Missing ']' in format string");
        const std::string_view key = rest.substr(1, end - 1);
        if (key.empty()) return raised("Empty attribute in format string");
        value = TRY(
            get_item(evaluator_, value,
                     is_number(key) ? Value::size(number_of(key)) : Value::text(std::string(key))));
        rest.remove_prefix(end + 1);
      } else {
        return raised("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  Evaluator& evaluator_;
  const CallArgs& args_;
  bool is_markup_;
  bool is_manual_ = false;
  bool is_automatic_ = false;
  std::size_t n_automatic_ = 0;
};

}  // namespace

Result<Value> brace_format(Evaluator& evaluator, const Value& text, const CallArgs& args) {
  BraceFormatter formatter(evaluator, args, text.is_markup());
  return evaluator.text(TRY(formatter.run(text.as_text(), 2)), text.is_markup());
}

}  // namespace hearth::text::jinja
