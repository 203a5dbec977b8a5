// SPDX-License-Identifier: Apache-2.0
//
// Statements: what stands between {% and %}.
#include <algorithm>
#include <unordered_set>

#include "text/jinja/parser.h"

namespace hearth::text::jinja {
namespace {

Expr* copy_target(Program& program, const Expr& target) {
  if (target.kind == ExprKind::name)
    return program.add<NameExpr>(target.line, static_cast<const NameExpr&>(target).name);
  auto* copy = program.add<SequenceExpr>(ExprKind::tuple, target.line);
  for (const Expr* item : static_cast<const SequenceExpr&>(target).items)
    copy->items.push_back(copy_target(program, *item));
  return copy;
}

}  // namespace

Parser::Parsed<Stmt> Parser::set() {
  const std::uint32_t at_line = next().line;
  Expr* into = TRY(target(true, {}));
  if (skip(TokenKind::assign)) {
    auto* node = program_.add<SetStmt>(at_line);
    node->target = into;
    node->value = TRY(tuple(true, {}, false));
    return node;
  }
  auto* node = program_.add<SetBlockStmt>(at_line);
  node->target = into;
  node->filter = TRY(filter(nullptr));
  TRY(statements(node->body, {"endset"}, true));
  return node;
}

Parser::Parsed<Stmt> Parser::for_loop() {
  auto* node = program_.add<ForStmt>(next().line);
  ++loops_;
  node->target = TRY(target(false, {"in"}));
  TRY(expect_name("in"));
  node->iterable = TRY(tuple(false, {"recursive"}, false));
  if (skip_name("if")) {
    node->test = TRY(expression());
    node->test_target = copy_target(program_, *node->target);
  }
  node->recursive = skip_name("recursive");
  const std::size_t first_use = uses_.size();
  TRY(statements(node->body, {"endfor", "else"}, false));
  --loops_;
  node->uses_loop = node->recursive || is_read("loop", first_use, uses_.size());
  if (next().text != "endfor") TRY(statements(node->otherwise, {"endfor"}, true));
  return node;
}

Parser::Parsed<Stmt> Parser::condition() {
  auto* node = program_.add<IfStmt>(next().line);
  std::uint32_t branch_line = node->line;
  while (true) {
    Expr* test = TRY(tuple(false, {}, false));
    node->branches.push_back({branch_line, test, {}});
    TRY(statements(node->branches.back().body, {"elif", "else", "endif"}, false));
    const std::string end = next().text;
    branch_line = line();
    if (end == "elif") continue;
    if (end == "else") TRY(statements(node->otherwise, {"endif"}, true));
    return node;
  }
}

Parser::Parsed<Stmt> Parser::with() {
  auto* node = program_.add<WithStmt>(next().line);
  while (!at(TokenKind::block_end)) {
    if (!node->bindings.empty()) TRY(expect(TokenKind::comma));
    Expr* into = TRY(target(false, {}));
    TRY(expect(TokenKind::assign));
    Expr* value = TRY(expression());
    node->bindings.emplace_back(into, value);
  }
  TRY(statements(node->body, {"endwith"}, true));
  return node;
}

Parser::Parsed<Stmt> Parser::block() {
  auto* node = program_.add<BlockStmt>(next().line);
  node->name = TRY(identifier());
  if (skip_name("scoped") || skip_name("required"))
    return error(line(), "scoped and required blocks are not supported in a chat template");
  const int loops = std::exchange(loops_, 0);
  TRY(statements(node->body, {"endblock"}, true));
  loops_ = loops;
  skip_name(node->name);
  return node;
}

Result<void> Parser::signature(MacroBody& macro) {
  TRY(expect(TokenKind::lparen));
  std::unordered_set<std::string> names;
  while (!at(TokenKind::rparen)) {
    if (!macro.parameters.empty()) TRY(expect(TokenKind::comma));
    const std::uint32_t at_line = line();
    std::string name = TRY(identifier());
    note_use(name, false);
    if (!names.insert(name).second)
      return error(at_line, "duplicate argument '{}' in function definition", name);
    auto* parameter = program_.add<NameExpr>(at_line, name);
    parameter->undefined =
        program_.constant(Value::undefined(fmt::format("parameter '{}' was not provided", name)));
    macro.parameters.push_back(parameter);
    if (skip(TokenKind::assign))
      macro.defaults.push_back(TRY(expression()));
    else if (!macro.defaults.empty())
      return error(line(), "non-default argument follows default argument");
  }
  return expect(TokenKind::rparen);
}

Result<void> Parser::macro_body(MacroBody& macro, std::string_view end, std::uint32_t at_line) {
  const int loops = std::exchange(loops_, 0);
  const std::size_t first_use = uses_.size();
  TRY(statements(macro.body, {end}, true));
  loops_ = loops;
  macro.line = at_line;
  const auto takes = [&](std::string_view name) {
    return std::any_of(macro.parameters.begin(), macro.parameters.end(),
                       [name](const NameExpr* parameter) { return parameter->name == name; });
  };
  macro.uses_caller = is_read("caller", first_use, uses_.size());
  macro.uses_kwargs = is_read("kwargs", first_use, uses_.size()) && !takes("kwargs");
  macro.uses_varargs = is_read("varargs", first_use, uses_.size()) && !takes("varargs");
  if (macro.uses_caller && takes("caller")) {
    const std::size_t n_required = macro.parameters.size() - macro.defaults.size();
    for (std::size_t i = 0; i < n_required; ++i)
      if (macro.parameters[i]->name == "caller")
        return error(at_line,
                     "When defining macros or call blocks the special \"caller\" argument must be "
                     "omitted or be given a default.");
  }
  return {};
}

Parser::Parsed<Stmt> Parser::macro() {
  auto* node = program_.add<MacroStmt>(next().line);
  const std::uint32_t at_line = line();
  node->macro.name = TRY(identifier());
  node->target = program_.add<NameExpr>(at_line, node->macro.name);
  TRY(signature(node->macro));
  TRY(macro_body(node->macro, "endmacro", node->line));
  return node;
}

Parser::Parsed<Stmt> Parser::call_block() {
  auto* node = program_.add<CallBlockStmt>(StmtKind::call_block, next().line);
  if (at(TokenKind::lparen)) TRY(signature(node->macro));
  Expr* callee = TRY(expression());
  if (callee->kind != ExprKind::call) return error(node->line, "expected call");
  node->call = static_cast<CallExpr*>(callee);
  for (const auto& [name, value] : node->call->arguments.named)
    if (name == "caller") return error(node->line, "keyword argument repeated: caller");
  TRY(macro_body(node->macro, "endcall", node->line));
  return node;
}

Parser::Parsed<Stmt> Parser::generation() {
  auto* node = program_.add<CallBlockStmt>(StmtKind::generation, next().line);
  TRY(macro_body(node->macro, "endgeneration", node->line));
  return node;
}

Parser::Parsed<Stmt> Parser::filter_block() {
  auto* node = program_.add<FilterBlockStmt>(next().line);
  node->filter = TRY(filter(nullptr, true));
  TRY(statements(node->body, {"endfilter"}, true));
  return node;
}

Parser::Parsed<Stmt> Parser::print() {
  auto* node = program_.add<OutputStmt>(next().line);
  while (!at(TokenKind::block_end)) {
    if (!node->pieces.empty()) TRY(expect(TokenKind::comma));
    Expr* expr = TRY(expression());
    node->pieces.emplace_back().expr = expr;
  }
  return node;
}

Parser::Parsed<Stmt> Parser::jump() {
  const bool is_break = current().text == "break";
  if (loops_ == 0) return error(line(), "'{}' outside loop", current().text);
  return program_.add<JumpStmt>(is_break ? StmtKind::break_loop : StmtKind::continue_loop,
                                next().line);
}

Parser::Parsed<Expr> Parser::target(bool with_namespace, Names ends) {
  const std::uint32_t at_line = line();
  std::vector<Expr*> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) TRY(expect(TokenKind::comma));
    if (at(TokenKind::rparen) || at(TokenKind::block_end) || at(TokenKind::variable_end) ||
        std::any_of(ends.begin(), ends.end(),
                    [this](std::string_view end) { return at_name(end); }))
      break;
    items.push_back(TRY(target_item(with_namespace)));
    if (!at(TokenKind::comma)) break;
    is_tuple = true;
  }
  if (!is_tuple && items.size() == 1) return items[0];
  if (items.empty() && (tokens_[at_ > 0 ? at_ - 1 : 0].kind != TokenKind::lparen))
    return error(at_line, "Expected an expression, got '{}'", describe(current()));
  auto* node = program_.add<SequenceExpr>(ExprKind::tuple, at_line);
  node->items = std::move(items);
  return grown(node, node->items);
}

Parser::Parsed<Expr> Parser::target_item(bool with_namespace) {
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return too_deep();
  const std::uint32_t at_line = line();
  if (skip(TokenKind::lparen)) {
    Expr* inner = TRY(target(false, {}));
    TRY(expect(TokenKind::rparen));
    return inner;
  }
  if (!at(TokenKind::name)) return error(at_line, "can't assign to '{}'", describe(current()));
  const std::string name = next().text;
  for (const std::string_view constant : {"true", "false", "True", "False", "none", "None"})
    if (name == constant) return error(at_line, "can't assign to 'const'");
  auto* node = program_.add<NameExpr>(at_line, name);
  if (with_namespace && skip(TokenKind::dot)) {
    node->attribute = TRY(identifier());
  } else {
    if (name == "loop" && loops_ > 0)
      return error(at_line, "Can't assign to special loop variable in for-loop target");
    note_use(name, false);
  }
  return node;
}

}  // namespace hearth::text::jinja
