// SPDX-License-Identifier: Apache-2.0
//
// A shell cannot easily type a newline, so "\n" stands for one where a flag says so.
#pragma once

#include <string>
#include <string_view>

namespace hearth::app {

// \n \t \r \\ \" \' mean what they mean in C; another backslash stays.
inline std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view kLetters = "ntr\\\"'", kMeanings = "\n\t\r\\\"'";
    const std::size_t letter =
        text[i] == '\\' && i + 1 < text.size() ? kLetters.find(text[i + 1]) : std::string::npos;
    plain += letter == std::string::npos ? text[i] : kMeanings[letter];
    if (letter != std::string::npos) ++i;
  }
  return plain;
}

}  // namespace hearth::app
