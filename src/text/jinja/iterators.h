// SPDX-License-Identifier: Apache-2.0
//
// The iterators that the language itself makes.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/frame.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

// Over a list, tuple, dict (its keys), range, view or string: anything with a size.
Ref<IteratorObject> iterate_items(const Value& value, bool reversed = false);
// Those items that the loop's test lets through.
Ref<IteratorObject> make_tested(const ForStmt& loop, Ref<Frame> frame, Ref<IteratorObject> items);

}  // namespace hearth::text::jinja
