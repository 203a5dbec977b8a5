// SPDX-License-Identifier: Apache-2.0
#include "engine/prompt.h"

#include "base/json.h"

namespace hearth::engine {
namespace {

Result<std::vector<TokenId>> tokenize(const LoadedModel& model, const TextPrompt& prompt) {
  std::vector<TokenId> ids;
  model.tokenizer()->encode(prompt.text, {prompt.add_special, prompt.parse_special}, ids);
  return ids;
}

Result<std::vector<TokenId>> tokenize(const LoadedModel& model, const TokenPrompt& prompt) {
  for (const TokenId id : prompt.ids)
    if (id < 0 || static_cast<std::uint32_t>(id) >= model.plan().hparams.n_vocab)
      return fail(ErrorCode::usage, "token {} is outside the vocabulary of {} tokens", id,
                  model.plan().hparams.n_vocab);
  return prompt.ids;
}

std::string spelling_of(const text::Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? std::string(tokenizer.spelling_of(*id)) : std::string();
}

// Without a template a chat is what its messages say, nothing invented.
std::string joined_contents(const Json& variables) {
  std::string text;
  const auto messages = variables.find("messages");
  if (messages == variables.end() || !messages->is_array()) return text;
  for (const Json& message : *messages) {
    const auto content = message.is_object() ? message.find("content") : message.end();
    if (!message.is_object() || content == message.end() || !content->is_string()) continue;
    if (!text.empty()) text += '\n';
    text += content->get_ref<const std::string&>();
  }
  return text;
}

Result<std::vector<TokenId>> tokenize(const LoadedModel& model, const ChatPrompt& prompt) {
  TextPrompt text {
    .text = TRY(render_chat(model, prompt.variables_json))
  };
  if (model.chat_template() == nullptr) {
    text.parse_special = false;
    return tokenize(model, text);
  }
  // A template that writes BOS itself must not get a second one from the tokenizer.
  const text::Tokenizer& tokenizer = *model.tokenizer();
  const std::string bos = spelling_of(tokenizer, tokenizer.bos());
  if (tokenizer.adds_bos() && !bos.empty() && text.text.starts_with(bos))
    text.text.erase(0, bos.size());
  return tokenize(model, text);
}

}  // namespace

Result<std::string> render_chat(const LoadedModel& model, const std::string& variables_json) {
  Json variables = TRY(parse_json(variables_json));
  if (!variables.is_object())
    return fail(ErrorCode::usage, "the chat's variables must be a JSON object");
  if (model.chat_template() == nullptr) return joined_contents(variables);
  const text::Tokenizer& tokenizer = *model.tokenizer();
  if (!variables.contains("bos_token"))
    variables["bos_token"] = spelling_of(tokenizer, tokenizer.bos());
  if (!variables.contains("eos_token"))
    variables["eos_token"] = spelling_of(tokenizer, tokenizer.eos());
  return model.chat_template()->render(variables);
}

Result<std::vector<TokenId>> tokenize_prompt(const LoadedModel& model, const Prompt& prompt) {
  auto ids = TRY(std::visit([&](const auto& kind) { return tokenize(model, kind); }, prompt));
  if (ids.empty()) {
    // A model needs something to start from; BOS is what an empty text means to it.
    const auto bos = model.tokenizer()->bos();
    if (!bos) return fail(ErrorCode::usage, "the prompt is empty");
    ids.push_back(*bos);
  }
  return ids;
}

}  // namespace hearth::engine
