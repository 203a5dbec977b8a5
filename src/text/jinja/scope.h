// SPDX-License-Identifier: Apache-2.0
//
// Gives every name of a parsed template its slot, filter and test, with Jinja2's scoping rules:
// what a scope sets stays inside it; a name that an outer scope knows is copied in when the inner
// one sets it; a name that nobody sets comes from the variables of the render; macros see the names
// of the scope around them as they are when the macro runs.
#pragma once

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/budget.h"

namespace hearth::text::jinja {

// failed, with the line, where Jinja2 refuses to compile: an unknown filter or test that is not
// inside of an if.
Result<void> resolve(Program& program, const TemplateLimits& limits);

}  // namespace hearth::text::jinja
