// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/markup.h"

#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Result<Value> escaped(Evaluator& evaluator, const Value& value) {
  if (value.is_markup()) return value;
  return evaluator.text(escape_html(TRY(to_text(evaluator, value))), true);
}

}  // namespace hearth::text::jinja
