// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/file.h"

namespace hearth::app {
namespace {

// Signals are process-wide, and so is this.
std::atomic<bool> g_interrupted = false, g_survives = false;
bool g_stdout_missing = false;

void on_interrupt(int) {
  if (g_interrupted.exchange(true) && !g_survives) ::_exit(130);
}

// Standard error as a stream that takes everything: a message that nobody can read any more (a
// closed pipe, a terminal that has gone, a full disk) is no reason to fail, let alone for the
// exception that fmt::print throws then.
ssize_t write_message(void*, const char* text, std::size_t size) {
  static_cast<void>(write_all(STDERR_FILENO, std::string_view(text, size)));
  return static_cast<ssize_t>(size);
}

void make_messages_optional() {
  std::FILE* stream = ::fopencookie(
      nullptr, "w", {.read = nullptr, .write = write_message, .seek = nullptr, .close = nullptr});
  if (stream == nullptr) return;
  std::setvbuf(stream, nullptr, _IONBF, 0);
  stderr = stream;
}

constexpr rlim_t kManyDescriptors = 65536;

// The soft limit on descriptors is 1024 on most systems, for the sake of programs that call
// select(2), as this one does not; a connection is a descriptor, on either side.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_max, std::max(limit.rlim_cur, kManyDescriptors));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void prepare_process() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    if (fd == STDOUT_FILENO) g_stdout_missing = true;
    static_cast<void>(::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY));
  }
  make_messages_optional();
  allow_many_descriptors();
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
  return g_interrupted.load();
}
const std::atomic<bool>& interrupted_flag() {
  return g_interrupted;
}
void clear_interrupted() {
  g_interrupted = false;
}
void survive_interrupts() {
  g_survives = true;
}

bool stdout_is_gone() {
  if (g_stdout_missing) return true;
  pollfd poller{STDOUT_FILENO, 0, 0};
  return ::poll(&poller, 1, 0) > 0 && (poller.revents & (POLLERR | POLLNVAL | POLLHUP)) != 0;
}

void leave_quietly() {
  ::signal(SIGPIPE, SIG_DFL);
  ::raise(SIGPIPE);
  ::_exit(141);
}

Result<void> write_stdout(std::string_view text) {
  if (g_stdout_missing) leave_quietly();
  auto written = write_all(STDOUT_FILENO, text);
  if (!written && (errno == EPIPE || stdout_is_gone())) leave_quietly();
  return written;
}

bool stdin_is_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}
bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}
bool stdout_takes_colour() {
  const char* none = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return stdout_is_terminal() && (none == nullptr || *none == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

}  // namespace hearth::app
