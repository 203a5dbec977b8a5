// SPDX-License-Identifier: Apache-2.0
//
// A template as a tree. Nodes belong to the Program and never change after resolve (scope.h) has
// given every name its place, so any number of renders on any threads may read them.
//
// Names live in numbered slots of frames. A frame belongs to one run of a function: the template, a
// macro, the body of a call block, a recursive loop, a block. Other scopes (loops, with, filter and
// set blocks) have slots of their own in the frame of the function around them, as in the Python
// code that Jinja2 generates: that is what makes its scoping rules come out the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/compare.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

struct Filter;  // registry.h
struct Test;

struct Node {
  std::uint32_t line = 0;
  virtual ~Node() = default;
};

// A slot of the frame that is so many functions out from the running one.
struct SlotRef {
  std::uint32_t hops = 0;
  std::uint32_t index = 0;
};

// What a scope does with a slot when it is entered.
struct Load {
  enum class From : std::uint8_t { parameter, context, outer, nothing };
  From from = From::nothing;
  std::uint32_t slot = 0;
  std::uint32_t name = 0;  // of the context, an index into Program::names
  SlotRef outer;
};

struct ScopeLoads {
  std::vector<Load> loads;
};

enum class ExprKind : std::uint8_t {
  constant,
  name,
  tuple,
  list,
  dict,
  attribute,
  item,
  slice,
  call,
  filter,
  test,
  unary,
  binary,
  logic,
  negation,
  concat,
  compare,
  conditional,
};
enum class UnaryOp : std::uint8_t { minus, plus };
enum class BinaryOp : std::uint8_t { add, sub, mul, div, floor_div, mod, pow };

struct Expr : Node {
  Expr(ExprKind which, std::uint32_t at) : kind(which) { line = at; }
  ExprKind kind;
  std::uint32_t depth = 1;  // of the tree below, which the parser bounds
};

struct ConstantExpr final : Expr {
  ConstantExpr(std::uint32_t at, Value of) : Expr(ExprKind::constant, at), value(std::move(of)) {}
  Value value;
};

struct NameExpr final : Expr {
  NameExpr(std::uint32_t at, std::string of) : Expr(ExprKind::name, at), name(std::move(of)) {}
  std::string name;
  std::string attribute;  // of a namespace, in targets of set only
  SlotRef slot;
  std::uint32_t exported = kNotExported;  // targets: the context name that blocks see it under
  Value undefined;                        // what an absent value reads as
  static constexpr std::uint32_t kNotExported = ~std::uint32_t{0};
};

struct SequenceExpr final : Expr {
  using Expr::Expr;
  std::vector<Expr*> items;  // of a tuple, list, or concatenation
};

struct DictExpr final : Expr {
  explicit DictExpr(std::uint32_t at) : Expr(ExprKind::dict, at) {}
  std::vector<std::pair<Expr*, Expr*>> items;
};

struct AttributeExpr final : Expr {
  AttributeExpr(std::uint32_t at, Expr* of, std::string which)
      : Expr(ExprKind::attribute, at), object(of), name(std::move(which)) {}
  Expr* object;
  std::string name;
};

struct ItemExpr final : Expr {
  ItemExpr(std::uint32_t at, Expr* of, Expr* which)
      : Expr(ExprKind::item, at), object(of), key(which) {}
  Expr* object;
  Expr* key;
};

struct SliceExpr final : Expr {
  SliceExpr(std::uint32_t at, Expr* of) : Expr(ExprKind::slice, at), object(of) {}
  Expr* object;
  Expr* start = nullptr;
  Expr* stop = nullptr;
  Expr* step = nullptr;
};

struct Arguments {
  std::vector<Expr*> positional;
  std::vector<std::pair<std::string, Expr*>> named;
  Expr* more_positional = nullptr;
  Expr* more_named = nullptr;
};

struct CallExpr final : Expr {
  CallExpr(std::uint32_t at, Expr* of) : Expr(ExprKind::call, at), callee(of) {}
  Expr* callee;
  Arguments arguments;
};

// A filter or a test; the subject of a filter at the head of a filter block is null.
struct ApplyExpr final : Expr {
  ApplyExpr(ExprKind which, std::uint32_t at, Expr* of, std::string named)
      : Expr(which, at), subject(of), name(std::move(named)) {}
  Expr* subject;
  std::string name;
  Arguments arguments;
  const Filter* filter =
      nullptr;  // null if there is none of that name: an error when it is reached
  const Test* test = nullptr;
};

struct UnaryExpr final : Expr {
  UnaryExpr(ExprKind which, std::uint32_t at, UnaryOp what, Expr* of)
      : Expr(which, at), op(what), operand(of) {}
  UnaryOp op;
  Expr* operand;
};

struct BinaryExpr final : Expr {
  BinaryExpr(std::uint32_t at, BinaryOp what, Expr* a, Expr* b)
      : Expr(ExprKind::binary, at), op(what), left(a), right(b) {}
  BinaryOp op;
  Expr* left;
  Expr* right;
};

struct LogicExpr final : Expr {
  LogicExpr(std::uint32_t at, bool is_or, Expr* a, Expr* b)
      : Expr(ExprKind::logic, at), stops_on(is_or), left(a), right(b) {}
  bool stops_on;  // the truth of the left side that decides alone
  Expr* left;
  Expr* right;
};

struct CompareExpr final : Expr {
  CompareExpr(std::uint32_t at, Expr* head) : Expr(ExprKind::compare, at), first(head) {}
  enum class Op : std::uint8_t {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    not_in
  };
  Expr* first;
  std::vector<std::pair<Op, Expr*>> rest;
};

struct ConditionalExpr final : Expr {
  ConditionalExpr(std::uint32_t at, Expr* when, Expr* yes, Expr* no)
      : Expr(ExprKind::conditional, at), test(when), then(yes), otherwise(no) {}
  Expr* test;
  Expr* then;
  Expr* otherwise;  // may be null: undefined then
};

enum class StmtKind : std::uint8_t {
  output,
  condition,
  loop,
  set,
  set_block,
  macro,
  call_block,
  generation,
  filter_block,
  with,
  block,
  break_loop,
  continue_loop,
};

struct Stmt : Node {
  Stmt(StmtKind which, std::uint32_t at) : kind(which) { line = at; }
  StmtKind kind;
};
using Body = std::vector<Stmt*>;

// Text of the template or a printed expression.
struct Piece {
  std::string text;
  Expr* expr = nullptr;
};

struct OutputStmt final : Stmt {
  explicit OutputStmt(std::uint32_t at) : Stmt(StmtKind::output, at) {}
  std::vector<Piece> pieces;
};

struct IfStmt final : Stmt {
  explicit IfStmt(std::uint32_t at) : Stmt(StmtKind::condition, at) {}
  std::vector<std::pair<Expr*, Body>> branches;
  Body otherwise;
};

struct ForStmt final : Stmt {
  explicit ForStmt(std::uint32_t at) : Stmt(StmtKind::loop, at) {}
  Expr* target = nullptr;
  Expr* iterable = nullptr;
  Expr* test = nullptr;
  Body body;
  Body otherwise;
  bool recursive = false;
  bool uses_loop = false;
  Expr* test_target = nullptr;  // the target again, in the scope of the test
  ScopeLoads body_loads;
  ScopeLoads test_loads;
  ScopeLoads else_loads;
  std::uint32_t loop_slot = 0;
  std::uint32_t n_slots = 0;  // of the function that a recursive loop is
};

struct SetStmt final : Stmt {
  explicit SetStmt(std::uint32_t at) : Stmt(StmtKind::set, at) {}
  Expr* target = nullptr;
  Expr* value = nullptr;
};

struct SetBlockStmt final : Stmt {
  explicit SetBlockStmt(std::uint32_t at) : Stmt(StmtKind::set_block, at) {}
  Expr* target = nullptr;
  Expr* filter = nullptr;
  Body body;
  ScopeLoads loads;
};

struct MacroBody {
  std::string name;  // empty for a call block
  std::vector<NameExpr*> parameters;
  std::vector<Expr*> defaults;  // of the last ones
  Body body;
  ScopeLoads loads;
  std::uint32_t n_slots = 0;
  bool uses_caller = false;
  bool uses_kwargs = false;
  bool uses_varargs = false;
  std::uint32_t caller_slot = 0;
  std::uint32_t kwargs_slot = 0;
  std::uint32_t varargs_slot = 0;
};

struct MacroStmt final : Stmt {
  explicit MacroStmt(std::uint32_t at) : Stmt(StmtKind::macro, at) {}
  MacroBody macro;
  NameExpr* target = nullptr;
};

// {% call %}, and {% generation %}, which has no call: its body is run at once.
struct CallBlockStmt final : Stmt {
  CallBlockStmt(StmtKind which, std::uint32_t at) : Stmt(which, at) {}
  MacroBody macro;
  CallExpr* call = nullptr;
};

struct FilterBlockStmt final : Stmt {
  explicit FilterBlockStmt(std::uint32_t at) : Stmt(StmtKind::filter_block, at) {}
  Expr* filter = nullptr;
  Body body;
  ScopeLoads loads;
};

struct WithStmt final : Stmt {
  explicit WithStmt(std::uint32_t at) : Stmt(StmtKind::with, at) {}
  std::vector<std::pair<Expr*, Expr*>> bindings;
  Body body;
  ScopeLoads loads;
};

struct BlockStmt final : Stmt {
  explicit BlockStmt(std::uint32_t at) : Stmt(StmtKind::block, at) {}
  std::string name;
  Body body;
  ScopeLoads loads;
  std::uint32_t n_slots = 0;
};

struct JumpStmt final : Stmt {
  using Stmt::Stmt;
};

struct Program {
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<Object*> constants;  // immortal, ours to delete
  Body body;
  ScopeLoads loads;
  std::uint32_t n_slots = 0;
  std::vector<std::string> names;  // looked up in the context

  template <class T, class... Args>
  T* add(Args&&... args) {
    auto node = std::make_unique<T>(std::forward<Args>(args)...);
    T* raw = node.get();
    nodes.push_back(std::move(node));
    return raw;
  }
  // Makes the value immortal and takes charge of it.
  Value constant(Value value);
};

}  // namespace hearth::text::jinja
