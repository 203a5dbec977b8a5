// SPDX-License-Identifier: Apache-2.0
//
// The inside of a string literal of a template, its escapes resolved as Python's unicode-escape
// does after Jinja2 has written everything beyond ASCII as escapes.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::text::jinja {

Result<std::string> unescape_literal(std::string_view text);

}  // namespace hearth::text::jinja
