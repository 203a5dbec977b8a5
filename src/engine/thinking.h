// SPDX-License-Identifier: Apache-2.0
//
// What the engine finds out about a model's reasoning: how its chat template marks it, and which
// tokens those marks are. Plain functions; any thread.
#pragma once

#include <span>
#include <vector>

#include "engine/request.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace hearth::engine {

struct Thinking {
  ThinkingFacts facts;
  // The control tokens among the marks, which an answer would otherwise leave out.
  std::vector<TokenId> control_marks;
};

// Probes the template (text/template_facts.h), which takes some hundredths of a second.
Thinking find_thinking(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer);

// Whether a prompt ends in the mark that begins the reasoning.
bool opens_thinking(const ThinkingFacts& facts, const text::Tokenizer& tokenizer,
                    std::span<const TokenId> prompt);

}  // namespace hearth::engine
