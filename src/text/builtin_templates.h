// SPDX-License-Identifier: Apache-2.0
//
// Chat templates of our own writing for files that come without one: the plain forms of the field
// (turns and a system message, no tools), under the names that llama.cpp's --chat-template knows.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hearth::text {

struct BuiltinTemplate {
  std::string_view name;
  // Text of special tokens that a vocabulary has where its model was trained on this form, with
  // spaces between; empty where none are peculiar to it.
  std::string_view tokens;
  std::string_view body;

  // The template as ChatTemplate::parse takes it.
  std::string source() const;
};

// A form comes before those whose tokens are part of its own.
std::span<const BuiltinTemplate> builtin_templates();
const BuiltinTemplate* find_builtin_template(std::string_view name);

}  // namespace hearth::text
