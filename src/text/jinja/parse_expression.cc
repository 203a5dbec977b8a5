// SPDX-License-Identifier: Apache-2.0
//
// Expressions, loosest first: a if b else c; or; and; not; comparisons; + -; ~; * / // %; **; unary
// signs; and what follows a primary: .name [item] (call) |filter is test.
#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "text/jinja/parser.h"

namespace hearth::text::jinja {
namespace {

enum Level : int { kOr = 1, kAnd, kNot, kCompare, kSum, kConcat, kProduct, kPower, kUnary };

std::optional<CompareExpr::Op> comparison_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::eq:
      return CompareExpr::Op::equal;
    case TokenKind::ne:
      return CompareExpr::Op::not_equal;
    case TokenKind::lt:
      return CompareExpr::Op::less;
    case TokenKind::lteq:
      return CompareExpr::Op::less_equal;
    case TokenKind::gt:
      return CompareExpr::Op::greater;
    case TokenKind::gteq:
      return CompareExpr::Op::greater_equal;
    default:
      return std::nullopt;
  }
}

BinaryOp arithmetic_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::add:
      return BinaryOp::add;
    case TokenKind::sub:
      return BinaryOp::sub;
    case TokenKind::mul:
      return BinaryOp::mul;
    case TokenKind::div:
      return BinaryOp::div;
    case TokenKind::floordiv:
      return BinaryOp::floor_div;
    case TokenKind::mod:
      return BinaryOp::mod;
    default:
      return BinaryOp::pow;
  }
}

}  // namespace

Parser::Parsed<Expr> Parser::grown(Expr* node, std::initializer_list<const Expr*> children,
                                   const Arguments* arguments) {
  std::uint32_t depth = 0;
  const auto take = [&depth](const Expr* child) {
    if (child) depth = std::max(depth, child->depth);
  };
  for (const Expr* child : children) take(child);
  if (arguments) {
    for (const Expr* child : arguments->positional) take(child);
    for (const auto& [name, child] : arguments->named) take(child);
    take(arguments->more_positional);
    take(arguments->more_named);
  }
  node->depth = depth + 1;
  if (node->depth > static_cast<std::uint32_t>(limits_.max_depth)) return too_deep();
  return node;
}

Parser::Parsed<Expr> Parser::grown(Expr* node, const std::vector<Expr*>& children) {
  for (const Expr* child : children) node->depth = std::max(node->depth, child->depth + 1);
  return grown(node, {});
}

Parser::Parsed<Expr> Parser::expression(bool with_conditional) {
  return with_conditional ? conditional() : operation(kOr);
}

Parser::Parsed<Expr> Parser::conditional() {
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return too_deep();
  std::uint32_t at_line = line();
  Expr* left = TRY(operation(kOr));
  while (skip_name("if")) {
    Expr* when = TRY(operation(kOr));
    Expr* otherwise = nullptr;
    if (skip_name("else")) otherwise = TRY(conditional());
    left = TRY(grown(program_.add<ConditionalExpr>(at_line, when, left, otherwise),
                     {when, left, otherwise}));
    at_line = line();
  }
  return left;
}

int Parser::level_here() const {
  switch (current().kind) {
    case TokenKind::add:
    case TokenKind::sub:
      return kSum;
    case TokenKind::tilde:
      return kConcat;
    case TokenKind::mul:
    case TokenKind::div:
    case TokenKind::floordiv:
    case TokenKind::mod:
      return kProduct;
    case TokenKind::pow:
      return kPower;
    case TokenKind::name:
      if (current().text == "or") return kOr;
      if (current().text == "and") return kAnd;
      if (current().text == "in") return kCompare;
      if (current().text == "not" && ahead().kind == TokenKind::name && ahead().text == "in")
        return kCompare;
      return 0;
    default:
      return comparison_op(current().kind) ? kCompare : 0;
  }
}

Parser::Parsed<Expr> Parser::operation(int level) {
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return too_deep();
  // The line of a node is, as in Jinja's parser with a function for each level, where its left side
  // begins, or for all but the first of a row of equal levels that of the operator.
  const std::uint32_t start_line = line();
  Expr* left = nullptr;
  if (level <= kNot && at_name("not")) {
    next();
    Expr* operand = TRY(operation(kNot));
    left =
        TRY(grown(program_.add<UnaryExpr>(ExprKind::negation, start_line, UnaryOp::minus, operand),
                  {operand}));
  } else {
    left = TRY(unary());
  }
  int previous = 0;
  for (int found = level_here(); found >= level && found > 0; found = level_here()) {
    const std::uint32_t at_line = std::exchange(previous, found) == found ? line() : start_line;
    if (found == kCompare) {
      left = TRY(comparison(left));
    } else if (found == kConcat) {
      auto* concat = program_.add<SequenceExpr>(ExprKind::concat, start_line);
      concat->items.push_back(left);
      while (skip(TokenKind::tilde)) concat->items.push_back(TRY(operation(kConcat + 1)));
      left = TRY(grown(concat, concat->items));
    } else {
      const TokenKind op = next().kind;
      Expr* right = TRY(operation(found + 1));
      Expr* node = nullptr;
      if (found <= kAnd)
        node = program_.add<LogicExpr>(at_line, found == kOr, left, right);
      else
        node = program_.add<BinaryExpr>(at_line, arithmetic_op(op), left, right);
      left = TRY(grown(node, {left, right}));
    }
  }
  return left;
}

Parser::Parsed<Expr> Parser::comparison(Expr* left) {
  auto* node = program_.add<CompareExpr>(line(), left);
  std::uint32_t depth = left->depth;
  while (level_here() == kCompare) {
    CompareExpr::Op op = CompareExpr::Op::in;
    if (const auto found = comparison_op(current().kind)) op = *found;
    if (skip_name("not")) op = CompareExpr::Op::not_in;
    next();
    Expr* right = TRY(operation(kCompare + 1));
    depth = std::max(depth, right->depth);
    node->rest.emplace_back(op, right);
  }
  node->line = line();  // as Jinja's: where the comparison has ended
  node->depth = depth + 1;
  if (depth >= static_cast<std::uint32_t>(limits_.max_depth)) return too_deep();
  return node;
}

Parser::Parsed<Expr> Parser::unary(bool with_filter) {
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return too_deep();
  const std::uint32_t at_line = line();
  Expr* node = nullptr;
  if (at(TokenKind::sub) || at(TokenKind::add)) {
    const UnaryOp op = next().kind == TokenKind::sub ? UnaryOp::minus : UnaryOp::plus;
    Expr* operand = TRY(unary(false));
    node = TRY(grown(program_.add<UnaryExpr>(ExprKind::unary, at_line, op, operand), {operand}));
  } else {
    node = TRY(primary());
  }
  node = TRY(postfix(node));
  return with_filter ? filters_and_tests(node) : node;
}

Parser::Parsed<Expr> Parser::primary() {
  const std::uint32_t at_line = line();
  const auto constant = [&](Value value) -> Expr* {
    return program_.add<ConstantExpr>(at_line, program_.constant(std::move(value)));
  };
  switch (current().kind) {
    case TokenKind::name: {
      const std::string name = next().text;
      if (name == "true" || name == "True") return constant(Value::boolean(true));
      if (name == "false" || name == "False") return constant(Value::boolean(false));
      if (name == "none" || name == "None") return constant(Value::none());
      note_use(name, true);
      auto* node = program_.add<NameExpr>(at_line, name);
      node->undefined = program_.constant(Value::undefined_name(name));
      return node;
    }
    case TokenKind::string: {
      std::string text = next().text;
      while (at(TokenKind::string)) text += next().text;
      return constant(Value::text(std::move(text)));
    }
    case TokenKind::integer:
      return constant(Value::integer(next().integer));
    case TokenKind::floating:
      return constant(Value::real(next().real));
    case TokenKind::lparen: {
      next();
      Expr* inner = TRY(tuple(true, {}, true));
      TRY(expect(TokenKind::rparen));
      return inner;
    }
    case TokenKind::lbracket:
      return list();
    case TokenKind::lbrace:
      return dict();
    default:
      return error(at_line, "unexpected '{}'", describe(current()));
  }
}

Parser::Parsed<Expr> Parser::tuple(bool with_conditional, Names ends, bool in_parentheses) {
  std::uint32_t at_line = line();
  std::vector<Expr*> items;
  bool is_tuple = false;
  const auto at_end = [&] {
    return at(TokenKind::variable_end) || at(TokenKind::block_end) || at(TokenKind::rparen) ||
           std::any_of(ends.begin(), ends.end(),
                       [this](std::string_view end) { return at_name(end); });
  };
  while (true) {
    if (!items.empty()) TRY(expect(TokenKind::comma));
    if (at_end()) break;
    items.push_back(TRY(expression(with_conditional)));
    if (!at(TokenKind::comma)) break;
    is_tuple = true;
    at_line = line();  // as Jinja's: that of the last comma
  }
  if (!is_tuple) {
    if (!items.empty()) return items[0];
    if (!in_parentheses)
      return error(line(), "Expected an expression, got '{}'", describe(current()));
  }
  auto* node = program_.add<SequenceExpr>(ExprKind::tuple, at_line);
  node->items = std::move(items);
  return grown(node, node->items);
}

Parser::Parsed<Expr> Parser::list() {
  auto* node = program_.add<SequenceExpr>(ExprKind::list, line());
  next();
  while (!at(TokenKind::rbracket)) {
    if (!node->items.empty()) TRY(expect(TokenKind::comma));
    if (at(TokenKind::rbracket)) break;
    node->items.push_back(TRY(expression()));
  }
  next();
  return grown(node, node->items);
}

Parser::Parsed<Expr> Parser::dict() {
  auto* node = program_.add<DictExpr>(line());
  next();
  std::uint32_t depth = 0;
  while (!at(TokenKind::rbrace)) {
    if (!node->items.empty()) TRY(expect(TokenKind::comma));
    if (at(TokenKind::rbrace)) break;
    Expr* key = TRY(expression());
    TRY(expect(TokenKind::colon));
    Expr* value = TRY(expression());
    depth = std::max({depth, key->depth, value->depth});
    node->items.emplace_back(key, value);
  }
  next();
  node->depth = depth + 1;
  if (depth >= static_cast<std::uint32_t>(limits_.max_depth)) return too_deep();
  return node;
}

Parser::Parsed<Expr> Parser::postfix(Expr* node) {
  while (true) {
    if (at(TokenKind::dot) || at(TokenKind::lbracket))
      node = TRY(subscript(node));
    else if (at(TokenKind::lparen))
      node = TRY(call(node));
    else
      return node;
  }
}

Parser::Parsed<Expr> Parser::filters_and_tests(Expr* node) {
  while (true) {
    if (at(TokenKind::pipe))
      node = TRY(filter(node));
    else if (at_name("is"))
      node = TRY(test(node));
    else if (at(TokenKind::lparen))
      node = TRY(call(node));
    else
      return node;
  }
}

Parser::Parsed<Expr> Parser::subscript(Expr* node) {
  const std::uint32_t at_line = line();
  if (next().kind == TokenKind::dot) {
    if (at(TokenKind::name))
      return grown(program_.add<AttributeExpr>(at_line, node, next().text), {node});
    if (!at(TokenKind::integer)) return error(line(), "expected name or number");
    Expr* index = program_.add<ConstantExpr>(line(), Value::integer(current().integer));
    next();
    return grown(program_.add<ItemExpr>(at_line, node, index), {node, index});
  }
  std::vector<Expr*> keys;
  Expr* sliced = nullptr;
  while (!at(TokenKind::rbracket)) {
    if (!keys.empty() || sliced) TRY(expect(TokenKind::comma));
    if (sliced) return error(at_line, "a slice among several subscripts is not supported");
    Expr* key = nullptr;
    if (!at(TokenKind::colon)) key = TRY(expression());
    if (!at(TokenKind::colon)) {
      keys.push_back(key);
      continue;
    }
    if (!keys.empty()) return error(at_line, "a slice among several subscripts is not supported");
    sliced = TRY(slice(node, at_line, key));
  }
  TRY(expect(TokenKind::rbracket));
  if (sliced) return sliced;
  if (keys.size() == 1)
    return grown(program_.add<ItemExpr>(at_line, node, keys[0]), {node, keys[0]});
  auto* several = program_.add<SequenceExpr>(ExprKind::tuple, at_line);
  several->items = std::move(keys);
  Expr* key = TRY(grown(several, several->items));
  return grown(program_.add<ItemExpr>(at_line, node, key), {node, key});
}

Parser::Parsed<Expr> Parser::slice(Expr* node, std::uint32_t at_line, Expr* start) {
  auto* sliced = program_.add<SliceExpr>(at_line, node);
  sliced->start = start;
  const auto at_end = [this] { return at(TokenKind::rbracket) || at(TokenKind::comma); };
  TRY(expect(TokenKind::colon));
  if (!at(TokenKind::colon) && !at_end()) sliced->stop = TRY(expression());
  if (skip(TokenKind::colon) && !at_end()) sliced->step = TRY(expression());
  return grown(sliced, {node, start, sliced->stop, sliced->step});
}

Parser::Parsed<Expr> Parser::call(Expr* node) {
  auto* called = program_.add<CallExpr>(line(), node);
  TRY(arguments(called->arguments));
  return grown(called, {node}, &called->arguments);
}

Result<void> Parser::arguments(Arguments& into) {
  const std::uint32_t at_line = line();
  TRY(expect(TokenKind::lparen));
  bool needs_comma = false;
  std::unordered_set<std::string> names;
  const auto valid = [&](bool fine) -> Result<void> {
    if (fine) return {};
    return error(at_line, "invalid syntax for function call expression");
  };
  while (!at(TokenKind::rparen)) {
    if (needs_comma) {
      TRY(expect(TokenKind::comma));
      if (at(TokenKind::rparen)) break;
    }
    if (skip(TokenKind::mul)) {
      TRY(valid(!into.more_positional && !into.more_named));
      into.more_positional = TRY(expression());
    } else if (skip(TokenKind::pow)) {
      TRY(valid(!into.more_named));
      into.more_named = TRY(expression());
    } else if (at(TokenKind::name) && ahead().kind == TokenKind::assign) {
      TRY(valid(!into.more_named));
      std::string name = next().text;
      next();
      if (!names.insert(name).second) return error(at_line, "keyword argument repeated: {}", name);
      into.named.emplace_back(std::move(name), TRY(expression()));
    } else {
      TRY(valid(!into.more_positional && !into.more_named && into.named.empty()));
      into.positional.push_back(TRY(expression()));
    }
    needs_comma = true;
  }
  return expect(TokenKind::rparen);
}

Parser::Parsed<Expr> Parser::filter(Expr* node, bool inline_name) {
  while (at(TokenKind::pipe) || inline_name) {
    if (!inline_name) next();
    inline_name = false;
    const std::uint32_t at_line = line();
    std::string name = TRY(identifier());
    while (skip(TokenKind::dot)) name += "." + TRY(identifier());
    auto* applied = program_.add<ApplyExpr>(ExprKind::filter, at_line, node, std::move(name));
    if (at(TokenKind::lparen)) TRY(arguments(applied->arguments));
    node = TRY(grown(applied, {node}, &applied->arguments));
  }
  return node;
}

Parser::Parsed<Expr> Parser::test(Expr* node) {
  const std::uint32_t at_line = next().line;
  const bool negated = skip_name("not");
  std::string name = TRY(identifier());
  while (skip(TokenKind::dot)) name += "." + TRY(identifier());
  auto* applied = program_.add<ApplyExpr>(ExprKind::test, at_line, node, std::move(name));
  if (at(TokenKind::lparen)) {
    TRY(arguments(applied->arguments));
  } else if ((at(TokenKind::name) && !at_name("else") && !at_name("or") && !at_name("and")) ||
             at(TokenKind::string) || at(TokenKind::integer) || at(TokenKind::floating) ||
             at(TokenKind::lbracket) || at(TokenKind::lbrace)) {
    if (at_name("is")) return error(line(), "You cannot chain multiple tests with is");
    Expr* argument = TRY(primary());
    applied->arguments.positional.push_back(TRY(postfix(argument)));
  }
  Expr* tested = TRY(grown(applied, {node}, &applied->arguments));
  if (!negated) return tested;
  return grown(program_.add<UnaryExpr>(ExprKind::negation, at_line, UnaryOp::minus, tested),
               {tested});
}

}  // namespace hearth::text::jinja
