// SPDX-License-Identifier: Apache-2.0
//
// What a model says, made safe for a terminal. A model may emit any byte, and some bytes command a
// terminal: move the cursor, set its title, paste into its input.
#pragma once

#include <string>
#include <string_view>

namespace hearth::app {

// Lets text through as it comes, with what a terminal would obey written as visible text: C0 but
// for newline and tab, DEL, C1 and the overrides of writing direction as \xHH or \u{HHHH}, bytes
// that are not UTF-8 likewise. A carriage return before a newline is dropped. Everything else
// passes unchanged. One stream, one thread.
class TerminalFilter {
 public:
  // May hold back the beginning of a rune, or a carriage return, until more is known.
  std::string push(std::string_view text);
  std::string finish();

 private:
  std::string held_;
};

// The styles in use, as SGR sequences (ECMA-48 8.3.117).
inline constexpr std::string_view kDim = "\033[2m", kBold = "\033[1m", kCode = "\033[36m",
                                  kPlain = "\033[0m";

}  // namespace hearth::app
