// SPDX-License-Identifier: Apache-2.0
#include "traffic/prompt_file.h"

#include <algorithm>

#include "base/json.h"

namespace hearth::traffic {
namespace {

const Json* text_of(const Json& line) {
  if (!line.is_object()) return nullptr;
  if (const auto prompt = line.find("prompt"); prompt != line.end())
    return prompt->is_string() ? &*prompt : nullptr;
  const auto turns = line.find("conversations");
  if (turns == line.end() || !turns->is_array() || turns->empty()) return nullptr;
  const Json& first = turns->front();
  if (!first.is_object()) return nullptr;
  const auto value = first.find("value");
  return value != first.end() && value->is_string() ? &*value : nullptr;
}

}  // namespace

Result<std::vector<FilePrompt>> parse_prompts(std::string_view lines) {
  constexpr std::uint64_t kMostTokens = 1 << 24;
  std::vector<FilePrompt> prompts;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto json = parse_json(line);
    if (!json) return fail(ErrorCode::usage, "line {}: {}", number, json.error().message);
    const Json* text = text_of(*json);
    if (text == nullptr || text->get_ref<const std::string&>().empty())
      return fail(ErrorCode::usage, "line {}: there is no text in \"prompt\" or \"conversations\"",
                  number);
    FilePrompt prompt{.text = text->get<std::string>(), .n_output = std::nullopt};
    if (const auto n = json->find("output_tokens"); n != json->end()) {
      if (!n->is_number_unsigned() || *n == 0 || n->get<std::uint64_t>() > kMostTokens)
        return fail(ErrorCode::usage, "line {}: \"output_tokens\" is a number from 1 to {}", number,
                    kMostTokens);
      prompt.n_output = n->get<std::uint32_t>();
    }
    prompts.push_back(std::move(prompt));
  }
  if (prompts.empty()) return fail(ErrorCode::usage, "there are no prompts in it");
  return prompts;
}

}  // namespace hearth::traffic
