// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on numbers that came from outside: every function returns nothing on overflow, so that
// an unchecked size cannot reach an allocation or an index.
#pragma once

#include <concepts>
#include <limits>
#include <optional>

namespace hearth {

template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) {
  T sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> checked_mul(T a, T b) {
  T product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// The smallest multiple of a power-of-two alignment that is >= value.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> checked_align_up(T value, T alignment) {
  const auto padded = checked_add(value, static_cast<T>(alignment - 1));
  if (!padded) return std::nullopt;
  return *padded & ~static_cast<T>(alignment - 1);
}

}  // namespace hearth
