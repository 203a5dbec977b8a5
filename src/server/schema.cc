// SPDX-License-Identifier: Apache-2.0
#include "server/schema.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/escape.h"
#include "base/json.h"

namespace hearth::server {
namespace {

constexpr std::pair<unsigned, std::string_view> kTypeWords[] = {
    {kBoolean, "a boolean"}, {kInteger, "an integer"}, {kNumber, "a number"},
    {kString, "a string"},   {kArray, "an array"},     {kObject, "an object"},
};

unsigned types_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return kBoolean;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return kInteger | kNumber;
    case Json::value_t::number_float: {
      const auto number = value.get<double>();
      return std::trunc(number) == number ? kInteger | kNumber : kNumber;
    }
    case Json::value_t::string:
      return kString;
    case Json::value_t::array:
      return kArray;
    case Json::value_t::object:
      return kObject;
    default:
      return 0;
  }
}

std::string place_of(std::string_view place, std::string_view name) {
  return place.empty() ? std::string(name) : fmt::format("{}.{}", place, name);
}

ApiError at_fault(std::string param, std::string message) {
  return {ApiErrorKind::bad_request, std::move(message), std::move(param), {}};
}

// The number of single-letter edits that make b of a, for words of a few letters.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

ApiError unknown_field(std::string_view name, std::span<const Field> fields,
                       std::string_view place) {
  std::string message = "there is no parameter '" + printable(name, 80) + "'";
  constexpr std::size_t kLongest = 40;
  const Field* nearest = nullptr;
  std::size_t fewest = 3;
  for (const Field& field : fields) {
    if (name.size() > kLongest) break;
    const std::size_t n = edits_between(name, field.name);
    if (n < fewest) {
      fewest = n;
      nearest = &field;
    }
  }
  if (nearest != nullptr) message += "; is '" + std::string(nearest->name) + "' meant?";
  return at_fault(printable(place_of(place, name), 200), std::move(message));
}

std::optional<ApiError> check_value(const Json& value, const Field& field, std::string_view place) {
  const std::string param = place_of(place, field.name);
  if ((types_of(value) & field.types) == 0)
    return at_fault(param, fmt::format("'{}' must be {}", param, words_of_types(field.types)));
  if (value.is_number()) {
    const auto number = value.get<double>();
    // Also what no comparison is true of.
    if (!(number >= field.min && number <= field.max)) {
      const bool has_max = std::isfinite(field.max);
      const std::string range = !std::isfinite(field.min) ? fmt::format("at most {}", field.max)
                                : !has_max                ? fmt::format("at least {}", field.min)
                                           : fmt::format("from {} to {}", field.min, field.max);
      return at_fault(param, fmt::format("'{}' is {}; it must be {}", param, number, range));
    }
  }
  if (value.is_string() || value.is_structured()) {
    const std::size_t size =
        value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
    if (size < field.min_size || size > field.max_size)
      return at_fault(param,
                      fmt::format("'{}' has {} {}; {} are allowed", param, size,
                                  value.is_string() ? "bytes" : "elements",
                                  field.max_size == SIZE_MAX
                                      ? fmt::format("{} or more", field.min_size)
                                      : fmt::format("{} to {}", field.min_size, field.max_size)));
  }
  if (value.is_string() && !field.values.empty()) {
    const auto& text = value.get_ref<const std::string&>();
    if (std::ranges::find(field.values, text) == field.values.end())
      return at_fault(param, fmt::format("'{}' is '{}'; it must be one of: {}", param,
                                         printable(text, 80), fmt::join(field.values, ", ")));
  }
  return std::nullopt;
}

std::optional<ApiError> check_refused(const Json& value, const Field& field,
                                      std::string_view place) {
  if (!field.idle_value.empty()) {
    const auto idle = parse_json(field.idle_value);
    CHECK(idle.has_value());
    if (value == *idle) return std::nullopt;
  }
  const std::string param = place_of(place, field.name);
  std::string message = fmt::format("'{}' is not supported", param);
  if (!field.note.empty()) message += fmt::format(": {}", field.note);
  return ApiError{ApiErrorKind::not_supported, std::move(message), param, {}};
}

}  // namespace

std::string words_of_types(unsigned types) {
  if ((types & kNumber) != 0) types &= ~unsigned{kInteger};
  std::string text;
  for (const auto& [type, words] : kTypeWords) {
    if ((types & type) == 0) continue;
    if (!text.empty()) text += " or ";
    text += words;
  }
  return text;
}

std::optional<ApiError> check_fields(const Json& object, std::span<const Field> fields,
                                     UnknownFields unknown, std::string_view place) {
  if (!object.is_object())
    return at_fault(std::string(place), fmt::format("'{}' must be an object", place));
  for (const auto& [name, value] : object.items()) {
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end()) {
      if (unknown == UnknownFields::refuse) return unknown_field(name, fields, place);
      continue;
    }
    if (value.is_null()) continue;
    std::optional<ApiError> error;
    if (field->kind == FieldKind::used) error = check_value(value, *field, place);
    if (field->kind == FieldKind::refused) error = check_refused(value, *field, place);
    if (error) return error;
  }
  for (const Field& field : fields) {
    if (!field.is_required) continue;
    const auto found = object.find(std::string(field.name));
    if (found == object.end() || found->is_null()) {
      const std::string param = place_of(place, field.name);
      return at_fault(param, fmt::format("'{}' is missing", param));
    }
  }
  return std::nullopt;
}

}  // namespace hearth::server
