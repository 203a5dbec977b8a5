// SPDX-License-Identifier: Apache-2.0
//
// The string algorithms that methods and filters share, over valid UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::text::jinja {

enum class Side : unsigned char { both, left, right };

// Without the white space (or, if chars is given, those code points) at its ends.
std::string_view stripped(std::string_view text, Side side,
                          std::optional<std::string_view> chars = std::nullopt);
// The parts of a text that a budget allows; a split that makes more ends early.
constexpr std::size_t kAllParts = ~std::size_t{0};
// At white space, or at a separator that is not empty; at most max_splits times if that is not
// negative.
std::vector<std::string_view> split_space(std::string_view text, std::ptrdiff_t max_splits,
                                          bool from_right, std::size_t most = kAllParts);
std::vector<std::string_view> split_at(std::string_view text, std::string_view separator,
                                       std::ptrdiff_t max_splits, bool from_right,
                                       std::size_t most = kAllParts);
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends,
                                          std::size_t most = kAllParts);
// The size that replace_all would make, for the budget, and the thing itself.
std::size_t replaced_size(std::string_view text, std::string_view from, std::string_view to,
                          std::ptrdiff_t at_most);
std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     std::ptrdiff_t at_most);

}  // namespace hearth::text::jinja
