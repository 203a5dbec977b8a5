// SPDX-License-Identifier: Apache-2.0
#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/escape.h"
#include "base/file.h"

namespace hearth::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kTailBytes = 4096;
constexpr double kGraceSeconds = 2;  // between asking to end and ending
constexpr int kLookMilliseconds = 50;

double elapsed_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct ChildPipe {
  UniqueFd read_end, write_end;
};

Result<ChildPipe> make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::io, "a pipe: {}", errno_text(errno));
  ChildPipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// What posix_spawn is told, freed at the end.
class SpawnPlan {
 public:
  SpawnPlan(int out, int err) {
    CHECK(::posix_spawn_file_actions_init(&files_) == 0);
    CHECK(::posix_spawnattr_init(&attributes_) == 0);
    ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files_, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, err, STDERR_FILENO);
    sigset_t usual;
    sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  Result<pid_t> spawn(const std::string& program, std::span<const std::string> args) {
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    pid_t child = -1;
    const int error =
        ::posix_spawnp(&child, program.c_str(), &files_, &attributes_, argv.data(), environ);
    if (error == 0) return child;
    return fail(error == ENOENT ? ErrorCode::not_found : ErrorCode::io, "{}: {}",
                printable(program), errno_text(error));
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// A started child; what is left of it when this goes away is ended.
class RunningChild {
 public:
  explicit RunningChild(pid_t pid) : pid_(pid) {}
  RunningChild(const RunningChild&) = delete;
  RunningChild& operator=(const RunningChild&) = delete;
  ~RunningChild() { end(); }

  // Its status when it has ended.
  std::optional<int> poll_status() {
    if (!status_) {
      int raw = 0;
      const pid_t ended = ::waitpid(pid_, &raw, WNOHANG);
      if (ended == pid_) status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
      if (ended < 0 && errno != EINTR) status_ = -1;
    }
    return status_;
  }

  void end() {
    if (poll_status()) return;
    ::kill(-pid_, SIGTERM);
    const auto asked = Clock::now();
    while (!poll_status() && elapsed_since(asked) < kGraceSeconds)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::kill(-pid_, SIGKILL);
    while (!poll_status()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

 private:
  pid_t pid_;
  std::optional<int> status_;
};

// Appends what is there now; closes the end of a pipe that nobody writes to any more.
void take_what_is_there(UniqueFd& fd, std::string& text, std::size_t most) {
  std::array<char, 65536> buffer;
  while (fd && text.size() <= most) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      fd.reset();
    } else {
      return;
    }
  }
}

}  // namespace

Result<ChildOutput> run_child(const std::string& program, std::span<const std::string> args,
                              const ChildLimits& limits, const std::atomic<bool>& stop) {
  ChildPipe out = TRY(make_pipe())
  , err = TRY(make_pipe());
  const auto start = Clock::now();
  SpawnPlan plan(out.write_end.get(), err.write_end.get());
  RunningChild child(TRY(plan.spawn(program, args)));
  out.write_end.reset();
  err.write_end.reset();
  ChildOutput output;
  while (true) {
    const std::optional<int> status = child.poll_status();  // before reading what it left
    take_what_is_there(out.read_end, output.out, limits.max_bytes);
    while (true) {
      const std::size_t before = output.err_tail.size();
      take_what_is_there(err.read_end, output.err_tail, kTailBytes);
      if (output.err_tail.size() > kTailBytes)
        output.err_tail.erase(0, output.err_tail.size() - kTailBytes);
      if (output.err_tail.size() <= before) break;
    }
    if (output.out.size() > limits.max_bytes)
      return fail(ErrorCode::failed, "{}: more than {} bytes of output", printable(program),
                  limits.max_bytes);
    if (status) {
      output.status = *status;
      return output;
    }
    if (stop) return fail(ErrorCode::cancelled, "interrupted");
    if (elapsed_since(start) > limits.seconds)
      return fail(ErrorCode::failed, "{}: no end after {:.0f} seconds", printable(program),
                  limits.seconds);
    std::array<pollfd, 2> fds{{{out.read_end.get(), POLLIN, 0}, {err.read_end.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), kLookMilliseconds);
    if (!out.read_end && !err.read_end)
      std::this_thread::sleep_for(std::chrono::milliseconds(kLookMilliseconds / 5));
  }
}

}  // namespace hearth::app
