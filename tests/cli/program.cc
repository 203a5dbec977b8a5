// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace hearth::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    read_end = ends[0];
    write_end = ends[1];
  }
};

void close_end(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

[[noreturn]] void become(const Invocation& invocation, const Pipe& in, const Pipe& out,
                         const Pipe& err) {
  ::dup2(in.read_end, 0);
  if (invocation.close_stdout) {
    ::close(1);
  } else {
    ::dup2(out.write_end, 1);
  }
  ::dup2(err.write_end, 2);
  for (const std::string& variable : invocation.environment)
    ::putenv(const_cast<char*>(variable.c_str()));
  if (!invocation.folder.empty() && ::chdir(invocation.folder.c_str()) != 0) ::_exit(126);
  const char* program = invocation.program.empty() ? HEARTH_PROGRAM : invocation.program.c_str();
  std::vector<char*> argv{const_cast<char*>(program)};
  for (const std::string& arg : invocation.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  ::execv(program, argv.data());
  ::_exit(127);
}

// Appends what is there; false at the end.
bool drain(int fd, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n > 0) text.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

Outcome run(const Invocation& invocation) {
  Pipe in, out, err;
  const auto start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const pid_t child = ::fork();
  if (child == 0) become(invocation, in, out, err);
  close_end(in.read_end);
  close_end(out.write_end);
  close_end(err.write_end);
  ::signal(SIGPIPE, SIG_IGN);
  ::fcntl(in.write_end, F_SETFL, O_NONBLOCK);

  Outcome outcome;
  std::size_t written = 0;
  bool interrupted = false;
  if (invocation.input.empty()) close_end(in.write_end);
  while (out.read_end >= 0 || err.read_end >= 0) {
    if (invocation.interrupt_after >= 0 && !interrupted &&
        elapsed() >= invocation.interrupt_after) {
      ::kill(child, SIGINT);
      interrupted = true;
    }
    std::array<pollfd, 3> fds{
        {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}, {in.write_end, POLLOUT, 0}}};
    ::poll(fds.data(), fds.size(), 20);
    if (out.read_end >= 0 && fds[0].revents != 0) {
      if (!drain(out.read_end, outcome.out) || outcome.out.size() >= invocation.read_at_most)
        close_end(out.read_end);
    }
    if (err.read_end >= 0 && fds[1].revents != 0 && !drain(err.read_end, outcome.err))
      close_end(err.read_end);
    if (in.write_end >= 0 && fds[2].revents != 0) {
      const ssize_t n = ::write(in.write_end, invocation.input.data() + written,
                                invocation.input.size() - written);
      if (n > 0) written += static_cast<std::size_t>(n);
      if (written == invocation.input.size() || (n < 0 && errno != EAGAIN)) close_end(in.write_end);
    }
  }
  close_end(in.write_end);
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  outcome.peak_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  outcome.seconds = elapsed();
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

Outcome run(std::vector<std::string> args, std::string input) {
  return run(Invocation{.args = std::move(args), .input = std::move(input)});
}

std::string scratch_folder() {
  struct Folder {
    std::string path = "/tmp/hearth-test-XXXXXX";
    Folder() {
      if (::mkdtemp(path.data()) == nullptr) std::abort();
    }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static const Folder folder;
  return folder.path;
}

std::string fixture(const std::string& name) {
  return std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/" + name;
}

}  // namespace hearth::test
