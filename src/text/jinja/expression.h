// SPDX-License-Identifier: Apache-2.0
//
// The expressions of a template as a tree (ast.h has the statements, and says who owns nodes and
// what slots are).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

}  // namespace hearth::text::jinja
