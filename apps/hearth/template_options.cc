// SPDX-License-Identifier: Apache-2.0
#include "template_options.h"

#include "base/file.h"
#include "base/json.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxTemplate = std::size_t{16} << 20;

}  // namespace

Result<TemplateArgument> parse_template_argument(const std::string& text) {
  TemplateArgument argument;
  if (text.find("{%") != std::string::npos || text.find("{{") != std::string::npos)
    argument.source = text;
  else if (text.find_first_of("/.") != std::string::npos)
    argument.source = TRY(read_file(text, kMaxTemplate));
  else
    argument.name = text;
  return argument;
}

void TemplateOptions::declare(Flags& flags) {
  Flags chat_template = flags.under("Chat template");
  chat_template
      .add("--chat-template", template_,
           "a template by name (of the model, or chatml, llama3...) or file instead of "
           "the model's own")
      .variable("CHAT_TEMPLATE");
  chat_template.add("--chat-template-file", file_, "a template file instead of the model's own")
      .value("FILE")
      .variable("CHAT_TEMPLATE_FILE")
      .rare();
  chat_template
      .add("--chat-template-kwargs", variables_,
           "a JSON object of template variables, e.g. '{\"enable_thinking\": false}'")
      .value("JSON")
      .variable("CHAT_TEMPLATE_KWARGS");
}

Result<TemplateArgument> TemplateOptions::take() const {
  if (file_.empty()) return parse_template_argument(template_);
  return TemplateArgument {
    .name = {}, .source = TRY(read_file(file_, kMaxTemplate))
  };
}

Result<Json> TemplateOptions::variables() const {
  if (variables_.empty()) return Json::object();
  Result<Json> object = parse_json(variables_);
  if (!object || !object->is_object())
    return fail(ErrorCode::usage, "--chat-template-kwargs: give a JSON object{}",
                object ? "" : ": " + object.error().message);
  return object;
}

}  // namespace hearth::app
