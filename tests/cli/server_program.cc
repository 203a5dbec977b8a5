// SPDX-License-Identifier: Apache-2.0
#include "server_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "program.h"

namespace hearth::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60};
constexpr int kFirstHandedOver = 3;  // sd_listen_fds(3)

[[noreturn]] void become(const ServerInvocation& invocation, int errors) {
  ::dup2(errors, STDERR_FILENO);
  ::setenv("HEARTH_HOME", (scratch_folder() + "/serve").c_str(), 1);
  ::setenv("XDG_CONFIG_HOME", (scratch_folder() + "/config").c_str(), 0);
  for (const std::string& variable : invocation.environment)
    ::putenv(const_cast<char*>(variable.c_str()));
  if (invocation.listen_fd >= 0) {
    ::dup2(invocation.listen_fd, kFirstHandedOver);
    ::fcntl(kFirstHandedOver, F_SETFD, 0);  // also if it was that one already
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
  if (invocation.before_start) invocation.before_start();
  std::vector<std::string> args = {HEARTH_PROGRAM, "serve"};
  args.insert(args.end(), invocation.args.begin(), invocation.args.end());
  std::vector<char*> words;
  for (std::string& arg : args) words.push_back(arg.data());
  words.push_back(nullptr);
  ::execv(HEARTH_PROGRAM, words.data());
  ::_exit(127);
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

ServerProgram::ServerProgram(const ServerInvocation& invocation) {
  int ends[2];
  CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  process_ = ::fork();
  CHECK(process_ >= 0);
  if (process_ == 0) become(invocation, ends[1]);
  ::close(ends[1]);
  errors_ = UniqueFd(ends[0]);
}

ServerProgram::~ServerProgram() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

bool ServerProgram::hear(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd wanted{.fd = errors_.get(), .events = POLLIN, .revents = 0};
  if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) return false;
  char bytes[4096];
  const ssize_t n = ::read(errors_.get(), bytes, sizeof bytes);
  if (n > 0) said_.append(bytes, static_cast<std::size_t>(n));
  return n > 0;
}

bool ServerProgram::hears(std::string_view text) {
  return hears(text, 1);
}

bool ServerProgram::hears(std::string_view text, int n_times) {
  const auto deadline = Clock::now() + kPatience;
  while (count(said_, text) < static_cast<std::size_t>(n_times))
    if (!hear(deadline)) return false;
  return true;
}

std::uint16_t ServerProgram::port(int i) {
  constexpr std::string_view kServedAt = "is served at http";
  if (!hears(kServedAt, i + 1) || !hears("tokens of context", i + 1)) return 0;
  std::size_t at = 0;
  for (int n = 0; n <= i; ++n) at = said_.find(kServedAt, at) + kServedAt.size();
  const std::size_t colon = said_.rfind(':', said_.find(" (", at));
  return static_cast<std::uint16_t>(std::atoi(said_.c_str() + colon + 1));
}

// Each was started by some thread of the front.
std::vector<pid_t> ServerProgram::workers() const {
  std::vector<pid_t> pids;
  const std::string tasks = "/proc/" + std::to_string(process_) + "/task";
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    const std::string children = read_file(task.path().string() + "/children", 4096).value_or("");
    for (const char* at = children.c_str(); *at != '\0';) {
      char* end = nullptr;
      pids.push_back(static_cast<pid_t>(std::strtol(at, &end, 10)));
      at = *end == '\0' ? end : end + 1;
    }
  }
  return pids;
}

void ServerProgram::signal(int number) const {
  ::kill(process_, number);
}

void ServerProgram::signal_workers(int number) const {
  for (const pid_t worker : workers()) ::kill(worker, number);
}

int ServerProgram::stop(int number) {
  if (process_ <= 0) return 0;
  ::kill(process_, number);
  const auto deadline = Clock::now() + kPatience;
  while (hear(deadline)) {
  }
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string http_request(std::string_view what, const std::string& body, std::string_view headers) {
  std::string text(what);
  text += " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  text += headers;
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chat_body(const std::string& rest) {
  return R"({"messages": [{"role": "user", "content": "hello"}], "temperature": 0, "max_tokens": 12)" +
         rest + "}";
}

}  // namespace hearth::test
