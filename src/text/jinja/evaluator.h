// SPDX-License-Identifier: Apache-2.0
//
// One render of a template: walks the tree, holds the variables, the output and the budget.
// Filters, tests, methods and objects get it as their way back into the language.
#pragma once

#include <ctime>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/budget.h"
#include "text/jinja/cycles.h"
#include "text/jinja/frame.h"
#include "text/jinja/object.h"
#include "text/jinja/registry.h"

namespace hearth {
using Json = nlohmann::ordered_json;  // base/json.h has the definition
}

namespace hearth::text::jinja {

// What Python would raise. The line is added where the error leaves the render.
template <class... Args>
std::unexpected<Error> raised(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorCode::failed, format, std::forward<Args>(args)...);
}

class Evaluator {
 public:
  Evaluator(const Program& program, const TemplateLimits& limits, std::optional<std::tm> now)
      : program_(program), budget_(limits), now_(now) {}

  Result<std::string> render(const Json& variables);

  Budget& budget() { return budget_; }
  CycleList& cycles() { return cycles_; }
  const std::optional<std::tm>& now() const { return now_; }

  // A string value, charged to the budget.
  Result<Value> text(std::string bytes, bool markup = false);
  // A string value and plain text behind it.
  Result<Value> append(const Value& left, std::string_view more);
  Result<Value> call(const Value& callee, CallArgs args);
  Result<Value> apply_filter(std::string_view name, const Value& subject, CallArgs args);
  Result<bool> apply_test(std::string_view name, const Value& subject, CallArgs args);

  // For macros, loops and the items that pass a loop's test.
  Result<Value> run_macro(const MacroBody& macro, const Ref<Frame>& outer,
                          std::vector<Value> arguments, Value caller, Value kwargs, Value varargs);
  Result<Value> run_recursive_loop(const ForStmt& loop, Ref<Frame> outer, const Value& items,
                                   int depth0);
  Result<bool> passes_test(const ForStmt& loop, const Ref<Frame>& frame, Value& item);
  Result<void> begin_test(const ForStmt& loop, const Ref<Frame>& frame);

 private:
  enum class Flow : std::uint8_t { normal, break_loop, continue_loop };
  class Capture;
  class InFrame;

  // Statements (evaluate_statement.cc).
  Result<Flow> run(const Body& body);
  Result<Flow> run(const Stmt& stmt);
  Result<Flow> run_output(const OutputStmt& stmt);
  Result<Flow> run_if(const IfStmt& stmt);
  Result<Flow> run_for(const ForStmt& stmt);
  Result<Flow> run_items(const ForStmt& stmt, Ref<Frame> test_frame, const Value& items,
                         int depth0);
  Result<Flow> run_set(const SetStmt& stmt);
  Result<Flow> run_set_block(const SetBlockStmt& stmt);
  Result<Flow> run_macro_statement(const MacroStmt& stmt);
  Result<Flow> run_call_block(const CallBlockStmt& stmt);
  Result<Flow> run_filter_block(const FilterBlockStmt& stmt);
  Result<Flow> run_with(const WithStmt& stmt);
  Result<Flow> run_block(const BlockStmt& stmt);
  Result<void> write(std::string_view text);
  Result<void> assign(const Expr& target, Value value);
  Result<void> unpack(const SequenceExpr& targets, const Value& value);
  Result<void> check_namespaces(const Expr& target);
  Value rebuilt(const Expr& target);
  void load(const ScopeLoads& scope);
  void leave(const ScopeLoads& scope);
  const Value& context(std::uint32_t name) const;
  void export_name(const NameExpr& target, const Value& value);

  // Expressions (evaluate_expression.cc).
  Result<Value> eval(const Expr& expr);
  Result<Value> eval_name(const NameExpr& expr);
  Result<Value> eval_sequence(const SequenceExpr& expr);
  Result<Value> eval_dict(const DictExpr& expr);
  Result<Value> eval_item(const ItemExpr& expr);
  Result<Value> eval_slice(const SliceExpr& expr);
  Result<Value> eval_call(const CallExpr& expr, Value caller);
  Result<Value> eval_filter(const ApplyExpr& expr, const Value* block_text);
  Result<Value> eval_test(const ApplyExpr& expr);
  Result<Value> eval_binary(const BinaryExpr& expr);
  Result<Value> eval_compare(const CompareExpr& expr);
  Result<Value> eval_concat(const SequenceExpr& expr);
  Result<Value> eval_conditional(const ConditionalExpr& expr);
  Result<CallArgs> eval_arguments(const Arguments& arguments);
  Result<void> add_positional(CallArgs& into, const Value& more);
  Result<void> add_named(CallArgs& into, const Value& more);

  const Program& program_;
  CycleList cycles_;
  Budget budget_;
  std::optional<std::tm> now_;
  std::vector<Value> variables_;  // by Program::names
  std::vector<Value> exported_;   // what the top level sets, for blocks
  Ref<Frame> frame_;
  std::string* out_ = nullptr;
  std::uint32_t line_ = 1;
  int calls_ = 0;
};

}  // namespace hearth::text::jinja
