// SPDX-License-Identifier: Apache-2.0
#include "terminal_signals.h"

#include <atomic>

namespace hearth::app {
namespace {

std::atomic<bool> g_resized = false;
std::atomic<int> g_ending = 0;

void note_signal(int signal) {
  if (signal == SIGWINCH)
    g_resized = true;
  else
    g_ending = signal;
}

}  // namespace

TerminalSignals::TerminalSignals() {
  struct sigaction action{};
  action.sa_handler = note_signal;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &action, &before_[i]);
    if (before_[i].sa_handler == SIG_IGN) ::sigaction(kSignals[i], &before_[i], nullptr);
  }
}

TerminalSignals::~TerminalSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  // One that came too late to be seen while reading.
  if (const int ending = take_ending(); ending != 0) ::raise(ending);
}

bool TerminalSignals::take_resize() {
  return g_resized.exchange(false);
}

int TerminalSignals::take_ending() {
  return g_ending.exchange(0);
}

void TerminalSignals::obey(int signal) {
  struct sigaction usual{}, noting{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, &noting);
  ::raise(signal);
  ::sigaction(signal, &noting, nullptr);
}

}  // namespace hearth::app
