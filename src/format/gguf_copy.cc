// SPDX-License-Identifier: Apache-2.0
#include "format/gguf_copy.h"

#include "base/check.h"

namespace hearth::format {
namespace {

template <class T>
std::vector<T> elements(const ArrayView& array) {
  std::vector<T> out;
  out.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    if constexpr (std::is_same_v<T, std::string>)
      out.emplace_back(array.string_at(i));
    else if constexpr (std::is_floating_point_v<T>)
      out.push_back(static_cast<T>(array.float_at(i)));
    else
      out.push_back(static_cast<T>(array.int_at(i)));
  }
  return out;
}

WriteValue write_array(const ArrayView& array) {
  switch (array.element_type()) {
    case ValueType::u8:
      return elements<std::uint8_t>(array);
    case ValueType::i8:
      return elements<std::int8_t>(array);
    case ValueType::u16:
      return elements<std::uint16_t>(array);
    case ValueType::i16:
      return elements<std::int16_t>(array);
    case ValueType::u32:
      return elements<std::uint32_t>(array);
    case ValueType::i32:
      return elements<std::int32_t>(array);
    case ValueType::f32:
      return elements<float>(array);
    case ValueType::boolean:
      return elements<bool>(array);
    case ValueType::string:
      return elements<std::string>(array);
    case ValueType::u64:
      return elements<std::uint64_t>(array);
    case ValueType::i64:
      return elements<std::int64_t>(array);
    case ValueType::f64:
      return elements<double>(array);
    case ValueType::array:
      break;
  }
  CHECK(false);  // the reader refuses arrays of arrays
}

}  // namespace

WriteValue write_value(const Value& value) {
  switch (value.type) {
    case ValueType::u8:
      return static_cast<std::uint8_t>(value.integer);
    case ValueType::i8:
      return static_cast<std::int8_t>(value.integer);
    case ValueType::u16:
      return static_cast<std::uint16_t>(value.integer);
    case ValueType::i16:
      return static_cast<std::int16_t>(value.integer);
    case ValueType::u32:
      return static_cast<std::uint32_t>(value.integer);
    case ValueType::i32:
      return static_cast<std::int32_t>(value.integer);
    case ValueType::f32:
      return static_cast<float>(value.real);
    case ValueType::boolean:
      return value.integer != 0;
    case ValueType::string:
      return std::string(value.string);
    case ValueType::array:
      return write_array(value.array);
    case ValueType::u64:
      return value.integer;
    case ValueType::i64:
      return static_cast<std::int64_t>(value.integer);
    case ValueType::f64:
      return value.real;
  }
  CHECK(false);  // the reader knows no other type
}

}  // namespace hearth::format
