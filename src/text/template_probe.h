// SPDX-License-Identifier: Apache-2.0
//
// The probe conversations of template_facts.cc and what can be read off their output.
#pragma once

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
inline constexpr std::string_view kCallId = "zqid5678q";  // nine letters and digits, as some demand

class Probe {
 public:
  Probe(const ChatTemplate& chat_template, const Json& common)
      : template_(chat_template), common_(common) {}

  // The output for messages and further variables; empty where the template refuses.
  std::string render(const Json& messages, const Json& more = Json::object()) const;

  static Json user();
  static Json answer(std::string_view text = kAnswerWord);
  static Json call(std::string_view name, const Json& arguments, std::string_view id = kCallId);
  static Json calling(std::string_view text, const Json& calls);
  static Json result(std::string_view name = kToolWord, std::string_view text = kResultWord,
                     std::string_view id = kCallId);
  static Json tool(std::string_view name);

 private:
  const ChatTemplate& template_;
  const Json& common_;
};

inline bool shows(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}
std::size_t common_prefix(std::string_view a, std::string_view b);
std::size_t common_suffix(std::string_view a, std::string_view b);

// Nothing if no call is printed.
std::optional<ToolCallFormat> probe_tool_call(const Probe& probe);

}  // namespace hearth::text
