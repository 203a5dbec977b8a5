// SPDX-License-Identifier: Apache-2.0
//
// A light hand on markdown while it streams: headings and **bold** in bold, code in colour, the
// marks themselves and the bullets of lists dimmed. Styles are added and nothing is taken away:
//
// Promise: the output without its SGR sequences is the input, to the byte, however it was cut into
// pieces. At most the few bytes of a mark that may go on are held back. Styles end with their line
// (a block of code with its fence), so a mark that was never closed spoils no more than that. One
// stream, one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth::app {

class MarkdownStyler {
 public:
  // Text without control bytes (TerminalFilter).
  std::string push(std::string_view text);
  // What was held back, and the end of every style.
  std::string finish();

 private:
  void take(char c);
  void take_line_start(char c);
  void take_inside(char c);
  void end_line();
  void decide_run(char next);
  void write(std::string_view text, std::string_view style);
  std::string_view text_style() const;

  std::string out_;
  std::string held_;              // the beginning of a line, or a run of * or `
  std::string_view style_ = {};   // that the terminal is in
  char fence_ = 0;                // the character of the block of code that is open
  std::size_t n_code_ticks_ = 0;  // that opened code in the line; 0: none is open
  char last_ = '\n';              // what came before held_
  bool is_line_start_ = true, is_fence_line_ = false, is_heading_ = false, is_bold_ = false;
};

}  // namespace hearth::app
