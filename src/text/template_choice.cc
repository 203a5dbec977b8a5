// SPDX-License-Identifier: Apache-2.0
#include "text/template_choice.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/escape.h"
#include "text/builtin_templates.h"

namespace hearth::text {
namespace {

constexpr std::string_view kDefaultKey = "tokenizer.chat_template";
constexpr std::string_view kNamedKey = "tokenizer.chat_template.";

bool has_token(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids;
  tokenizer.encode(text, {.add_special = false, .parse_special = true}, ids);
  return ids.size() == 1 && (tokenizer.kind_of(ids[0]) == TokenKind::control ||
                             tokenizer.kind_of(ids[0]) == TokenKind::user_defined);
}

bool has_tokens(const Tokenizer& tokenizer, std::string_view texts) {
  if (texts.empty()) return false;
  while (!texts.empty()) {
    const std::size_t end = std::min(texts.find(' '), texts.size());
    if (!has_token(tokenizer, texts.substr(0, end))) return false;
    texts.remove_prefix(std::min(end + 1, texts.size()));
  }
  return true;
}

const BuiltinTemplate* fitting(const format::Gguf& gguf, const Tokenizer& tokenizer) {
  const std::string_view model =
      gguf.get_string("tokenizer.ggml.model").value_or(std::nullopt).value_or("");
  const bool is_bpe = model == "gpt2";
  if (model == "rwkv") return find_builtin_template("rwkv-world");
  for (const BuiltinTemplate& builtin : builtin_templates()) {
    if (!has_tokens(tokenizer, builtin.tokens)) continue;
    // Mistral's byte-level vocabularies go without the spaces of its SentencePiece ones.
    const bool is_tekken = is_bpe && builtin.name.starts_with("mistral-");
    return is_tekken ? find_builtin_template(std::string(builtin.name) + "-tekken") : &builtin;
  }
  return nullptr;
}

Error unknown_name(const format::Gguf& gguf, std::string_view name) {
  std::vector<std::string> names = named_templates(gguf);
  for (std::string& known : names) known = printable(known, 60);
  for (const BuiltinTemplate& builtin : builtin_templates()) names.emplace_back(builtin.name);
  return {ErrorCode::usage, fmt::format("no chat template is named {}; there are: default, {}",
                                        printable(name, 60), fmt::join(names, ", "))};
}

}  // namespace

std::vector<std::string> named_templates(const format::Gguf& gguf) {
  std::vector<std::string> names;
  for (const format::KeyValue& pair : gguf.metadata())
    if (pair.key.starts_with(kNamedKey) && pair.value.type == format::ValueType::string)
      names.emplace_back(pair.key.substr(kNamedKey.size()));
  return names;
}

Result<std::optional<TemplateChoice>> choose_template(const format::Gguf& gguf,
                                                      const Tokenizer& tokenizer,
                                                      std::string_view name,
                                                      std::string_view of_family) {
  const bool any = name.empty();
  const std::string key = any || name == "default" ? std::string(kDefaultKey)
                                                   : std::string(kNamedKey) + std::string(name);
  if (const auto own = TRY(gguf.get_string(key)))
    return TemplateChoice{std::string(*own), any ? "default" : std::string(name), false};
  const BuiltinTemplate* builtin = any ? fitting(gguf, tokenizer) : find_builtin_template(name);
  // A template with tokens that the vocabulary lacks would be letters to the model.
  if (const BuiltinTemplate* own = find_builtin_template(of_family);
      any && !builtin && own && own->tokens.empty())
    builtin = own;
  if (builtin) return TemplateChoice{builtin->source(), std::string(builtin->name), true};
  if (any) return std::nullopt;
  return std::unexpected(unknown_name(gguf, name));
}

}  // namespace hearth::text
