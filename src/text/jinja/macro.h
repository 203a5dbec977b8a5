// SPDX-License-Identifier: Apache-2.0
//
// A macro, or the body of a call block: code of the template with the frame that it was defined in.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/frame.h"
#include "text/jinja/object.h"

namespace hearth::text::jinja {

class MacroObject final : public ExtendedObject {
 public:
  MacroObject(const MacroBody& macro, Ref<Frame> outer) : macro_(macro), outer_(std::move(outer)) {}

  std::string_view type_name() const override { return "Macro"; }
  std::string qualified_name() const override { return "jinja2.runtime.Macro"; }
  Result<Value> attribute(Evaluator& evaluator, std::string_view name) override;
  bool is_callable() const override { return true; }
  Result<Value> call(Evaluator& evaluator, CallArgs args) override;
  Result<std::string> to_text(Evaluator& evaluator) const override;

 private:
  const MacroBody& macro_;
  Ref<Frame> outer_;
};

}  // namespace hearth::text::jinja
