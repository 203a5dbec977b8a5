// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/iterators.h"
#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/namespace.h"
#include "text/jinja/operations.h"

namespace hearth::text::jinja {

// Sends output into a text of its own for as long as it lives.
class Evaluator::Capture {
 public:
  explicit Capture(Evaluator& evaluator)
      : evaluator_(evaluator), saved_(std::exchange(evaluator.out_, &text_)) {}
  ~Capture() { evaluator_.out_ = saved_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  Result<Value> take() { return evaluator_.text(std::move(text_)); }

 private:
  Evaluator& evaluator_;
  std::string text_;
  std::string* saved_;
};

// Runs code in another frame for as long as it lives.
class Evaluator::InFrame {
 public:
  InFrame(Evaluator& evaluator, Ref<Frame> frame)
      : evaluator_(evaluator), saved_(std::exchange(evaluator.frame_, std::move(frame))) {}
  ~InFrame() { evaluator_.frame_ = std::move(saved_); }
  InFrame(const InFrame&) = delete;
  InFrame& operator=(const InFrame&) = delete;

 private:
  Evaluator& evaluator_;
  Ref<Frame> saved_;
};

Result<std::string> Evaluator::render(const Json& variables) {
  std::string out;
  const auto run_all = [&]() -> Result<void> {
    variables_.resize(program_.names.size());
    exported_.resize(program_.names.size());
    for (std::size_t i = 0; i < program_.names.size(); ++i) {
      const std::string& name = program_.names[i];
      if (const auto found = variables.find(name); found != variables.end())
        variables_[i] = TRY(from_json(*this, *found));
      else if (const Function* function = find_function(name))
        variables_[i] = Value::of(
            Ref<ExtendedObject>(make<FunctionObject>(function->name, function->call).get()));
    }
    frame_ = make<Frame>(cycles_, Ref<Frame>(), program_.n_slots);
    out_ = &out;
    load(program_.loads);
    static_cast<void>(TRY(run(program_.body)));
    return {};
  };
  if (Result<void> done = run_all(); !done)
    return fail(done.error().code, "line {}: {}", line_, done.error().message);
  return out;
}

const Value& Evaluator::context(std::uint32_t name) const {
  return exported_[name].is_missing() ? variables_[name] : exported_[name];
}

void Evaluator::load(const ScopeLoads& scope) {
  for (const Load& entry : scope.loads) {
    switch (entry.from) {
      case Load::From::parameter:
        break;
      case Load::From::context:
        frame_->slot(entry.slot) = context(entry.name);
        break;
      case Load::From::outer: {
        const Value* value = frame_->find(entry.outer);
        frame_->slot(entry.slot) = value ? *value : Value();
        break;
      }
      case Load::From::nothing:
        frame_->slot(entry.slot) = Value();
        break;
    }
  }
}

void Evaluator::leave(const ScopeLoads& scope) {
  for (const Load& entry : scope.loads) frame_->slot(entry.slot) = Value();
}

Result<void> Evaluator::write(std::string_view text) {
  if (out_->size() + text.size() > budget_.max_text()) return budget_.too_long();
  TRY(budget_.charge(text.size() / 32));
  out_->append(text);
  return {};
}

Result<Evaluator::Flow> Evaluator::run(const Body& body) {
  for (const Stmt* stmt : body) {
    const Flow flow = TRY(run(*stmt));
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run(const Stmt& stmt) {
  const Nesting nesting(budget_);
  if (nesting.too_deep()) return Nesting::error();
  TRY(budget_.charge(1));
  line_ = stmt.line;
  switch (stmt.kind) {
    case StmtKind::output:
      return run_output(static_cast<const OutputStmt&>(stmt));
    case StmtKind::condition:
      return run_if(static_cast<const IfStmt&>(stmt));
    case StmtKind::loop:
      return run_for(static_cast<const ForStmt&>(stmt));
    case StmtKind::set:
      return run_set(static_cast<const SetStmt&>(stmt));
    case StmtKind::set_block:
      return run_set_block(static_cast<const SetBlockStmt&>(stmt));
    case StmtKind::macro:
      return run_macro_statement(static_cast<const MacroStmt&>(stmt));
    case StmtKind::call_block:
    case StmtKind::generation:
      return run_call_block(static_cast<const CallBlockStmt&>(stmt));
    case StmtKind::filter_block:
      return run_filter_block(static_cast<const FilterBlockStmt&>(stmt));
    case StmtKind::with:
      return run_with(static_cast<const WithStmt&>(stmt));
    case StmtKind::block:
      return run_block(static_cast<const BlockStmt&>(stmt));
    case StmtKind::break_loop:
      return Flow::break_loop;
    case StmtKind::continue_loop:
      return Flow::continue_loop;
  }
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run_output(const OutputStmt& stmt) {
  for (const Piece& piece : stmt.pieces) {
    if (!piece.expr) {
      TRY(write(piece.text));
      continue;
    }
    line_ = piece.expr->line;
    const Value value = TRY(eval(*piece.expr));
    if (value.is_string())
      TRY(write(value.as_text()));
    else if (!value.is_undefined())
      TRY(write(TRY(to_text(*this, value))));
  }
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run_if(const IfStmt& stmt) {
  for (const IfStmt::Branch& branch : stmt.branches) {
    line_ = branch.line;
    const Value value = TRY(eval(*branch.test));
    if (is_true(value)) return run(branch.body);
  }
  return run(stmt.otherwise);
}

Result<Evaluator::Flow> Evaluator::run_for(const ForStmt& stmt) {
  const Value items = TRY(eval(*stmt.iterable));
  if (!stmt.recursive) return run_items(stmt, frame_, items, 0);
  const Value text = TRY(run_recursive_loop(stmt, frame_, items, 0));
  TRY(write(text.as_text()));
  return Flow::normal;
}

Result<Value> Evaluator::run_recursive_loop(const ForStmt& stmt, Ref<Frame> outer,
                                            const Value& items, int depth0) {
  const Nesting nesting(budget_);
  if (nesting.too_deep() || calls_ >= budget_.max_depth()) return Nesting::error();
  TRY(budget_.charge(stmt.n_slots));
  ++calls_;
  const std::uint32_t line = line_;
  const InFrame in_frame(*this, make<Frame>(cycles_, outer, stmt.n_slots));
  Capture capture(*this);
  const Result<Flow> flow = run_items(stmt, outer, items, depth0);
  --calls_;
  if (!flow) return std::unexpected(flow.error());
  line_ = line;
  return capture.take();
}

Result<Evaluator::Flow> Evaluator::run_items(const ForStmt& stmt, Ref<Frame> test_frame,
                                             const Value& items, int depth0) {
  const std::uint32_t items_line = stmt.test ? stmt.test->line : stmt.line;
  line_ = items_line;
  Ref<IteratorObject> iterator = TRY(iterate(*this, items));
  std::optional<std::size_t> size = length_of(items);
  if (stmt.test) {
    iterator = make_tested(stmt, test_frame, std::move(iterator));
    size.reset();
  }
  Ref<LoopObject> loop;
  if (stmt.uses_loop)
    loop = make<LoopObject>(cycles_, iterator, size, depth0, stmt.recursive ? &stmt : nullptr,
                            test_frame);
  bool finished_one = false;
  while (true) {
    line_ = items_line;
    Value item = TRY(loop ? loop->advance(*this) : iterator->next(*this));
    if (item.is_missing()) break;
    TRY(budget_.charge(1 + stmt.body_loads.loads.size()));
    TRY(assign(*stmt.target, std::move(item)));
    if (loop) frame_->slot(stmt.loop_slot) = Value::of(Ref<ExtendedObject>(loop.get()));
    load(stmt.body_loads);
    const Flow flow = TRY(run(stmt.body));
    if (flow == Flow::break_loop) break;
    // A step that ends early does not count: Jinja runs "else" although there were items.
    if (flow == Flow::normal) finished_one = true;
  }
  leave(stmt.body_loads);
  if (finished_one || stmt.otherwise.empty()) return Flow::normal;
  load(stmt.else_loads);
  const Flow flow = TRY(run(stmt.otherwise));
  leave(stmt.else_loads);
  return flow;
}

Result<void> Evaluator::begin_test(const ForStmt& stmt, const Ref<Frame>& frame) {
  const InFrame in_frame(*this, frame);
  load(stmt.test_loads);
  return {};
}

Result<bool> Evaluator::passes_test(const ForStmt& stmt, const Ref<Frame>& frame, Value& item) {
  const InFrame in_frame(*this, frame);
  const std::uint32_t line = std::exchange(line_, stmt.test->line);
  TRY(assign(*stmt.test_target, item));
  const Value passed = TRY(eval(*stmt.test));
  line_ = line;
  item = rebuilt(*stmt.test_target);
  return is_true(passed);
}

// What the targets hold: Jinja's generator passes on the names, not the item that they were taken
// from.
Value Evaluator::rebuilt(const Expr& target) {
  if (target.kind == ExprKind::name)
    return *frame_->find(static_cast<const NameExpr&>(target).slot);
  std::vector<Value> items;
  for (const Expr* item : static_cast<const SequenceExpr&>(target).items)
    items.push_back(rebuilt(*item));
  return Value::tuple(std::move(items));
}

Result<void> Evaluator::assign(const Expr& target, Value value) {
  if (target.kind == ExprKind::tuple)
    return unpack(static_cast<const SequenceExpr&>(target), value);
  const auto& name = static_cast<const NameExpr&>(target);
  Value* slot = frame_->find(name.slot);
  if (!slot) return raised("'{}' is no longer there", name.name);
  if (!name.attribute.empty()) {
    NamespaceObject* space = as_namespace(*slot);
    if (!space) return raised("cannot assign attribute on non-namespace object");
    space->set(name.attribute, std::move(value));
    return {};
  }
  export_name(name, value);
  *slot = std::move(value);
  return {};
}

void Evaluator::export_name(const NameExpr& target, const Value& value) {
  if (target.exported != NameExpr::kNotExported) exported_[target.exported] = value;
}

Result<void> Evaluator::unpack(const SequenceExpr& targets, const Value& value) {
  if (!is_iterable(value)) return raised("cannot unpack non-iterable {} object", type_name(value));
  const Ref<IteratorObject> items = TRY(iterate(*this, value));
  TRY(budget_.charge(4));
  std::vector<Value> taken;
  while (taken.size() <= targets.items.size()) {
    Value item = TRY(items->next(*this));
    if (item.is_missing()) break;
    taken.push_back(std::move(item));
  }
  if (taken.size() > targets.items.size())
    return raised("too many values to unpack (expected {})", targets.items.size());
  if (taken.size() < targets.items.size())
    return raised("not enough values to unpack (expected {}, got {})", targets.items.size(),
                  taken.size());
  for (std::size_t i = 0; i < taken.size(); ++i)
    TRY(assign(*targets.items[i], std::move(taken[i])));
  return {};
}

Result<void> Evaluator::check_namespaces(const Expr& target) {
  if (target.kind == ExprKind::tuple) {
    for (const Expr* item : static_cast<const SequenceExpr&>(target).items)
      TRY(check_namespaces(*item));
    return {};
  }
  const auto& name = static_cast<const NameExpr&>(target);
  if (name.attribute.empty()) return {};
  const Value* slot = frame_->find(name.slot);
  if (!slot || !as_namespace(*slot))
    return raised("cannot assign attribute on non-namespace object");
  return {};
}

Result<Evaluator::Flow> Evaluator::run_set(const SetStmt& stmt) {
  TRY(check_namespaces(*stmt.target));
  Value value = TRY(eval(*stmt.value));
  TRY(assign(*stmt.target, std::move(value)));
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run_set_block(const SetBlockStmt& stmt) {
  load(stmt.loads);
  Value text;
  {
    Capture capture(*this);
    const Flow flow = TRY(run(stmt.body));
    if (flow != Flow::normal) return flow;
    text = TRY(capture.take());
  }
  line_ = stmt.line;
  if (stmt.filter) text = TRY(eval_filter(static_cast<const ApplyExpr&>(*stmt.filter), &text));
  TRY(assign(*stmt.target, std::move(text)));
  leave(stmt.loads);
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run_macro_statement(const MacroStmt& stmt) {
  Value macro = Value::of(Ref<ExtendedObject>(make<MacroObject>(stmt.macro, frame_).get()));
  TRY(assign(*stmt.target, std::move(macro)));
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run_call_block(const CallBlockStmt& stmt) {
  Value body = Value::of(Ref<ExtendedObject>(make<MacroObject>(stmt.macro, frame_).get()));
  const Value text = TRY(stmt.call ? eval_call(*stmt.call, std::move(body)) : call(body, {}));
  TRY(write(TRY(to_text(*this, text))));
  return Flow::normal;
}

Result<Value> Evaluator::run_macro(const MacroBody& macro, const Ref<Frame>& outer,
                                   std::vector<Value> arguments, Value caller, Value kwargs,
                                   Value varargs) {
  if (calls_ >= budget_.max_depth()) return Nesting::error();
  TRY(budget_.charge(macro.n_slots));
  const std::uint32_t line = std::exchange(line_, macro.line);
  const InFrame in_frame(*this, make<Frame>(cycles_, outer, macro.n_slots));
  for (std::size_t i = 0; i < arguments.size(); ++i)
    frame_->slot(macro.parameters[i]->slot.index) = std::move(arguments[i]);
  if (!caller.is_missing()) frame_->slot(macro.caller_slot) = std::move(caller);
  if (!kwargs.is_missing()) frame_->slot(macro.kwargs_slot) = std::move(kwargs);
  if (!varargs.is_missing()) frame_->slot(macro.varargs_slot) = std::move(varargs);
  load(macro.loads);
  const std::size_t n_required = macro.parameters.size() - macro.defaults.size();
  Capture capture(*this);
  ++calls_;
  const auto body = [&]() -> Result<void> {
    for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
      Value& slot = frame_->slot(macro.parameters[i]->slot.index);
      if (!slot.is_missing()) continue;
      Value given = i < n_required ? macro.parameters[i]->undefined
                                   : TRY(eval(*macro.defaults[i - n_required]));
      frame_->slot(macro.parameters[i]->slot.index) = std::move(given);
    }
    static_cast<void>(TRY(run(macro.body)));
    return {};
  };
  const Result<void> done = body();
  --calls_;
  if (!done) return std::unexpected(done.error());
  line_ = line;
  return capture.take();
}

Result<Evaluator::Flow> Evaluator::run_filter_block(const FilterBlockStmt& stmt) {
  load(stmt.loads);
  Value text;
  {
    Capture capture(*this);
    const Flow flow = TRY(run(stmt.body));
    if (flow != Flow::normal) return flow;
    text = TRY(capture.take());
  }
  line_ = stmt.line;
  const Value filtered = TRY(eval_filter(static_cast<const ApplyExpr&>(*stmt.filter), &text));
  TRY(write(TRY(to_text(*this, filtered))));
  leave(stmt.loads);
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::run_with(const WithStmt& stmt) {
  load(stmt.loads);
  for (const auto& [target, value] : stmt.bindings) {
    Value bound = TRY(eval(*value));
    TRY(assign(*target, std::move(bound)));
  }
  const Flow flow = TRY(run(stmt.body));
  leave(stmt.loads);
  return flow;
}

Result<Evaluator::Flow> Evaluator::run_block(const BlockStmt& stmt) {
  const InFrame in_frame(*this, make<Frame>(cycles_, Ref<Frame>(), stmt.n_slots));
  load(stmt.loads);
  static_cast<void>(TRY(run(stmt.body)));
  return Flow::normal;
}

}  // namespace hearth::text::jinja
