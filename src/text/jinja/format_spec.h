// SPDX-License-Identifier: Apache-2.0
//
// Padding and number layout that "%..." and "{:...}" share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth::text::jinja {

// A number in parts: "-", "0x", "1234", ".50".
struct NumberText {
  std::string sign;
  std::string prefix;
  std::string digits;
  std::string rest;
};

// "," or "_" (with groups of 4 for binary bases) between groups of digits, 0 for none; the digits
// are extended with zeros to a width of min_width together with their separators.
std::string grouped(std::string digits, char separator, std::size_t group, std::size_t min_width);

// Fills to a width in code points: align is one of < > ^.
std::string padded(std::string text, char32_t fill, char align, std::size_t width);

}  // namespace hearth::text::jinja
