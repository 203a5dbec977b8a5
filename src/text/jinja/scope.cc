// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/scope.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "text/jinja/registry.h"

namespace hearth::text::jinja {
namespace {

// The frame of slots that scopes share. Scopes side by side that know one name share its slot.
struct Function {
  std::uint32_t depth = 0;
  std::uint32_t n_slots = 0;
  std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t> slots;

  std::uint32_t slot(std::uint32_t level, std::string_view name) {
    const auto [found, is_new] = slots.try_emplace({level, name}, n_slots);
    if (is_new) ++n_slots;
    return found->second;
  }
};

// The test of a loop runs between the steps of its body, so it shares no slots with that.
constexpr std::uint32_t kTestLevel = 1u << 31;

struct Symbol {
  std::uint32_t slot = 0;
  Load load;
};

class Scope {
 public:
  Scope(Scope* parent, Function& function, bool is_top_level, std::uint32_t level_flag = 0)
      : parent_(parent),
        function_(function),
        is_top_level_(is_top_level),
        level_((parent ? parent->level_ + 1 : 0) | level_flag) {}

  Function& function() const { return function_; }
  bool is_top_level() const { return is_top_level_; }

  Symbol* own(std::string_view name) {
    const auto found = symbols_.find(name);
    return found == symbols_.end() ? nullptr : &found->second;
  }

  // The slot that a name means here, or nothing if no scope from here outwards knows it.
  std::optional<SlotRef> find(std::string_view name) {
    for (Scope* scope = this; scope; scope = scope->parent_)
      if (const Symbol* symbol = scope->own(name))
        return SlotRef{function_.depth - scope->function_.depth, symbol->slot};
    return std::nullopt;
  }
  std::optional<SlotRef> find_outside(std::string_view name) {
    if (!parent_) return std::nullopt;
    std::optional<SlotRef> found = parent_->find(name);
    if (found) found->hops += function_.depth - parent_->function_.depth;
    return found;
  }

  Symbol& define(std::string_view name, Load load) {
    Symbol* symbol = own(name);
    if (!symbol)
      symbol = &symbols_.emplace(name, Symbol{function_.slot(level_, name), {}}).first->second;
    load.slot = symbol->slot;
    symbol->load = load;
    return *symbol;
  }

  ScopeLoads loads() const {
    ScopeLoads out;
    for (const auto& [name, symbol] : symbols_) out.loads.push_back(symbol.load);
    return out;
  }

 private:
  Scope* parent_;
  Function& function_;
  bool is_top_level_;
  std::uint32_t level_;
  std::unordered_map<std::string_view, Symbol> symbols_;  // names belong to the tree
};

class Resolver {
 public:
  Resolver(Program& program, const TemplateLimits& limits) : program_(program), budget_(limits) {}

  Result<void> run() {
    Function function;
    Scope root(nullptr, function, true);
    analyze(root, program_.body, false);
    TRY(resolve_body(root, program_.body, false));
    program_.loads = root.loads();
    program_.n_slots = function.n_slots;
    return {};
  }

 private:
  // First pass over a scope: which names does it read and set, and in what order? Scopes inside are
  // left alone but for the parts of their heads that belong to this one.

  std::uint32_t context_name(std::string_view name) {
    const auto [found, is_new] =
        name_ids_.try_emplace(name, static_cast<std::uint32_t>(program_.names.size()));
    if (is_new) program_.names.emplace_back(name);
    return found->second;
  }

  void note_load(Scope& scope, std::string_view name) {
    if (scope.find(name)) return;
    scope.define(name, {.from = Load::From::context, .name = context_name(name)});
  }

  void note_store(Scope& scope, std::string_view name, bool in_branch) {
    if (scope.own(name)) return;
    if (const auto outer = scope.find_outside(name))
      scope.define(name, {.from = Load::From::outer, .outer = *outer});
    else if (in_branch)
      // The branch may not be taken: then the name means what it meant before.
      scope.define(name, {.from = Load::From::context, .name = context_name(name)});
    else
      scope.define(name, {.from = Load::From::nothing});
  }

  void note_parameter(Scope& scope, std::string_view name) {
    scope.define(name, {.from = Load::From::parameter});
  }

  void note_target(Scope& scope, const Expr* target, bool in_branch, bool as_parameter) {
    if (target->kind == ExprKind::tuple) {
      for (const Expr* item : static_cast<const SequenceExpr*>(target)->items)
        note_target(scope, item, in_branch, as_parameter);
      return;
    }
    const auto* name = static_cast<const NameExpr*>(target);
    if (!name->attribute.empty())
      note_load(scope, name->name);
    else if (as_parameter)
      note_parameter(scope, name->name);
    else
      note_store(scope, name->name, in_branch);
  }

  void analyze(Scope& scope, const Body& body, bool in_branch) {
    for (const Stmt* stmt : body) analyze(scope, *stmt, in_branch);
  }

  void analyze(Scope& scope, const Stmt& stmt, bool in_branch) {
    switch (stmt.kind) {
      case StmtKind::output:
        for (const Piece& piece : static_cast<const OutputStmt&>(stmt).pieces)
          analyze(scope, piece.expr);
        break;
      case StmtKind::condition: {
        const auto& node = static_cast<const IfStmt&>(stmt);
        for (const auto& [line, test, body] : node.branches) {
          analyze(scope, test);
          analyze(scope, body, true);
        }
        analyze(scope, node.otherwise, true);
        break;
      }
      case StmtKind::loop:
        analyze(scope, static_cast<const ForStmt&>(stmt).iterable);
        break;
      case StmtKind::set: {
        const auto& node = static_cast<const SetStmt&>(stmt);
        analyze(scope, node.value);
        note_target(scope, node.target, in_branch, false);
        break;
      }
      case StmtKind::set_block:
        note_target(scope, static_cast<const SetBlockStmt&>(stmt).target, in_branch, false);
        break;
      case StmtKind::macro:
        note_store(scope, static_cast<const MacroStmt&>(stmt).macro.name, in_branch);
        break;
      case StmtKind::call_block:
        analyze(scope, static_cast<const CallBlockStmt&>(stmt).call);
        break;
      case StmtKind::filter_block:
        analyze(scope, static_cast<const FilterBlockStmt&>(stmt).filter);
        break;
      case StmtKind::with:
        for (const auto& [target, value] : static_cast<const WithStmt&>(stmt).bindings)
          analyze(scope, value);
        break;
      case StmtKind::generation:
      case StmtKind::block:
      case StmtKind::break_loop:
      case StmtKind::continue_loop:
        break;
    }
  }

  void analyze(Scope& scope, const Expr* expr) {
    if (!expr) return;
    if (expr->kind == ExprKind::name) note_load(scope, static_cast<const NameExpr*>(expr)->name);
    for_each_child(*const_cast<Expr*>(expr), [&](Expr* child) { analyze(scope, child); });
  }

  template <class Visit>
  static void for_each_child(Arguments& arguments, Visit visit) {
    for (Expr* value : arguments.positional) visit(value);
    for (const auto& [name, value] : arguments.named) visit(value);
    if (arguments.more_positional) visit(arguments.more_positional);
    if (arguments.more_named) visit(arguments.more_named);
  }

  template <class Visit>
  static void for_each_child(Expr& expr, Visit visit) {
    const auto maybe = [&visit](Expr* child) {
      if (child) visit(child);
    };
    switch (expr.kind) {
      case ExprKind::constant:
      case ExprKind::name:
        break;
      case ExprKind::tuple:
      case ExprKind::list:
      case ExprKind::concat:
        for (Expr* item : static_cast<SequenceExpr&>(expr).items) visit(item);
        break;
      case ExprKind::dict:
        for (const auto& [key, value] : static_cast<DictExpr&>(expr).items) {
          visit(key);
          visit(value);
        }
        break;
      case ExprKind::attribute:
        visit(static_cast<AttributeExpr&>(expr).object);
        break;
      case ExprKind::item:
        visit(static_cast<ItemExpr&>(expr).object);
        visit(static_cast<ItemExpr&>(expr).key);
        break;
      case ExprKind::slice: {
        auto& node = static_cast<SliceExpr&>(expr);
        visit(node.object);
        maybe(node.start);
        maybe(node.stop);
        maybe(node.step);
        break;
      }
      case ExprKind::call:
        visit(static_cast<CallExpr&>(expr).callee);
        for_each_child(static_cast<CallExpr&>(expr).arguments, visit);
        break;
      case ExprKind::filter:
      case ExprKind::test:
        maybe(static_cast<ApplyExpr&>(expr).subject);
        for_each_child(static_cast<ApplyExpr&>(expr).arguments, visit);
        break;
      case ExprKind::unary:
      case ExprKind::negation:
        visit(static_cast<UnaryExpr&>(expr).operand);
        break;
      case ExprKind::binary:
        visit(static_cast<BinaryExpr&>(expr).left);
        visit(static_cast<BinaryExpr&>(expr).right);
        break;
      case ExprKind::logic:
        visit(static_cast<LogicExpr&>(expr).left);
        visit(static_cast<LogicExpr&>(expr).right);
        break;
      case ExprKind::compare:
        visit(static_cast<CompareExpr&>(expr).first);
        for (const auto& [op, operand] : static_cast<CompareExpr&>(expr).rest) visit(operand);
        break;
      case ExprKind::conditional:
        visit(static_cast<ConditionalExpr&>(expr).test);
        visit(static_cast<ConditionalExpr&>(expr).then);
        maybe(static_cast<ConditionalExpr&>(expr).otherwise);
        break;
    }
  }

  // Second pass: names to slots, and the scopes inside. soft: an unknown filter is an error only
  // when it is reached, which Jinja grants directly inside of an if.

  Result<void> resolve_expr(Scope& scope, Expr* expr, bool soft) {
    if (!expr) return {};
    if (expr->kind == ExprKind::name) {
      auto& name = static_cast<NameExpr&>(*expr);
      if (name.name == "self" && !scope.find("self"))
        return fail(ErrorCode::failed, "line {}: the 'self' of templates is not supported",
                    name.line);
      // A name only in the filter of a set block is in no scope yet.
      if (!scope.find(name.name)) note_load(scope, name.name);
      if (const auto slot = scope.find(name.name)) name.slot = *slot;
    } else if (expr->kind == ExprKind::filter || expr->kind == ExprKind::test) {
      auto& applied = static_cast<ApplyExpr&>(*expr);
      const bool is_filter = expr->kind == ExprKind::filter;
      if (is_filter)
        applied.filter = find_filter(applied.name);
      else
        applied.test = find_test(applied.name);
      if (!applied.filter && !applied.test && !soft)
        return fail(ErrorCode::failed, "line {}: No {} named '{}'.", applied.line,
                    is_filter ? "filter" : "test", applied.name);
    }
    Result<void> result;
    const bool inner_soft = soft || expr->kind == ExprKind::conditional;
    for_each_child(*expr, [&](Expr* child) {
      if (result) result = resolve_expr(scope, child, inner_soft);
    });
    return result;
  }

  // Targets: the slot is in the scope, whatever else has the name.
  void resolve_target(Scope& scope, Expr* target) {
    if (target->kind == ExprKind::tuple) {
      for (Expr* item : static_cast<SequenceExpr*>(target)->items) resolve_target(scope, item);
      return;
    }
    auto* name = static_cast<NameExpr*>(target);
    name->slot = *scope.find(name->name);
    if (scope.is_top_level() && name->attribute.empty()) name->exported = context_name(name->name);
  }

  Result<void> resolve_body(Scope& scope, Body& body, bool soft) {
    for (Stmt* stmt : body) TRY(resolve_stmt(scope, *stmt, soft));
    return {};
  }

  Result<void> resolve_stmt(Scope& scope, Stmt& stmt, bool soft) {
    const Nesting nesting(budget_);
    if (nesting.too_deep()) return Nesting::error();
    switch (stmt.kind) {
      case StmtKind::output:
        for (Piece& piece : static_cast<OutputStmt&>(stmt).pieces)
          TRY(resolve_expr(scope, piece.expr, soft));
        return {};
      case StmtKind::condition: {
        auto& node = static_cast<IfStmt&>(stmt);
        for (auto& [line, test, body] : node.branches) {
          TRY(resolve_expr(scope, test, true));
          TRY(resolve_body(scope, body, true));
        }
        return resolve_body(scope, node.otherwise, true);
      }
      case StmtKind::loop:
        return resolve_loop(scope, static_cast<ForStmt&>(stmt), soft);
      case StmtKind::set: {
        auto& node = static_cast<SetStmt&>(stmt);
        resolve_target(scope, node.target);
        return resolve_expr(scope, node.value, soft);
      }
      case StmtKind::set_block: {
        auto& node = static_cast<SetBlockStmt&>(stmt);
        resolve_target(scope, node.target);
        Scope inner(&scope, scope.function(), false);
        analyze(inner, node.body, false);
        TRY(resolve_body(inner, node.body, false));
        TRY(resolve_expr(inner, node.filter, false));
        node.loads = inner.loads();
        return {};
      }
      case StmtKind::macro: {
        auto& node = static_cast<MacroStmt&>(stmt);
        resolve_target(scope, node.target);
        return resolve_macro(scope, node.macro);
      }
      case StmtKind::call_block: {
        auto& node = static_cast<CallBlockStmt&>(stmt);
        TRY(resolve_macro(scope, node.macro));
        return resolve_expr(scope, node.call, soft);
      }
      case StmtKind::generation:
        return resolve_macro(scope, static_cast<CallBlockStmt&>(stmt).macro);
      case StmtKind::filter_block: {
        auto& node = static_cast<FilterBlockStmt&>(stmt);
        Scope inner(&scope, scope.function(), false);
        analyze(inner, node.body, false);
        analyze(inner, node.filter);
        TRY(resolve_body(inner, node.body, false));
        TRY(resolve_expr(inner, node.filter, false));
        node.loads = inner.loads();
        return {};
      }
      case StmtKind::with: {
        auto& node = static_cast<WithStmt&>(stmt);
        Scope inner(&scope, scope.function(), false);
        for (auto& [target, value] : node.bindings) note_target(inner, target, false, true);
        analyze(inner, node.body, false);
        for (auto& [target, value] : node.bindings) {
          resolve_target(inner, target);
          TRY(resolve_expr(scope, value, soft));
        }
        TRY(resolve_body(inner, node.body, false));
        node.loads = inner.loads();
        return {};
      }
      case StmtKind::block: {
        auto& node = static_cast<BlockStmt&>(stmt);
        Function function;
        Scope inner(nullptr, function, false);
        analyze(inner, node.body, false);
        TRY(resolve_body(inner, node.body, false));
        node.loads = inner.loads();
        node.n_slots = function.n_slots;
        return {};
      }
      case StmtKind::break_loop:
      case StmtKind::continue_loop:
        return {};
    }
    return {};
  }

  Result<void> resolve_loop(Scope& scope, ForStmt& node, bool soft) {
    TRY(resolve_expr(scope, node.iterable, soft));
    if (node.test) {
      // The test is a generator around the loop's items, with a scope of its own.
      Scope inner(&scope, scope.function(), false, kTestLevel);
      note_target(inner, node.target, false, true);
      analyze(inner, node.test);
      resolve_target(inner, node.test_target);
      TRY(resolve_expr(inner, node.test, false));
      node.test_loads = inner.loads();
    }
    Function own{scope.function().depth + 1, 0, {}};
    Function& function = node.recursive ? own : scope.function();
    Scope body(&scope, function, false);
    if (node.uses_loop) {
      note_parameter(body, "loop");
      node.loop_slot = body.own("loop")->slot;
    }
    note_target(body, node.target, false, true);
    analyze(body, node.body, false);
    resolve_target(body, node.target);
    TRY(resolve_body(body, node.body, false));
    node.body_loads = body.loads();
    Scope otherwise(&scope, function, false);
    analyze(otherwise, node.otherwise, false);
    TRY(resolve_body(otherwise, node.otherwise, false));
    node.else_loads = otherwise.loads();
    node.n_slots = own.n_slots;
    return {};
  }

  Result<void> resolve_macro(Scope& scope, MacroBody& macro) {
    Function function{scope.function().depth + 1, 0, {}};
    Scope inner(&scope, function, false);
    for (NameExpr* parameter : macro.parameters) {
      note_parameter(inner, parameter->name);
      parameter->slot = {0, inner.own(parameter->name)->slot};
    }
    for (const Expr* value : macro.defaults) analyze(inner, value);
    analyze(inner, macro.body, false);
    const auto special = [&](bool used, std::string_view name, std::uint32_t& slot) {
      if (!used) return;
      const bool is_parameter =
          inner.own(name) && inner.own(name)->load.from == Load::From::parameter;
      if (!is_parameter) note_parameter(inner, name);
      slot = inner.own(name)->slot;
    };
    special(macro.uses_caller, "caller", macro.caller_slot);
    special(macro.uses_kwargs, "kwargs", macro.kwargs_slot);
    special(macro.uses_varargs, "varargs", macro.varargs_slot);
    for (Expr* value : macro.defaults) TRY(resolve_expr(inner, value, false));
    TRY(resolve_body(inner, macro.body, false));
    macro.loads = inner.loads();
    macro.n_slots = function.n_slots;
    return {};
  }

  Program& program_;
  Budget budget_;
  std::unordered_map<std::string_view, std::uint32_t> name_ids_;
};

}  // namespace

Result<void> resolve(Program& program, const TemplateLimits& limits) {
  return Resolver(program, limits).run();
}

}  // namespace hearth::text::jinja
