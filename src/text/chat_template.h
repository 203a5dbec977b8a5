// SPDX-License-Identifier: Apache-2.0
//
// A chat template: Jinja2 as transformers configures it (trim_blocks, lstrip_blocks, the immutable
// sandbox, loop controls, {% generation %}), compiled once and rendered over JSON variables.
//
// Templates come with models and are hostile: depth, steps, output bytes and string sizes are
// bounded, and every fault is an error value with the template's line. Immutable after parse; any
// thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "text/template_limits.h"

namespace hearth::text {

struct RenderOptions {
  std::optional<std::tm> now;      // what strftime_now sees; the local time when absent
  std::uint64_t max_steps = 0;     // below the template's own limit; 0 for that
  std::uint64_t* steps = nullptr;  // receives the steps that were taken, where given
};

class ChatTemplate {
 public:
  // failed, with the line, if the source is not a template.
  static Result<ChatTemplate> parse(std::string_view source, const TemplateLimits& limits = {});

  // Renders with the members of an object as variables. A member that is absent is undefined, null
  // is None. failed where Python's Jinja2 raises; raise_exception's text appears verbatim in the
  // message.
  Result<std::string> render(const Json& variables, const RenderOptions& options = {}) const;

  // The names that the template reads from the variables, less the functions of the language.
  std::vector<std::string> variable_names() const;

  // The short texts that the template compares something with, in order: candidates for the values
  // of its variables.
  std::vector<std::string> compared_texts() const;

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::text
