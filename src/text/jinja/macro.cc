// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/macro.h"

#include <algorithm>
#include <utility>

#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

Result<Value> MacroObject::attribute(Evaluator&, std::string_view name) {
  if (name == "name") return macro_.name.empty() ? Value::none() : Value::text(macro_.name);
  if (name == "arguments") {
    std::vector<Value> names;
    for (const NameExpr* parameter : macro_.parameters)
      names.push_back(Value::text(parameter->name));
    return Value::tuple(std::move(names));
  }
  if (name == "catch_kwargs") return Value::boolean(macro_.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(macro_.uses_varargs);
  if (name == "caller") return Value::boolean(macro_.uses_caller);
  return Value();
}

Result<Value> MacroObject::call(Evaluator& evaluator, CallArgs args) {
  const std::size_t n_parameters = macro_.parameters.size();
  const auto display_name = macro_.name.empty() ? std::string("None") : "'" + macro_.name + "'";
  std::vector<Value> values(n_parameters);
  bool found_caller = false;
  TRY(evaluator.budget().charge(n_parameters * (1 + args.named.size() / 4)));
  for (std::size_t i = 0; i < n_parameters; ++i) {
    const std::string& name = macro_.parameters[i]->name;
    if (i < args.positional.size())
      values[i] = args.positional[i];
    else
      values[i] = args.take(name);
    if (name == "caller") found_caller = true;
  }
  Value caller;
  if (macro_.uses_caller && !found_caller) {
    caller = args.take("caller");
    if (caller.is_missing() || caller.is_none()) caller = Value::undefined("No caller defined");
  }
  Value kwargs;
  if (macro_.uses_kwargs) {
    auto dict = make<DictObject>();
    for (auto& [name, value] : args.named) dict->set(name, std::move(value));
    kwargs = Value::dict(std::move(dict));
  } else if (!args.named.empty()) {
    for (const auto& [name, value] : args.named)
      if (name == "caller")
        return raised(
            "macro {} was invoked with two values for the special caller argument. This is most "
            "likely a bug.",
            display_name);
    return raised("macro {} takes no keyword argument '{}'", display_name,
                  args.named.front().first);
  }
  Value varargs;
  if (macro_.uses_varargs) {
    const auto first = static_cast<std::ptrdiff_t>(std::min(n_parameters, args.positional.size()));
    varargs = Value::tuple({args.positional.begin() + first, args.positional.end()});
  } else if (args.positional.size() > n_parameters) {
    return raised("macro {} takes not more than {} argument(s)", display_name, n_parameters);
  }
  return evaluator.run_macro(macro_, outer_, std::move(values), std::move(caller),
                             std::move(kwargs), std::move(varargs));
}

Result<std::string> MacroObject::to_text(Evaluator&) const {
  return macro_.name.empty() ? "<Macro anonymous>" : "<Macro '" + macro_.name + "'>";
}

}  // namespace hearth::text::jinja
