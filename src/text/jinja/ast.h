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

#include "text/jinja/expression.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {

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
  struct Branch {
    std::uint32_t line = 0;
    Expr* test = nullptr;
    Body body;
  };
  explicit IfStmt(std::uint32_t at) : Stmt(StmtKind::condition, at) {}
  std::vector<Branch> branches;
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
  std::uint32_t line = 0;
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
