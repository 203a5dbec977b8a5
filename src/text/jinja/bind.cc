// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

Value CallArgs::take(std::string_view name) {
  const auto found = std::find_if(named.begin(), named.end(),
                                  [name](const auto& arg) { return arg.first == name; });
  if (found == named.end()) return Value();
  Value value = std::move(found->second);
  named.erase(found);
  return value;
}

Result<std::vector<Value>> bind(CallArgs args, std::string_view function,
                                std::initializer_list<std::string_view> names,
                                std::size_t n_required) {
  if (args.positional.size() > names.size())
    return raised("{}() takes at most {} argument(s) ({} given)", function, names.size(),
                  args.positional.size());
  std::vector<Value> bound = std::move(args.positional);
  bound.resize(names.size());
  for (auto& [name, value] : args.named) {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      return raised("{}() got an unexpected keyword argument '{}'", function, name);
    Value& slot = bound[static_cast<std::size_t>(found - names.begin())];
    if (!slot.is_missing())
      return raised("{}() got multiple values for argument '{}'", function, name);
    slot = std::move(value);
  }
  for (std::size_t i = 0; i < n_required; ++i)
    if (bound[i].is_missing())
      return raised("{}() missing required argument {}: '{}'", function, i + 1, names.begin()[i]);
  return bound;
}

Result<Int> int_argument(const Value& value) {
  if (value.is_integral()) return value.as_int();
  if (value.is_undefined()) return raised("'Undefined' object cannot be interpreted as an integer");
  return raised("'{}' object cannot be interpreted as an integer", type_name(value));
}

Result<std::ptrdiff_t> size_argument(const Value& value) {
  const Int number = TRY(int_argument(value));
  constexpr Int kMost = std::numeric_limits<std::ptrdiff_t>::max() / 4;
  return static_cast<std::ptrdiff_t>(std::clamp<Int>(number, -kMost, kMost));
}

Result<std::string_view> text_argument(const Value& value, std::string_view function) {
  if (!value.is_string())
    return raised("{}() argument must be str, not {}", function, type_name(value));
  return value.as_text();
}

}  // namespace hearth::text::jinja
