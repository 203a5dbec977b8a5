// SPDX-License-Identifier: Apache-2.0
//
// Code points to bytes: Python counts in the former, our strings are the latter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace hearth::text::jinja {

// The byte where code point n of valid UTF-8 starts; the size of the text if there are no more than
// n.
std::size_t rune_offset(std::string_view text, std::size_t n);
// The byte where the last n code points start.
std::size_t rune_offset_from_end(std::string_view text, std::size_t n);
// The same of a string value: no walk if it is ASCII, from the nearer end if not.
inline std::size_t rune_offset(const Value& text, std::size_t n) {
  if (text.is_ascii()) return std::min(n, text.as_text().size());
  if (n < text.n_runes() / 2) return rune_offset(text.as_text(), n);
  return rune_offset_from_end(text.as_text(), text.n_runes() - std::min(n, text.n_runes()));
}
// How many code points start before a byte.
inline std::size_t rune_index(const Value& text, std::size_t byte) {
  return text.is_ascii() ? byte : count_runes(text.as_text().substr(0, byte));
}
// The n code points of a string value at the places of a range that lies within it.
std::string sliced_text(const Value& text, const RangeObject& places, std::size_t n);
// The code points one by one.
std::u32string decoded(std::string_view text);

}  // namespace hearth::text::jinja
