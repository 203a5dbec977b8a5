// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

Result<Value> Evaluator::eval(const Expr& expr) {
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return Nesting::error();
  TRY(budget_.charge(1));
  switch (expr.kind) {
    case ExprKind::constant:
      return static_cast<const ConstantExpr&>(expr).value;
    case ExprKind::name:
      return eval_name(static_cast<const NameExpr&>(expr));
    case ExprKind::tuple:
    case ExprKind::list:
      return eval_sequence(static_cast<const SequenceExpr&>(expr));
    case ExprKind::dict:
      return eval_dict(static_cast<const DictExpr&>(expr));
    case ExprKind::attribute: {
      const auto& node = static_cast<const AttributeExpr&>(expr);
      const Value object = TRY(eval(*node.object));
      return get_attribute(*this, object, node.name);
    }
    case ExprKind::item:
      return eval_item(static_cast<const ItemExpr&>(expr));
    case ExprKind::slice:
      return eval_slice(static_cast<const SliceExpr&>(expr));
    case ExprKind::call:
      return eval_call(static_cast<const CallExpr&>(expr), Value());
    case ExprKind::filter:
      return eval_filter(static_cast<const ApplyExpr&>(expr), nullptr);
    case ExprKind::test:
      return eval_test(static_cast<const ApplyExpr&>(expr));
    case ExprKind::unary: {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      const Value operand = TRY(eval(*node.operand));
      return apply_unary(node.op, operand);
    }
    case ExprKind::negation: {
      const Value operand = TRY(eval(*static_cast<const UnaryExpr&>(expr).operand));
      return Value::boolean(!is_true(operand));
    }
    case ExprKind::binary:
      return eval_binary(static_cast<const BinaryExpr&>(expr));
    case ExprKind::logic: {
      const auto& node = static_cast<const LogicExpr&>(expr);
      Value left = TRY(eval(*node.left));
      if (is_true(left) == node.stops_on) return left;
      return eval(*node.right);
    }
    case ExprKind::concat:
      return eval_concat(static_cast<const SequenceExpr&>(expr));
    case ExprKind::compare:
      return eval_compare(static_cast<const CompareExpr&>(expr));
    case ExprKind::conditional:
      return eval_conditional(static_cast<const ConditionalExpr&>(expr));
  }
  return Value::none();
}

Result<Value> Evaluator::eval_name(const NameExpr& expr) {
  const Value* value = frame_->find(expr.slot);
  if (!value || value->is_missing()) return expr.undefined;
  return *value;
}

Result<Value> Evaluator::eval_sequence(const SequenceExpr& expr) {
  std::vector<Value> items;
  items.reserve(expr.items.size());
  for (const Expr* item : expr.items) items.push_back(TRY(eval(*item)));
  return expr.kind == ExprKind::list ? Value::list(std::move(items))
                                     : Value::tuple(std::move(items));
}

Result<Value> Evaluator::eval_dict(const DictExpr& expr) {
  TRY(budget_.charge(6 + 3 * expr.items.size()));
  auto dict = make<DictObject>();
  for (const auto& [key_expr, value_expr] : expr.items) {
    Value key = TRY(eval(*key_expr));
    Value value = TRY(eval(*value_expr));
    const std::uint64_t hash = TRY(hash_of(*this, key));
    dict->set(std::move(key), hash, std::move(value));
  }
  return Value::dict(std::move(dict));
}

Result<Value> Evaluator::eval_item(const ItemExpr& expr) {
  const Value object = TRY(eval(*expr.object));
  const Value key = TRY(eval(*expr.key));
  return get_item(*this, object, key);
}

Result<Value> Evaluator::eval_slice(const SliceExpr& expr) {
  const Value object = TRY(eval(*expr.object));
  const auto part = [this](const Expr* bound) -> Result<Value> {
    return bound ? eval(*bound) : Result<Value>(Value::none());
  };
  const Value start = TRY(part(expr.start));
  const Value stop = TRY(part(expr.stop));
  const Value step = TRY(part(expr.step));
  return get_slice(*this, object, start, stop, step);
}

Result<void> Evaluator::add_positional(CallArgs& into, const Value& more) {
  if (!is_iterable(more))
    return raised("argument after * must be an iterable, not {}", type_name(more));
  for (Value& value : TRY(collect(*this, more))) into.positional.push_back(std::move(value));
  return {};
}

Result<void> Evaluator::add_named(CallArgs& into, const Value& more) {
  if (!more.is(Kind::dict))
    return raised("argument after ** must be a mapping, not {}", type_name(more));
  for (const auto& entry : more.as_dict().entries) {
    if (!entry.key.is_string()) return raised("keywords must be strings");
    TRY(budget_.charge(1 + into.named.size() / 8));
    const std::string_view name = entry.key.as_text();
    for (const auto& [other, value] : into.named)
      if (other == name) return raised("got multiple values for keyword argument '{}'", name);
    into.named.emplace_back(name, entry.value);
  }
  return {};
}

Result<CallArgs> Evaluator::eval_arguments(const Arguments& arguments) {
  CallArgs args;
  args.positional.reserve(arguments.positional.size());
  for (const Expr* value : arguments.positional) args.positional.push_back(TRY(eval(*value)));
  for (const auto& [name, value] : arguments.named)
    args.named.emplace_back(name, TRY(eval(*value)));
  if (arguments.more_positional) {
    const Value more = TRY(eval(*arguments.more_positional));
    TRY(add_positional(args, more));
  }
  if (arguments.more_named) {
    const Value more = TRY(eval(*arguments.more_named));
    TRY(add_named(args, more));
  }
  return args;
}

Result<Value> Evaluator::eval_call(const CallExpr& expr, Value caller) {
  const Value callee = TRY(eval(*expr.callee));
  CallArgs args = TRY(eval_arguments(expr.arguments));
  if (!caller.is_missing()) args.named.emplace_back("caller", std::move(caller));
  return call(callee, std::move(args));
}

Result<Value> Evaluator::call(const Value& callee, CallArgs args) {
  TRY(budget_.charge(4));
  if (callee.is_undefined()) return raised("{}", callee.as_undefined().message);
  if (!callee.is(Kind::object) || !callee.as_object().is_callable())
    return raised("'{}' object is not callable", type_name(callee));
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return Nesting::error();
  const Value keep = callee;
  return keep.as_object().call(*this, std::move(args));
}

Result<Value> Evaluator::eval_filter(const ApplyExpr& expr, const Value* block_text) {
  Value subject;
  if (expr.subject && expr.subject->kind == ExprKind::filter && block_text)
    subject = TRY(eval_filter(static_cast<const ApplyExpr&>(*expr.subject), block_text));
  else if (expr.subject)
    subject = TRY(eval(*expr.subject));
  else if (block_text)
    subject = *block_text;
  CallArgs args = TRY(eval_arguments(expr.arguments));
  if (!expr.filter) return raised("No filter named '{}' found.", expr.name);
  TRY(budget_.charge(2));
  return expr.filter->apply(*this, subject, std::move(args));
}

Result<Value> Evaluator::eval_test(const ApplyExpr& expr) {
  const Value subject = TRY(eval(*expr.subject));
  CallArgs args = TRY(eval_arguments(expr.arguments));
  if (!expr.test) return raised("No test named '{}' found.", expr.name);
  return Value::boolean(TRY(expr.test->apply(*this, subject, std::move(args))));
}

Result<Value> Evaluator::apply_filter(std::string_view name, const Value& subject, CallArgs args) {
  const Filter* filter = find_filter(name);
  if (!filter) return raised("No filter named '{}'.", name);
  TRY(budget_.charge(2));
  return filter->apply(*this, subject, std::move(args));
}

Result<bool> Evaluator::apply_test(std::string_view name, const Value& subject, CallArgs args) {
  const Test* test = find_test(name);
  if (!test) return raised("No test named '{}'.", name);
  TRY(budget_.charge(2));
  return test->apply(*this, subject, std::move(args));
}

Result<Value> Evaluator::eval_binary(const BinaryExpr& expr) {
  const Value left = TRY(eval(*expr.left));
  const Value right = TRY(eval(*expr.right));
  return apply_binary(*this, expr.op, left, right);
}

Result<Value> Evaluator::eval_compare(const CompareExpr& expr) {
  Value left = TRY(eval(*expr.first));
  bool holds = true;
  for (const auto& [op, operand] : expr.rest) {
    Value right = TRY(eval(*operand));
    if (op == CompareExpr::Op::in || op == CompareExpr::Op::not_in)
      holds = TRY(contains(*this, right, left))
    == (op == CompareExpr::Op::in);
    else holds = TRY(compare(*this, static_cast<Comparison>(op), left, right));
    if (!holds) break;
    left = std::move(right);
  }
  return Value::boolean(holds);
}

Result<Value> Evaluator::eval_concat(const SequenceExpr& expr) {
  // The first operand may be text that grows in a loop: appending to it keeps its bytes in place.
  const Value first = TRY(eval(*expr.items.front()));
  Value joined = TRY(as_text_value(*this, first))
  .with_markup(false);
  std::string more;
  for (std::size_t i = 1; i < expr.items.size(); ++i) {
    const Value item = TRY(eval(*expr.items[i]));
    TRY(append_text(*this, more, item));
  }
  return append(joined, more);
}

Result<Value> Evaluator::append(const Value& left, std::string_view more) {
  const std::size_t size = left.as_text().size();
  if (size + more.size() > budget_.max_text()) return budget_.too_long();
  TRY(budget_.charge_text(left.grows_in_place(more.size()) ? more.size() : size + more.size()));
  return left.appended(more, count_runes(more));
}

Result<Value> Evaluator::text(std::string bytes, bool markup) {
  TRY(budget_.charge_text(bytes.size()));
  return markup ? Value::markup(std::move(bytes)) : Value::text(std::move(bytes));
}

Result<Value> Evaluator::eval_conditional(const ConditionalExpr& expr) {
  const Value test = TRY(eval(*expr.test));
  if (is_true(test)) return eval(*expr.then);
  if (expr.otherwise) return eval(*expr.otherwise);
  return Value::undefined(fmt::format(
      "the inline if-expression on line {} evaluated to false and no else section was defined.",
      expr.line));
}

}  // namespace hearth::text::jinja
