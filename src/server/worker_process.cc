// SPDX-License-Identifier: Apache-2.0
#include "server/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "wire/channel.h"
#include "wire/wire.h"

namespace hearth::server {
namespace {

// What a worker may know of the front's environment, which may hold secrets: how to compute, how to
// write times, and what sanitizers read.
constexpr std::string_view kPassedOn[] = {
    "HEARTH_ISA=",   "LANG=",          "LC_ALL=",       "TZ=",
    "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS="};

std::vector<char*> passed_environment() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    for (const std::string_view name : kPassedOn)
      if (std::string_view(*variable).starts_with(name)) variables.push_back(*variable);
  variables.push_back(nullptr);
  return variables;
}

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  // Standard output is for answers, and a worker has none: what it prints are complaints.
  void set_up(int socket) {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket, kWorkerSocket);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
};

Result<pid_t> spawn(const WorkerCommand& command, int socket) {
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::vector<char*> variables = passed_environment();
  SpawnSettings settings;
  settings.set_up(socket);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, command.program.c_str(), &settings.actions,
                                  &settings.attributes, arguments.data(), variables.data());
  if (error != 0)
    return fail(ErrorCode::io, "cannot start a worker process: {}", errno_text(error));
  return pid;
}

// A copy beyond the number that the child shall find it at: a dup2 onto itself would keep
// close-on-exec, and one onto another descriptor of ours would be undone.
Result<UniqueFd> above_worker_socket(const UniqueFd& fd) {
  UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kWorkerSocket + 1));
  if (!copy) return fail(ErrorCode::io, "cannot start a worker process: {}", errno_text(errno));
  return copy;
}

}  // namespace

Result<WorkerProcess> WorkerProcess::start(const WorkerCommand& command, const wire::Load& load,
                                           std::span<const UniqueFd> files) {
  const std::string hello = TRY(wire::encode(wire::ToWorker(wire::Hello{})));
  const std::string frame = TRY(wire::encode(wire::ToWorker(load)));
  auto [ours, theirs] = TRY(wire::Channel::make_pair());
  const UniqueFd passed = TRY(above_worker_socket(theirs));
  WorkerProcess process;
  const pid_t pid = TRY(spawn(command, passed.get()));
  theirs.reset();
  process.pid_fd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.pid_fd_) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(ErrorCode::io, "cannot watch a worker process: {}", errno_text(error));
  }
  process.is_reaped_ = false;
  std::vector<int> descriptors;
  for (const UniqueFd& file : files) descriptors.push_back(file.get());
  UniqueFd sender(::fcntl(ours.get(), F_DUPFD_CLOEXEC, 0));
  if (!sender) return fail(ErrorCode::io, "cannot start a worker process: {}", errno_text(errno));
  wire::Channel channel(std::move(sender));
  TRY(channel.send(hello));
  TRY(channel.send(frame, descriptors));
  process.socket_ = std::move(ours);
  return process;
}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(pid_fd_, other.pid_fd_);
  std::swap(is_reaped_, other.is_reaped_);
  return *this;
}

WorkerProcess::~WorkerProcess() {
  if (pid_fd_ && !is_reaped_) reap_within(std::chrono::milliseconds(0));
}

void WorkerProcess::kill() {
  static_cast<void>(::syscall(SYS_pidfd_send_signal, pid_fd_.get(), SIGKILL, nullptr, 0));
}

std::string WorkerProcess::reap_within(std::chrono::milliseconds patience) {
  pollfd ended{pid_fd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(patience.count())) <= 0) kill();
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid_fd_.get());
  while (::waitid(P_PIDFD, id, &info, WEXITED) != 0 && errno == EINTR) {
  }
  is_reaped_ = true;
  if (info.si_code == CLD_EXITED) return fmt::format("ended with status {}", info.si_status);
  const char* name = ::strsignal(info.si_status);
  return fmt::format("was killed by signal {} ({})", info.si_status,
                     name != nullptr ? name : "unknown");
}

}  // namespace hearth::server
