// SPDX-License-Identifier: Apache-2.0
//
// Any bytes through the lexer, the parser and the resolver of chat templates. What they take is
// read back: the names and texts that they found.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hearth::text::TemplateLimits limits = {.max_source_bytes = 1 << 16, .max_depth = 100};
  const auto parsed =
      hearth::text::ChatTemplate::parse({reinterpret_cast<const char*>(data), size}, limits);
  if (!parsed) {
    // Every error names its line.
    if (!parsed.error().message.starts_with("line ")) __builtin_trap();
    return 0;
  }
  static_cast<void>(parsed->variable_names());
  static_cast<void>(parsed->compared_texts());
  return 0;
}
