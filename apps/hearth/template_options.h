// SPDX-License-Identifier: Apache-2.0
//
// The options that choose a chat template and set its variables, with llama.cpp's spellings.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "flags.h"

namespace hearth::app {

// A template by its source, or by its name where that is empty; neither is the model's own.
struct TemplateArgument {
  std::string name;
  std::string source;
};

// "FILE" if it has a slash or a dot, the text of a template if it has a tag, else "NAME".
Result<TemplateArgument> parse_template_argument(const std::string& text);

class TemplateOptions {
 public:
  void declare(Flags& flags);
  Result<TemplateArgument> take() const;
  // The object of --chat-template-kwargs, for all requests.
  Result<Json> variables() const;

 private:
  std::string template_, file_, variables_;
};

}  // namespace hearth::app
