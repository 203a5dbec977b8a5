// SPDX-License-Identifier: Apache-2.0
//
// Python's numbers: integers (of 128 bits here, an overflow is an error where Python would grow),
// and floats with repr() as the shortest text that reads back the same.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::text::jinja {

__extension__ typedef __int128 Int;
__extension__ typedef unsigned __int128 UInt;

std::string int_text(Int value);
inline UInt magnitude_of(Int value) {
  return value < 0 ? UInt{0} - static_cast<UInt>(value) : static_cast<UInt>(value);
}
// Digits in a base of 2 to 36, lower case, without a prefix.
std::string int_text_in(UInt magnitude, unsigned base);
// repr(float): 1.0, 1e+16, 1e-05, inf, nan.
std::string float_text(double value);

// int(text, base) and float(text): surrounding space, sign, underscores, digits of any script.
// Nothing when Python would raise ValueError; overflow is set when the text is an integer beyond
// 128 bits.
std::optional<Int> parse_int(std::string_view text, int base, bool& overflow);
std::optional<double> parse_float(std::string_view text);

// Rounded to the nearest, halves to even as Python does when it converts.
double to_double(Int value);
// The integer part, or nothing for infinities, NaN and values beyond 128 bits.
std::optional<Int> to_int(double value);

// Python's floored division. The divisor is not zero.
Int floor_div(Int a, Int b);
Int floor_mod(Int a, Int b);
double floor_div(double a, double b);
double floor_mod(double a, double b);
// a to the power of b >= 0, or nothing on overflow.
std::optional<Int> int_power(Int a, Int b);

// -1, 0, 1 exactly, or 2 when value is NaN.
int compare_exactly(Int a, double b);

// round(value, digits) for a finite float.
double round_to(double value, int digits);

}  // namespace hearth::text::jinja
