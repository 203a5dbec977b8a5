// SPDX-License-Identifier: Apache-2.0
//
// Searching in text in linear time, whatever the text: hostile templates search "aaa...a" for
// "aaa...b", where the standard library takes the product of both sizes.
#pragma once

#include <cstddef>
#include <string_view>

namespace hearth::text::jinja {

// The first and the last place, npos if there is none; empty text is found at once.
std::size_t find_text(std::string_view text, std::string_view what);
std::size_t rfind_text(std::string_view text, std::string_view what);
// How often it occurs without overlap, up to a limit; what must not be empty.
std::size_t count_text(std::string_view text, std::string_view what,
                       std::size_t limit = std::string_view::npos);

}  // namespace hearth::text::jinja
