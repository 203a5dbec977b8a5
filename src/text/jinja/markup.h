// SPDX-License-Identifier: Apache-2.0
//
// Markup: text that the filters "safe" and "escape" have marked. Nothing is escaped on its own in
// chat templates, but joining marked text with plain text escapes the plain one, as MarkupSafe
// does.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

class Evaluator;

// Markup of the value: itself if it is marked, else str() of it with &, <, >, ' and " escaped.
Result<Value> escaped(Evaluator& evaluator, const Value& value);

}  // namespace hearth::text::jinja
