// SPDX-License-Identifier: Apache-2.0
#include "text/builtin_templates.h"

namespace hearth::text {
namespace {

// text(message): its content, of which only the text parts where it comes in parts. system: the
// text of a leading system message; turns: the messages behind it.
constexpr std::string_view kPrelude = R"({%- macro text(message) -%}
  {%- if message.content is string -%}
    {{ message.content }}
  {%- elif message.content is iterable and message.content is not mapping -%}
    {%- for part in message.content if part.type == 'text' -%}{{ part.text }}{%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- set has_system = messages and messages[0].role in ['system', 'developer'] -%}
{%- set system = text(messages[0]) | trim if has_system else '' -%}
{%- set turns = messages[1:] if has_system else messages -%}
)";

constexpr BuiltinTemplate kTemplates[] = {
#define HEARTH_TEMPLATE(name, tokens, body) {name, tokens, body},
#include "text/builtin_templates.inc"
#undef HEARTH_TEMPLATE
};

}  // namespace

std::string BuiltinTemplate::source() const {
  return std::string(kPrelude) + std::string(body);
}

std::span<const BuiltinTemplate> builtin_templates() {
  return kTemplates;
}

const BuiltinTemplate* find_builtin_template(std::string_view name) {
  for (const BuiltinTemplate& builtin : kTemplates)
    if (builtin.name == name) return &builtin;
  return nullptr;
}

}  // namespace hearth::text
