// SPDX-License-Identifier: Apache-2.0
//
// Numbers in headers, which a server writes as it likes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hearth::fetch {

// Decimal digits alone; nothing for anything else or what 64 bits do not hold.
std::optional<std::uint64_t> parse_count(std::string_view text);

struct ContentRange {
  std::uint64_t first = 0, last = 0, total = 0;
};

// "bytes FIRST-LAST/TOTAL" (RFC 9110, 14.4) with FIRST <= LAST < TOTAL; nothing for any other text,
// an unknown total included.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace hearth::fetch
