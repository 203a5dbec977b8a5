// SPDX-License-Identifier: Apache-2.0
#include "terminal.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace hearth::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPatience = 60;  // seconds; sanitizers on a busy machine are slow

[[noreturn]] void become(const TerminalSetup& setup) {
  if (setup.ignore_hangup) ::signal(SIGHUP, SIG_IGN);
  ::setenv("TERM", "xterm", 1);
  ::setenv("NO_COLOR", "", 1);
  for (const std::string& variable : setup.environment)
    ::putenv(const_cast<char*>(variable.c_str()));
  std::vector<char*> argv{const_cast<char*>(HEARTH_PROGRAM)};
  for (const std::string& arg : setup.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  ::execv(HEARTH_PROGRAM, argv.data());
  ::_exit(127);
}

}  // namespace

Terminal::Terminal(const TerminalSetup& setup) {
  const struct winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  child_ = ::forkpty(&master_, nullptr, nullptr, &size);
  if (child_ == 0) become(setup);
  if (child_ < 0) std::abort();
  ::tcgetattr(master_, &before_);
}

Terminal::~Terminal() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  if (master_ >= 0) ::close(master_);
}

void Terminal::type(std::string_view keys) {
  while (!keys.empty()) {
    const ssize_t n = ::write(master_, keys.data(), keys.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      ADD_FAILURE() << "typing: " << std::strerror(errno);
      return;
    }
    keys.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Takes in what the program writes; false when there is nothing for so long, or its end has come.
bool Terminal::read_more(double seconds) {
  pollfd poller{master_, POLLIN, 0};
  if (::poll(&poller, 1, static_cast<int>(seconds * 1000)) <= 0) return false;
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(master_, buffer.data(), buffer.size());
  if (n > 0) unread_.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

std::string Terminal::wait_for(std::string_view text) {
  const auto start = Clock::now();
  const auto left = [&] {
    return kPatience - std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::size_t at = unread_.find(text);
  while (at == std::string::npos && left() > 0 && read_more(left())) at = unread_.find(text);
  if (at == std::string::npos) {
    ADD_FAILURE() << "no '" << testing::PrintToString(std::string(text)) << "' in "
                  << testing::PrintToString(unread_);
    return {};
  }
  std::string before = unread_.substr(0, at);
  unread_.erase(0, at + text.size());
  return before;
}

void Terminal::resize(unsigned short n_lines, unsigned short n_columns) {
  const struct winsize size{.ws_row = n_lines, .ws_col = n_columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(master_, TIOCSWINSZ, &size);
}

void Terminal::send_signal(int signal) {
  ::kill(child_, signal);
}

void Terminal::hang_up() {
  ::close(master_);
  master_ = -1;
}

int Terminal::wait_for_end() {
  while (master_ >= 0 && read_more(kPatience)) {
  }
  // A program that does not end must not keep the tests from ending.
  int status = 0;
  pid_t ended = 0;
  for (const auto start = Clock::now(); ended == 0;) {
    ended = ::waitpid(child_, &status, WNOHANG);
    if (ended == 0 && std::chrono::duration<double>(Clock::now() - start).count() > kPatience)
      return -1;  // the destructor kills it
    if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (ended != child_) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Terminal::is_as_before() const {
  struct termios now = {};
  ::tcgetattr(master_, &now);
  return now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
         now.c_lflag == before_.c_lflag;
}

}  // namespace hearth::test
