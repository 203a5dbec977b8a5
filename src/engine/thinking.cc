// SPDX-License-Identifier: Apache-2.0
#include "engine/thinking.h"

#include "base/utf8.h"
#include "text/reasoning_splitter.h"
#include "text/template_facts.h"

namespace hearth::engine {
namespace {

// More than any mark and the white space behind it take.
constexpr std::size_t kTailTokens = 64;

std::vector<TokenId> control_tokens(const text::Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids;
  tokenizer.encode(text, {.add_special = false, .parse_special = true}, ids);
  std::erase_if(ids, [&](TokenId id) {
    return tokenizer.kind_of(id) != text::TokenKind::control || tokenizer.is_end_of_generation(id);
  });
  return ids;
}

}  // namespace

Thinking find_thinking(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer) {
  Json common = Json::object();
  if (const auto bos = tokenizer.bos())
    common["bos_token"] = to_valid_utf8(tokenizer.spelling_of(*bos));
  if (const auto eos = tokenizer.eos())
    common["eos_token"] = to_valid_utf8(tokenizer.spelling_of(*eos));
  const text::TemplateFacts facts = text::probe_template(chat_template, common);

  Thinking thinking;
  if (const auto marks = text::reasoning_marks(facts)) {
    thinking.facts.open_mark = marks->open;
    thinking.facts.close_mark = marks->close;
    thinking.control_marks = control_tokens(tokenizer, marks->open + marks->close);
  }
  if (const auto& found = facts.thinking_switch) {
    thinking.facts.switch_name = found->name;
    if (found->on) thinking.facts.on_json = to_json_text(*found->on);
    if (found->off) thinking.facts.off_json = to_json_text(*found->off);
  }
  return thinking;
}

bool opens_thinking(const ThinkingFacts& facts, const text::Tokenizer& tokenizer,
                    std::span<const TokenId> prompt) {
  if (facts.open_mark.empty()) return false;
  const auto tail = prompt.last(std::min(prompt.size(), kTailTokens));
  return text::opens_reasoning(tokenizer.decode(tail, true), {facts.open_mark, facts.close_mark});
}

}  // namespace hearth::engine
