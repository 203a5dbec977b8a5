// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {
namespace {

std::string valid(const std::string& text) {
  return is_valid_utf8(text) ? text : to_valid_utf8(text);
}

}  // namespace

Result<Value> from_json(Evaluator& evaluator, const Json& json) {
  const Nesting nesting(evaluator.budget());
  if (nesting.too_deep()) return Nesting::error();
  constexpr std::size_t kNodeBytes = 8;
  evaluator.budget().grant(kNodeBytes);
  TRY(evaluator.budget().charge(1));
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case Json::value_t::number_integer:
      return Value::integer(json.get<std::int64_t>());
    case Json::value_t::number_unsigned:
      return Value::integer(static_cast<Int>(json.get<std::uint64_t>()));
    case Json::value_t::number_float:
      return Value::real(json.get<double>());
    case Json::value_t::string:
      evaluator.budget().grant(json.get_ref<const std::string&>().size());
      return evaluator.text(valid(json.get_ref<const std::string&>()));
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(TRY(from_json(evaluator, item)));
      return Value::list(std::move(items));
    }
    case Json::value_t::object: {
      auto dict = make<DictObject>();
      for (const auto& [key, value] : json.items()) {
        evaluator.budget().grant(key.size());
        dict->set(valid(key), TRY(from_json(evaluator, value)));
      }
      return Value::dict(std::move(dict));
    }
    default:
      return Value::none();
  }
}

}  // namespace hearth::text::jinja
