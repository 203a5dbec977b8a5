// SPDX-License-Identifier: Apache-2.0
//
// Signals while a terminal is in another mode than it was found in: they are noted, and obeyed only
// after the terminal has been put right. Those that were ignored stay so. Signals belong to the
// process, and so does this: one object at a time.
#pragma once

#include <array>
#include <csignal>

namespace hearth::app {

class TerminalSignals {
 public:
  TerminalSignals();   // notes SIGWINCH, SIGTSTP, SIGHUP, SIGTERM and SIGQUIT from now on
  ~TerminalSignals();  // as before
  TerminalSignals(const TerminalSignals&) = delete;
  TerminalSignals& operator=(const TerminalSignals&) = delete;

  // Whether the window has changed its size since the last call.
  static bool take_resize();
  // One that stops or ends the process and has come since the last call, or 0.
  static int take_ending();
  // Does what the signal would have done; returns once the process has been continued.
  static void obey(int signal);

 private:
  static constexpr std::array<int, 5> kSignals = {SIGWINCH, SIGTSTP, SIGHUP, SIGTERM, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> before_;
};

}  // namespace hearth::app
