// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/parser.h"

#include <algorithm>

namespace hearth::text::jinja {

Program::~Program() {
  nodes.clear();  // they hold the constants
  for (Object* constant : constants) delete constant;
}

Value Program::constant(Value value) {
  if (const Object* object = value.identity()) {
    value.make_immortal();
    constants.push_back(const_cast<Object*>(object));
  }
  return value;
}

bool Parser::skip(TokenKind kind) {
  if (!at(kind)) return false;
  next();
  return true;
}

bool Parser::skip_name(std::string_view name) {
  if (!at_name(name)) return false;
  next();
  return true;
}

Result<void> Parser::expect(TokenKind kind) {
  if (skip(kind)) return {};
  if (at(TokenKind::end))
    return error(line(), "unexpected end of template, expected '{}'.", describe(kind));
  return error(line(), "expected token '{}', got '{}'", describe(kind), describe(current()));
}

Result<void> Parser::expect_name(std::string_view name) {
  if (skip_name(name)) return {};
  if (at(TokenKind::end)) return error(line(), "unexpected end of template, expected '{}'.", name);
  return error(line(), "expected token '{}', got '{}'", name, describe(current()));
}

Result<std::string> Parser::identifier() {
  if (!at(TokenKind::name)) TRY(expect(TokenKind::name));
  return next().text;
}

void Parser::note_use(std::string_view name, bool is_load) {
  if (name == "caller" || name == "kwargs" || name == "varargs" || name == "loop")
    uses_.push_back({std::string(name), is_load});
}

bool Parser::is_read(std::string_view name, std::size_t first, std::size_t last) const {
  for (std::size_t i = first; i < last; ++i)
    if (uses_[i].name == name) return uses_[i].is_load;
  return false;
}

Result<void> Parser::run() {
  TRY(body(program_.body, {}));
  if (!at(TokenKind::end)) return error(line(), "unexpected '{}'", describe(current()));
  return {};
}

Result<void> Parser::body(Body& into, Names ends) {
  const Nesting nesting(budget_);
  if (nesting.too_deep() || depth_ > limits_.max_depth) return too_deep();
  OutputStmt* output = nullptr;
  const auto piece = [&](std::uint32_t at_line) -> Piece& {
    if (!output) {
      output = program_.add<OutputStmt>(at_line);
      into.push_back(output);
    }
    return output->pieces.emplace_back();
  };
  while (!at(TokenKind::end)) {
    const std::uint32_t at_line = line();
    if (at(TokenKind::data)) {
      std::string text = next().text;
      piece(at_line).text = std::move(text);
    } else if (skip(TokenKind::variable_begin)) {
      Expr* expr = TRY(tuple(true, {}, false));
      piece(at_line).expr = expr;
      TRY(expect(TokenKind::variable_end));
    } else {
      TRY(expect(TokenKind::block_begin));
      output = nullptr;
      for (const std::string_view end : ends)
        if (at_name(end)) return {};
      ++depth_;
      into.push_back(TRY(statement()));
      --depth_;
      TRY(expect(TokenKind::block_end));
    }
  }
  return {};
}

Result<void> Parser::statements(Body& into, Names ends, bool take_end) {
  skip(TokenKind::colon);
  TRY(expect(TokenKind::block_end));
  TRY(body(into, ends));
  if (at(TokenKind::end)) {
    std::string expected;
    for (const std::string_view end : ends)
      expected += fmt::format("{}'{}'", expected.empty() ? "" : " or ", end);
    return error(
        line(),
        "Unexpected end of template. Jinja was looking for the following tags: {}. The innermost "
        "block that needs to be closed is '{}'.",
        expected, open_tags_.empty() ? "" : open_tags_.back());
  }
  if (take_end) next();
  return {};
}

Parser::Parsed<Stmt> Parser::statement() {
  if (!at(TokenKind::name)) return error(line(), "tag name expected");
  const std::string name = current().text;
  struct Tag {
    std::string_view name;
    Parsed<Stmt> (Parser::*parse)();
  };
  static constexpr Tag kTags[] = {
      {"set", &Parser::set},         {"for", &Parser::for_loop},
      {"if", &Parser::condition},    {"with", &Parser::with},
      {"block", &Parser::block},     {"macro", &Parser::macro},
      {"call", &Parser::call_block}, {"filter", &Parser::filter_block},
      {"print", &Parser::print},     {"generation", &Parser::generation},
      {"break", &Parser::jump},      {"continue", &Parser::jump},
  };
  for (const Tag& tag : kTags) {
    if (tag.name != name) continue;
    open_tags_.push_back(name);
    Stmt* parsed = TRY((this->*tag.parse)());
    open_tags_.pop_back();
    return parsed;
  }
  for (const std::string_view refused : {"include", "import", "from", "extends", "autoescape"})
    if (name == refused)
      return error(line(), "{{% {} %}} is not supported in a chat template", name);
  if (open_tags_.empty()) return error(line(), "Encountered unknown tag '{}'.", name);
  return error(line(),
               "Encountered unknown tag '{}'. The innermost block that needs to be closed is '{}'.",
               name, open_tags_.back());
}

}  // namespace hearth::text::jinja
