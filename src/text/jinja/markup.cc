// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/markup.h"

#include "base/escape.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

Result<Value> escaped(Evaluator& evaluator, const Value& value) {
  if (value.is_markup()) return value;
  return evaluator.text(escape_html(TRY(to_text(evaluator, value))), true);
}

}  // namespace hearth::text::jinja
