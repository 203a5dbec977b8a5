// SPDX-License-Identifier: Apache-2.0
//
// Which chat template a model is used with: one that its file has (the usual one, or a named one),
// one of ours by name, or one of ours that fits the special tokens of the vocabulary.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "text/tokenizer.h"

namespace hearth::text {

struct TemplateChoice {
  std::string source;
  std::string name;         // "default", the file's name for it, or ours
  bool is_builtin = false;  // ours
};

// By name: the file's own (tokenizer.chat_template.NAME; "default" is tokenizer.chat_template),
// then ours; usage with the names there are if neither has it. Without a name: the file's default,
// or the built-in one that fits the vocabulary, or the one that is the family's, if that needs no
// tokens of its own; nothing where there is none.
Result<std::optional<TemplateChoice>> choose_template(const format::Gguf& gguf,
                                                      const Tokenizer& tokenizer,
                                                      std::string_view name,
                                                      std::string_view of_family = {});

// The named templates of a file, in its order; the default one is not among them.
std::vector<std::string> named_templates(const format::Gguf& gguf);

}  // namespace hearth::text
