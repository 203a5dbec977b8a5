// SPDX-License-Identifier: Apache-2.0
#include "show_tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "base/json.h"
#include "base/utf8.h"

namespace hearth::app {
namespace {

const char* name_of(text::TokenKind kind) {
  switch (kind) {
    case text::TokenKind::normal:
      return "normal";
    case text::TokenKind::unknown:
      return "unknown";
    case text::TokenKind::control:
      return "control";
    case text::TokenKind::user_defined:
      return "user-defined";
    case text::TokenKind::unused:
      return "unused";
    case text::TokenKind::byte:
      return "byte";
  }
  return "?";
}

// Two calm backgrounds in turn; control tokens in colour. Both are among the 256 that every
// terminal of the last twenty years has.
constexpr const char* kShades[] = {"\033[48;5;24;38;5;255m", "\033[48;5;238;38;5;255m"};
constexpr const char* kControlShade = "\033[48;5;130;38;5;255m";
constexpr const char* kPlain = "\033[0m";

// The text in one piece. A rune may lie in several tokens: they share one shade then.
std::string shaded_text(const text::Tokenizer& tokenizer, std::span<const text::TokenId> ids) {
  std::string out;
  std::string held;  // bytes of tokens that end inside a rune
  std::size_t n_shown = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    held += tokenizer.bytes_of(ids[i]);
    if (i + 1 < ids.size() && incomplete_tail(held) > 0) continue;
    const bool control = tokenizer.kind_of(ids[i]) == text::TokenKind::control;
    const bool ends_line = held.ends_with('\n');
    out += control ? kControlShade : kShades[n_shown % 2];
    out += printable(held, SIZE_MAX);
    out += kPlain;
    if (ends_line) out += '\n';
    held.clear();
    ++n_shown;
  }
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

std::string hex_of(std::string_view bytes) {
  constexpr std::size_t kMostBytes = 12;
  std::string out;
  for (const char c : bytes.substr(0, kMostBytes))
    out += fmt::format("{}{:02x}", out.empty() ? "" : " ", static_cast<unsigned char>(c));
  if (bytes.size() > kMostBytes) out += fmt::format(" .. {}", bytes.size());
  return out;
}

}  // namespace

std::string show_tokens(const text::Tokenizer& tokenizer, std::span<const text::TokenId> ids,
                        bool coloured) {
  std::string out;
  if (coloured && !ids.empty()) out += shaded_text(tokenizer, ids) + "\n";
  std::size_t n_bytes = 0;
  std::size_t widest = 5;
  for (const text::TokenId id : ids) {
    n_bytes += tokenizer.bytes_of(id).size();
    widest = std::max(widest, hex_of(tokenizer.bytes_of(id)).size());
  }
  out += fmt::format("{:>8}  {:<12}  {:<{}}  text\n", "id", "kind", "bytes", widest);
  for (const text::TokenId id : ids) {
    const std::string_view bytes = tokenizer.bytes_of(id);
    out += fmt::format("{:>8}  {:<12}  {:<{}}  \"{}\"\n", id, name_of(tokenizer.kind_of(id)),
                       hex_of(bytes), widest, printable(bytes));
  }
  return out + fmt::format("{} tokens, {} bytes\n", ids.size(), n_bytes);
}

Json tokens_to_json(const text::Tokenizer& tokenizer, std::span<const text::TokenId> ids) {
  Json out = Json::array();
  for (const text::TokenId id : ids) {
    const std::string_view bytes = tokenizer.bytes_of(id);
    Json values = Json::array();
    for (const char c : bytes) values.push_back(static_cast<unsigned char>(c));
    out.push_back({{"id", id},
                   {"kind", name_of(tokenizer.kind_of(id))},
                   {"text", to_valid_utf8(bytes)},
                   {"bytes", std::move(values)}});
  }
  return out;
}

}  // namespace hearth::app
