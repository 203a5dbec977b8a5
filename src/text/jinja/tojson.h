// SPDX-License-Identifier: Apache-2.0
//
// The filter "tojson" as transformers defines it: json.dumps with ensure_ascii off, nothing escaped
// for HTML, keys in their order.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

class Evaluator;

struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;  // of one level; no line breaks without
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

// From the filter's arguments, which may be missing.
Result<JsonStyle> json_style(Evaluator& evaluator, const Value& ensure_ascii, const Value& indent,
                             const Value& separators, const Value& sort_keys);
Result<std::string> to_json(Evaluator& evaluator, const Value& value, const JsonStyle& style);

}  // namespace hearth::text::jinja
