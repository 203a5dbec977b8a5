// SPDX-License-Identifier: Apache-2.0
#include "format/gguf.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/escape.h"

namespace hearth::format {
namespace {

template <class T>
T load(std::span<const std::byte> bytes, std::size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

bool is_signed(ValueType type) {
  return type == ValueType::i8 || type == ValueType::i16 || type == ValueType::i32 ||
         type == ValueType::i64;
}

bool is_integer(ValueType type) {
  return is_signed(type) || type == ValueType::u8 || type == ValueType::u16 ||
         type == ValueType::u32 || type == ValueType::u64;
}

bool is_float(ValueType type) {
  return type == ValueType::f32 || type == ValueType::f64;
}

bool is_negative(const Value& value) {
  return is_signed(value.type) && static_cast<std::int64_t>(value.integer) < 0;
}

std::string described(const Value& value) {
  if (value.type != ValueType::array) return std::string(name_of(value.type));
  return fmt::format("an array of {} {}", value.array.size(), name_of(value.array.element_type()));
}

std::unexpected<Error> wrong_type(const Gguf& gguf, std::string_view key, const Value& found,
                                  std::string_view needed) {
  return fail(ErrorCode::integrity, "{}: key {} is {} where {} is needed", gguf.file_name(),
              printable(key), described(found), needed);
}

std::unexpected<Error> missing(const Gguf& gguf, std::string_view key, std::string_view needed) {
  return fail(ErrorCode::integrity, "{}: key {} is missing, where {} is needed", gguf.file_name(),
              printable(key), needed);
}

}  // namespace

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::u8:
      return "u8";
    case ValueType::i8:
      return "i8";
    case ValueType::u16:
      return "u16";
    case ValueType::i16:
      return "i16";
    case ValueType::u32:
      return "u32";
    case ValueType::i32:
      return "i32";
    case ValueType::f32:
      return "f32";
    case ValueType::boolean:
      return "bool";
    case ValueType::string:
      return "string";
    case ValueType::array:
      return "array";
    case ValueType::u64:
      return "u64";
    case ValueType::i64:
      return "i64";
    case ValueType::f64:
      return "f64";
  }
  return "unknown";
}

std::string_view ArrayView::string_at(std::size_t i) const {
  CHECK(i < size_ && element_type_ == ValueType::string);
  return strings_[i];
}

std::int64_t ArrayView::int_at(std::size_t i) const {
  CHECK(i < size_);
  switch (element_type_) {
    case ValueType::u8:
    case ValueType::boolean:
      return load<std::uint8_t>(elements_, i);
    case ValueType::i8:
      return load<std::int8_t>(elements_, i);
    case ValueType::u16:
      return load<std::uint16_t>(elements_, i);
    case ValueType::i16:
      return load<std::int16_t>(elements_, i);
    case ValueType::u32:
      return load<std::uint32_t>(elements_, i);
    case ValueType::i32:
      return load<std::int32_t>(elements_, i);
    case ValueType::u64:  // get_int_array has seen that it fits
    case ValueType::i64:
      return load<std::int64_t>(elements_, i);
    case ValueType::f32:
    case ValueType::f64:
    case ValueType::string:
    case ValueType::array:
      break;
  }
  check_failed("int_at: the elements are no integers", __FILE__, __LINE__);
}

double ArrayView::float_at(std::size_t i) const {
  CHECK(i < size_);
  if (element_type_ == ValueType::f32) return static_cast<double>(load<float>(elements_, i));
  if (element_type_ == ValueType::f64) return load<double>(elements_, i);
  if (element_type_ == ValueType::u64) {
    return static_cast<double>(load<std::uint64_t>(elements_, i));
  }
  return static_cast<double>(int_at(i));
}

const Value* Gguf::find(std::string_view key) const {
  const auto found = key_index_.find(key);
  return found == key_index_.end() ? nullptr : &metadata_[found->second].value;
}

const Tensor* Gguf::find_tensor(std::string_view name) const {
  const auto found = tensor_index_.find(name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

Result<std::optional<std::uint64_t>> Gguf::get_uint(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_integer(value->type)) return wrong_type(*this, key, *value, "an unsigned integer");
  if (is_negative(*value)) {
    return fail(ErrorCode::integrity, "{}: key {} is {} where an unsigned integer is needed",
                file_name_, printable(key), static_cast<std::int64_t>(value->integer));
  }
  return value->integer;
}

Result<std::optional<std::int64_t>> Gguf::get_int(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_integer(value->type)) return wrong_type(*this, key, *value, "an integer");
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!is_signed(value->type) && value->integer > kMax) {
    return fail(ErrorCode::integrity, "{}: key {} is {}, too large for a signed integer",
                file_name_, printable(key), value->integer);
  }
  return static_cast<std::int64_t>(value->integer);
}

Result<std::optional<double>> Gguf::get_float(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (is_float(value->type)) return value->real;
  if (!is_integer(value->type)) return wrong_type(*this, key, *value, "a number");
  if (is_signed(value->type)) {
    return static_cast<double>(static_cast<std::int64_t>(value->integer));
  }
  return static_cast<double>(value->integer);
}

Result<std::optional<bool>> Gguf::get_bool(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != ValueType::boolean) return wrong_type(*this, key, *value, "a bool");
  return value->integer != 0;
}

Result<std::optional<std::string_view>> Gguf::get_string(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != ValueType::string) return wrong_type(*this, key, *value, "a string");
  return value->string;
}

Result<std::optional<ArrayView>> Gguf::get_array(std::string_view key, ValueType element) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != ValueType::array || value->array.element_type() != element) {
    return wrong_type(*this, key, *value, fmt::format("an array of {}", name_of(element)));
  }
  return value->array;
}

Result<std::optional<ArrayView>> Gguf::get_int_array(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != ValueType::array || !is_integer(value->array.element_type())) {
    return wrong_type(*this, key, *value, "an array of integers");
  }
  const ArrayView& array = value->array;
  if (array.element_type() == ValueType::u64) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (array.int_at(i) < 0) {
        return fail(ErrorCode::integrity, "{}: key {} has {} at index {}, too large for an integer",
                    file_name_, printable(key), static_cast<std::uint64_t>(array.int_at(i)), i);
      }
    }
  }
  return array;
}

Result<std::optional<ArrayView>> Gguf::get_float_array(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != ValueType::array || !is_float(value->array.element_type())) {
    return wrong_type(*this, key, *value, "an array of f32 or f64");
  }
  return value->array;
}

Result<std::uint64_t> Gguf::require_uint(std::string_view key) const {
  const auto value = TRY(get_uint(key));
  if (!value) return missing(*this, key, "an unsigned integer");
  return *value;
}

Result<double> Gguf::require_float(std::string_view key) const {
  const auto value = TRY(get_float(key));
  if (!value) return missing(*this, key, "a number");
  return *value;
}

Result<std::string_view> Gguf::require_string(std::string_view key) const {
  const auto value = TRY(get_string(key));
  if (!value) return missing(*this, key, "a string");
  return *value;
}

Result<ArrayView> Gguf::require_array(std::string_view key, ValueType element) const {
  const auto value = TRY(get_array(key, element));
  if (!value) return missing(*this, key, fmt::format("an array of {}", name_of(element)));
  return *value;
}

}  // namespace hearth::format
