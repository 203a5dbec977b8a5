// SPDX-License-Identifier: Apache-2.0
//
// Templates rendered over a conversation with everything in it, within small limits; and the same
// template over variables that are the fuzzer's own: what stands behind a zero byte is their JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "text/chat_template.h"

namespace {

constexpr std::string_view kVariables = R"({
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Grüße 🌍"}, {"type": "image"}]},
    {"role": "assistant", "content": null, "reasoning_content": "hm",
     "tool_calls": [{"id": "call00001", "type": "function",
                     "function": {"name": "f", "arguments": {"a": [1, 2.5, null, true], "b": "x"}}}]},
    {"role": "tool", "content": "{\"t\": 20}", "name": "f", "tool_call_id": "call00001"},
    {"role": "user", "content": "  <think>\nno</think>  "}],
  "tools": [{"type": "function", "function": {"name": "f", "description": "d\ne", "parameters":
     {"type": "object", "properties": {"a": {"type": "array"}, "b": {"type": ["string", "null"]}}, "required": ["a"]}}}],
  "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>",
  "i": 7, "f": 2.5, "big": 18446744073709551615, "t": true, "n": null, "s": "Hello World", "u": "ßΣ 你好 🌍", "e": "",
  "l": [3, 1, 2], "d": {"a": 1, "b": {"c": []}}, "x": []
})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const hearth::Json variables = *hearth::parse_json(kVariables);
  const hearth::text::TemplateLimits limits = {.max_source_bytes = 1 << 16,
                                               .max_output_bytes = 1 << 18,
                                               .max_steps = 50'000,
                                               .steps_per_byte = 0,
                                               .max_depth = 100};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const auto parsed = hearth::text::ChatTemplate::parse(input.substr(0, end), limits);
  if (!parsed) return 0;
  const auto text = parsed->render(variables, {.now = std::tm{}});
  if (text && text->size() > limits.max_output_bytes) __builtin_trap();
  if (!text && !text.error().message.starts_with("line ")) __builtin_trap();
  if (end == size) return 0;
  const auto own = hearth::parse_json(input.substr(end + 1), {.max_bytes = 1 << 16});
  if (own && own->is_object()) static_cast<void>(parsed->render(*own, {.now = std::tm{}}));
  return 0;
}
