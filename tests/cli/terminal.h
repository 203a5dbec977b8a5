// SPDX-License-Identifier: Apache-2.0
//
// Runs the built program on a terminal of its own (a pseudo-terminal of 24 lines and 80 columns)
// and does what a person does: waits until something appears, and types.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <string>
#include <string_view>
#include <vector>

namespace hearth::test {

struct TerminalSetup {
  std::vector<std::string> args;
  std::vector<std::string> environment = {};  // "NAME=value", added to ours
  bool ignore_hangup = false;                 // as nohup does
};

class Terminal {
 public:
  explicit Terminal(const TerminalSetup& setup);
  ~Terminal();  // kills what still runs
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(std::string_view keys);
  // Reads until the text appears, and returns what came up to it, from where the last wait ended.
  // Fails the test after a long while, or when the program ends without it.
  std::string wait_for(std::string_view text);
  void resize(unsigned short n_lines, unsigned short n_columns);
  void send_signal(int signal);
  // Takes the terminal away, as closing its window does.
  void hang_up();
  // Waits for the program's end: its exit status, or 128 + signal. What it still wrote is in
  // rest().
  int wait_for_end();
  const std::string& rest() const { return unread_; }
  // Whether the terminal is in the mode that the program found it in. After the end.
  bool is_as_before() const;

 private:
  bool read_more(double seconds);

  int master_ = -1;
  pid_t child_ = -1;
  struct termios before_ = {};
  std::string unread_;
};

}  // namespace hearth::test
