// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/object.h"

#include <fmt/format.h>

#include "text/jinja/evaluator.h"
#include "text/jinja/namespace.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

Result<Value> ExtendedObject::attribute(Evaluator&, std::string_view) {
  return Value();
}
Result<Value> ExtendedObject::call(Evaluator&, CallArgs) {
  return raised("'{}' object is not callable", type_name());
}
Result<Value> ExtendedObject::size(Evaluator&) {
  return Value();
}
Result<std::string> ExtendedObject::to_text(Evaluator&) const {
  return fmt::format("<{} object>", qualified_name());
}
Result<std::string> FunctionObject::to_text(Evaluator&) const {
  return fmt::format("<function {}>", name_);
}
Result<std::string> MethodObject::to_text(Evaluator&) const {
  return fmt::format("<built-in method {} of {} object>", name_, jinja::type_name(self_));
}

Result<std::string> NamespaceObject::to_text(Evaluator& evaluator) const {
  std::string out = "<Namespace ";
  TRY(append_repr(evaluator, out, Value::dict(attributes_)));
  return out + ">";
}

}  // namespace hearth::text::jinja
