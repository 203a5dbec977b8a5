// SPDX-License-Identifier: Apache-2.0
#include "text/chat_template.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/lexer.h"
#include "text/jinja/parser.h"
#include "text/jinja/scope.h"

namespace hearth::text {

struct ChatTemplate::Impl {
  TemplateLimits limits;
  jinja::Program program;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, const TemplateLimits& limits) {
  if (source.size() > limits.max_source_bytes)
    return fail(ErrorCode::failed, "line 1: the template is longer than {} bytes",
                limits.max_source_bytes);
  if (!is_valid_utf8(source)) return fail(ErrorCode::failed, "line 1: the template is not UTF-8");
  auto impl = std::make_unique<Impl>();
  impl->limits = limits;
  std::vector<jinja::Token> tokens = TRY(jinja::tokenize(source));
  TRY(jinja::Parser(std::move(tokens), impl->program, impl->limits).run());
  TRY(jinja::resolve(impl->program, impl->limits));
  return ChatTemplate(std::move(impl));
}

Result<std::string> ChatTemplate::render(const Json& variables,
                                         const RenderOptions& options) const {
  if (!variables.is_object())
    return fail(ErrorCode::usage, "the variables of a chat template are a JSON object, not {}",
                variables.type_name());
  TemplateLimits limits = impl_->limits;
  if (options.max_steps != 0) {
    limits.max_steps = std::min(limits.max_steps, options.max_steps);
    limits.steps_per_byte = 0;
  }
  jinja::Evaluator evaluator(impl_->program, limits, options.now);
  Result<std::string> text = evaluator.render(variables);
  if (options.steps) *options.steps = evaluator.budget().steps();
  return text;
}

std::vector<std::string> ChatTemplate::variable_names() const {
  std::vector<std::string> names;
  for (const std::string& name : impl_->program.names)
    if (!jinja::find_function(name)) names.push_back(name);
  return names;
}

std::vector<std::string> ChatTemplate::compared_texts() const {
  constexpr std::size_t kLongest = 24;
  std::vector<std::string> texts;
  const auto take = [&texts](const jinja::Expr& expr) {
    if (expr.kind != jinja::ExprKind::constant) return;
    const jinja::Value& value = static_cast<const jinja::ConstantExpr&>(expr).value;
    if (!value.is_string() || value.as_text().size() > kLongest) return;
    std::string text(value.as_text());
    if (std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.push_back(std::move(text));
  };
  for (const auto& node : impl_->program.nodes) {
    const auto* compared = dynamic_cast<const jinja::CompareExpr*>(node.get());
    if (!compared) continue;
    for (const auto& [op, operand] : compared->rest) {
      take(*operand);
      if (operand->kind == jinja::ExprKind::list || operand->kind == jinja::ExprKind::tuple)
        for (const jinja::Expr* item : static_cast<const jinja::SequenceExpr&>(*operand).items)
          take(*item);
    }
  }
  return texts;
}

}  // namespace hearth::text
