// SPDX-License-Identifier: Apache-2.0
//
// What show says about a model's chat template: where it comes from, and what it tells about the
// model.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "format/gguf.h"
#include "text/template_choice.h"
#include "text/template_facts.h"

namespace hearth::app {

struct ShownTemplate {
  std::string state;               // "4614 bytes", "none", "broken: line 3: ..."
  std::vector<std::string> named;  // beside the default one
  std::optional<text::TemplateFacts> facts;
};

// tokenizer may be null.
ShownTemplate look_at_template(const format::Gguf& gguf, const text::Tokenizer* tokenizer);

// The names of the named ones, and the facts (text/template_facts.h).
Json to_json(const ShownTemplate& shown);
// Lines of "label value" as show prints them.
std::string to_text(const ShownTemplate& shown);

}  // namespace hearth::app
