// SPDX-License-Identifier: Apache-2.0
//
// JSON with bounds. The one way to parse JSON from outside: nlohmann's own entry points throw and
// have no depth limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"

namespace hearth {

struct JsonLimits {
  std::size_t max_bytes = std::size_t{64} << 20;
  int max_depth = 128;
  std::size_t max_values = SIZE_MAX;  // of all kinds, at all depths: each takes 16 bytes or more
  bool unique_keys = false;           // a key that appears twice in an object is an error
};

// Parses one JSON value and nothing after it. usage, with the byte offset, if it is not JSON, not
// UTF-8, too large, too deep or of too many values. Of keys that appear twice the last value wins,
// as in Python, unless that is refused.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// One line of JSON; bytes that are not UTF-8 become U+FFFD. Never throws.
std::string to_json_text(const Json& value, int indent = -1);

}  // namespace hearth
