// SPDX-License-Identifier: Apache-2.0
//
// The probe conversations of template_facts.h, and what can be read off their output.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/chat_template.h"
#include "text/template_facts.h"

namespace hearth::text {

// Words that no template has.
inline constexpr std::string_view kSystemWord = "zqsystemqz";
inline constexpr std::string_view kUserWord = "zquserqz";
inline constexpr std::string_view kAnswerWord = "zqanswerqz";
inline constexpr std::string_view kReasonWord = "zqreasonqz";
inline constexpr std::string_view kToolWord = "zqtoolqz";
inline constexpr std::string_view kSecondToolWord = "zqsecondqz";
inline constexpr std::string_view kKeyWord = "zqkeyqz";
inline constexpr std::string_view kValueWord = "zqvalueqz";
inline constexpr std::string_view kSecondKeyWord = "zqotherqz";
inline constexpr std::string_view kSecondValueWord = "zqlastqz";
inline constexpr std::string_view kResultWord = "zqresultqz";
inline constexpr std::string_view kFlagWord = "zqflagqz";
// Nine letters and digits, as some templates demand.
inline constexpr std::string_view kCallId = "zqid5678q";
inline constexpr std::string_view kSecondCallId = "zqid9999q";

class Probe {
 public:
  Probe(const ChatTemplate& chat_template, const Json& common, std::uint64_t max_steps)
      : template_(chat_template), common_(common), max_steps_(max_steps) {}

  // The output for messages and further variables; empty where the template refuses, or where all
  // probes together have become too expensive.
  std::string render(const Json& messages, const Json& more = Json::object()) const;
  // What add_generation_prompt adds behind the messages.
  std::string prompt(const Json& messages, const Json& more = Json::object()) const;

  static Json list(std::initializer_list<Json> items);
  static Json user();
  static Json answer(std::string_view text = kAnswerWord);
  static Json call(std::string_view name, const Json& arguments, std::string_view id = kCallId);
  static Json calling(std::string_view text, const Json& calls);
  static Json result();
  static Json tool();
  // {key: value}, as an object or as JSON text.
  static Json arguments(bool as_object);

 private:
  const ChatTemplate& template_;
  const Json& common_;
  std::uint64_t max_steps_;
  mutable std::uint64_t steps_ = 0;
};

bool shows(std::string_view text, std::string_view word);
// The text between two words, from the last occurrence of the first before the second; nothing if
// they do not stand so.
std::optional<std::string> between(std::string_view text, std::string_view from,
                                   std::string_view to);
// How long two texts agree from their beginnings (never ending inside of a tag such as <a>) or from
// their ends.
std::size_t common_prefix(std::string_view a, std::string_view b);
std::size_t common_suffix(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);

// template_tool_call.cc: nothing if no call is printed.
std::optional<ToolCallFormat> probe_tool_call(const Probe& probe);

// template_thinking.cc: reasoning, switches and the state of the prompt.
void probe_thinking(const ChatTemplate& chat_template, const Probe& probe, TemplateFacts& facts);

}  // namespace hearth::text
