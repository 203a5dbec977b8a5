// SPDX-License-Identifier: Apache-2.0
//
// Python's textwrap.wrap and pprint.pformat, below the filters "wordwrap" and "pprint".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

class Evaluator;

struct WrapOptions {
  std::ptrdiff_t width = 79;  // at least 1
  bool break_long_words = true;
  bool break_on_hyphens = true;
  bool width_is_index = true;  // a float is none: enough to compare with, not to cut a word by
};

// The lines of one paragraph, without tabs expanded or white space replaced.
Result<std::vector<std::string>> wrap_text(std::string_view text, const WrapOptions& options);

// A value as Python literals within 80 columns, dicts in the order of their keys.
Result<std::string> pretty(Evaluator& evaluator, const Value& value);

}  // namespace hearth::text::jinja
