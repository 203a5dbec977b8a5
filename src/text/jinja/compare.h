// SPDX-License-Identifier: Apache-2.0
//
// Equality, order, hashing, truth and membership as Python defines them.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

class Evaluator;

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

// Equality of two hashable values, as a dict sees them.
bool same_key(const Value& a, const Value& b);
// Python raises TypeError for values that have no hash (lists, dicts).
Result<std::uint64_t> hash_of(Evaluator& evaluator, const Value& value);

Result<bool> equals(Evaluator& evaluator, const Value& a, const Value& b);
// a < b; fails for types that have no order between them.
Result<bool> is_less(Evaluator& evaluator, const Value& a, const Value& b);
Result<bool> compare(Evaluator& evaluator, Comparison comparison, const Value& a, const Value& b);
Result<bool> contains(Evaluator& evaluator, const Value& container, const Value& item);
// Python's "is".
bool is_same(const Value& a, const Value& b);
bool is_true(const Value& value);

// A stable sort by is_less of the keys, which fails where a comparison does. keys and items go
// along.
Result<void> sort_by_keys(Evaluator& evaluator, std::vector<Value>& keys, std::vector<Value>& items,
                          bool reverse);

}  // namespace hearth::text::jinja
