// SPDX-License-Identifier: Apache-2.0
//
// Tokens to tree, by recursive descent over Jinja2's grammar. Depth is bounded as the template's
// limits say; names are not resolved yet (scope.h does that).
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/budget.h"
#include "text/jinja/lexer.h"

namespace hearth::text::jinja {

class Parser {
 public:
  Parser(std::vector<Token> tokens, Program& program, const TemplateLimits& limits)
      : tokens_(std::move(tokens)), program_(program), limits_(limits), budget_(limits) {}

  // Fills the program. The message starts with "line N: ".
  Result<void> run();

 private:
  using Names = std::initializer_list<std::string_view>;
  template <class T>
  using Parsed = Result<T*>;

  // A use of a name that macros and loops treat specially, in the order of the source.
  struct SpecialUse {
    std::string name;
    bool is_load;
  };

  // Tokens (parser.cc).
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  std::uint32_t line() const { return current().line; }
  bool at(TokenKind kind) const { return current().kind == kind; }
  bool at_name(std::string_view name) const {
    return at(TokenKind::name) && current().text == name;
  }
  bool skip(TokenKind kind);
  bool skip_name(std::string_view name);
  Result<void> expect(TokenKind kind);
  Result<void> expect_name(std::string_view name);
  Result<std::string> identifier();
  template <class... Args>
  std::unexpected<Error> error(std::uint32_t at, fmt::format_string<Args...> format,
                               Args&&... args) const {
    return fail(ErrorCode::failed, "line {}: {}", at,
                fmt::format(format, std::forward<Args>(args)...));
  }
  std::unexpected<Error> too_deep() const {
    return error(line(), "the template nests too deeply (limit {})", limits_.max_depth);
  }
  void note_use(std::string_view name, bool is_load);
  // Whether the name is read between two points of the source before anything there binds it.
  bool is_read(std::string_view name, std::size_t first, std::size_t last) const;

  // Expressions (parse_expression.cc).
  Parsed<Expr> expression(bool with_conditional = true);
  Parsed<Expr> conditional();
  Parsed<Expr> operation(int level);
  Parsed<Expr> comparison(Expr* left);
  Parsed<Expr> unary(bool with_filter = true);
  Parsed<Expr> primary();
  Parsed<Expr> tuple(bool with_conditional, Names ends, bool in_parentheses);
  Parsed<Expr> list();
  Parsed<Expr> dict();
  Parsed<Expr> postfix(Expr* node);
  Parsed<Expr> filters_and_tests(Expr* node);
  Parsed<Expr> subscript(Expr* node);
  Parsed<Expr> slice(Expr* node, std::uint32_t at, Expr* start);
  Parsed<Expr> call(Expr* node);
  Result<void> arguments(Arguments& into);
  Parsed<Expr> filter(Expr* node, bool inline_name = false);
  Parsed<Expr> test(Expr* node);
  int level_here() const;
  // Sets the node's depth from its children's and refuses it beyond the limit.
  Parsed<Expr> grown(Expr* node, std::initializer_list<const Expr*> children,
                     const Arguments* arguments = nullptr);
  Parsed<Expr> grown(Expr* node, const std::vector<Expr*>& children);

  // Statements (parser.cc, parse_statement.cc).
  Result<void> body(Body& into, Names ends);
  // ":"?, the end of the tag, and statements up to one of the ends, which is taken if last.
  Result<void> statements(Body& into, Names ends, bool take_end);
  Parsed<Stmt> statement();
  Parsed<Stmt> set();
  Parsed<Stmt> for_loop();
  Parsed<Stmt> condition();
  Parsed<Stmt> with();
  Parsed<Stmt> block();
  Parsed<Stmt> macro();
  Parsed<Stmt> call_block();
  Parsed<Stmt> generation();
  Parsed<Stmt> filter_block();
  Parsed<Stmt> print();
  Parsed<Stmt> jump();
  Result<void> signature(MacroBody& macro);
  Result<void> macro_body(MacroBody& macro, std::string_view end, std::uint32_t at);
  Parsed<Expr> target(bool with_namespace, Names ends);
  Parsed<Expr> target_item(bool with_namespace);

  std::vector<Token> tokens_;
  Program& program_;
  const TemplateLimits& limits_;
  Budget budget_;
  std::size_t at_ = 0;
  int depth_ = 0;  // of statements
  int loops_ = 0;  // around this place, within its function
  std::vector<SpecialUse> uses_;
  std::vector<std::string> open_tags_;
};

}  // namespace hearth::text::jinja
