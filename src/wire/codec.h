// SPDX-License-Identifier: Apache-2.0
//
// Bytes of plain values: little-endian numbers, one byte for a bool, an enumerator or the number of
// a variant's alternative, a 32-bit length before texts and lists, and of a struct its members in
// order (Boost.PFR lists them, so that no struct names its members twice).
//
// Decoding takes bytes from the other side of a process border: it checks every length, count and
// enumerator against what is left, and holds at most eight times the bytes it was given (a list of
// empty texts is the worst).
#pragma once

#include <bit>
#include <boost/pfr/core.hpp>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace hearth::wire {

static_assert(std::endian::native == std::endian::little);

// The last enumerator of a type that crosses the border; counted from 0.
template <class Enum>
extern const Enum kLast;
template <>
inline constexpr ErrorCode kLast<ErrorCode> = ErrorCode::io;

template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

// Of a list that is not of numbers; numbers have the bound of their bytes.
inline constexpr std::uint32_t kMaxElements = 1U << 20;

class Encoder {
 public:
  template <Number T>
  void put(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  void put(bool value) { put(static_cast<std::uint8_t>(value)); }
  template <class T>
    requires std::is_enum_v<T>
  void put(T value) {
    put(static_cast<std::uint8_t>(value));
  }
  void put(const std::string& text) {
    put_count(text.size());
    out_ += text;
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put_count(list.size());
    if constexpr (Number<T>) {
      static_assert(sizeof(T) > 1);
      out_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T));
    } else {
      fits_ = fits_ && list.size() <= kMaxElements;
      for (const T& element : list) put(element);
    }
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class... T>
  void put(const std::variant<T...>& value) {
    put(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& alternative) { this->put(alternative); }, value);
  }
  template <class T>
    requires std::is_aggregate_v<T>
  void put(const T& value) {
    boost::pfr::for_each_field(value, [&](const auto& member) { this->put(member); });
  }

  // False when some list was too long for the other side to take.
  bool fits() const { return fits_; }
  std::string take() { return std::move(out_); }

 private:
  void put_count(std::size_t n) {
    fits_ = fits_ && n <= std::numeric_limits<std::uint32_t>::max();
    put(static_cast<std::uint32_t>(n));
  }

  std::string out_;
  bool fits_ = true;
};

// get() is false at the first thing that is wrong; the value is then unspecified, but whole.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }

  template <Number T>
  [[nodiscard]] bool get(T& value) {
    if (rest_.size() < sizeof(T)) return false;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  [[nodiscard]] bool get(bool& value) {
    std::uint8_t byte = 0;
    if (!get(byte) || byte > 1) return false;
    value = byte == 1;
    return true;
  }
  template <class T>
    requires std::is_enum_v<T>
  [[nodiscard]] bool get(T& value) {
    std::uint8_t byte = 0;
    if (!get(byte) || byte > static_cast<std::uint8_t>(kLast<T>)) return false;
    value = static_cast<T>(byte);
    return true;
  }
  [[nodiscard]] bool get(std::string& text) {
    std::uint32_t n = 0;
    if (!get(n) || n > rest_.size()) return false;
    text.assign(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return true;
  }
  template <class T>
  [[nodiscard]] bool get(std::vector<T>& list) {
    list.clear();
    std::uint32_t n = 0;
    if (!get(n)) return false;
    if constexpr (Number<T>) {
      if (n > rest_.size() / sizeof(T)) return false;
      list.resize(n);
      if (n != 0) std::memcpy(list.data(), rest_.data(), n * sizeof(T));
      rest_.remove_prefix(n * sizeof(T));
    } else {
      if (n > kMaxElements) return false;
      for (std::uint32_t i = 0; i < n; ++i) {
        if (!get(list.emplace_back())) return false;
      }
    }
    return true;
  }
  template <class T>
  [[nodiscard]] bool get(std::optional<T>& value) {
    bool has_value = false;
    value.reset();
    if (!get(has_value)) return false;
    return !has_value || get(value.emplace());
  }
  template <class... T>
  [[nodiscard]] bool get(std::variant<T...>& value) {
    std::uint8_t index = 0;
    if (!get(index)) return false;
    return get_alternative(value, index, std::index_sequence_for<T...>());
  }
  template <class T>
    requires std::is_aggregate_v<T>
  [[nodiscard]] bool get(T& value) {
    bool good = true;
    boost::pfr::for_each_field(value, [&](auto& member) { good = good && this->get(member); });
    return good;
  }

 private:
  template <class Variant, std::size_t... i>
  bool get_alternative(Variant& value, std::size_t index, std::index_sequence<i...> /*all*/) {
    bool good = false;
    static_cast<void>(((i == index && ((good = get(value.template emplace<i>())), true)) || ...));
    return good;
  }

  std::string_view rest_;
};

}  // namespace hearth::wire
