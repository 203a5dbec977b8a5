// SPDX-License-Identifier: Apache-2.0
#include "worker/run_confined.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include "base/escape.h"
#include "base/file.h"
#include "worker/confined_frames_internal.h"
#include "worker/host_facts.h"

namespace hearth::worker {
namespace {

using ConfinedClock = std::chrono::steady_clock;

constexpr std::size_t kMaxSaid = 4096;                      // of the child's standard error
constexpr std::size_t kMaxMessage = std::size_t{64} << 10;  // of its error
constexpr int kLookForStopMs = 100;
constexpr auto kTimeToEnd = std::chrono::milliseconds(2000);  // of a child that sends no more

struct ConfinedPipe {
  UniqueFd read_end, write_end;
};

Result<ConfinedPipe> make_confined_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::io, "a pipe: {}", errno_text(errno));
  return ConfinedPipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void take_place_of_streams(int messages) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO})
    if (nothing < 0 || ::dup2(nothing, stream) < 0) ::close(stream);
  ::dup2(messages, STDERR_FILENO);
}

// The child's life. noexcept: nothing may unwind into the frames that it shares with its parent.
[[noreturn]] void live_confined(const ConfinedJob& job, const SandboxOptions& options, pid_t parent,
                                int answers, int messages) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it went before that was set
  ::signal(SIGINT, SIG_IGN);              // the parent hears it too, and decides
  ::signal(SIGPIPE, SIG_IGN);
  take_place_of_streams(messages);
  static_cast<void>(read_host_facts());
  const TellProgress tell = [answers](std::uint64_t done, std::uint64_t total) {
    static_cast<void>(write_all(answers, progress_frame(done, total)));
  };
  const auto report = confine(options);
  const Result<std::string> answer = report ? job.work({.sandbox = *report, .tell = tell})
                                            : Result<std::string>(std::unexpected(report.error()));
  const bool is_sent =
      write_all(answers, answer_head(answer)) &&
      write_all(answers, answer ? std::string_view(*answer) : answer.error().message);
  ::_exit(is_sent ? 0 : 1);
}

// A child that is gone for certain when this is.
class ConfinedChild {
 public:
  explicit ConfinedChild(pid_t pid) : pid_(pid) {}
  ConfinedChild(const ConfinedChild&) = delete;
  ConfinedChild& operator=(const ConfinedChild&) = delete;
  ~ConfinedChild() { end(); }

  // How it ended, as waitpid gives it; one that does not is made to.
  int status() {
    const auto asked = ConfinedClock::now();
    while (!look() && ConfinedClock::now() - asked < kTimeToEnd)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    end();
    return status_.value_or(0);
  }

 private:
  bool look() {
    int raw = 0;
    if (!status_ && ::waitpid(pid_, &raw, WNOHANG) == pid_) status_ = raw;
    return status_.has_value();
  }
  void end() {
    if (look()) return;
    ::kill(pid_, SIGKILL);
    int raw = 0;
    pid_t ended;
    do {
      ended = ::waitpid(pid_, &raw, 0);
    } while (ended < 0 && errno == EINTR);
    status_ = raw;
  }

  pid_t pid_;
  std::optional<int> status_;
};

// What came of a child that ended without an answer. said is what it wrote to standard error.
Error error_of_end(const std::string& about, int status, std::string_view said) {
  while (said.ends_with('\n')) said.remove_suffix(1);
  std::string why(said.substr(said.rfind('\n') + 1));
  const std::string name = printable(about);
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_code(ErrorCode::integrity) && !why.empty()) {
    // The SIGBUS guard has said it all (base/mapped_file.h).
    constexpr std::string_view kProgram = "hearth: ";
    if (why.starts_with(kProgram)) why.erase(0, kProgram.size());
    return {ErrorCode::integrity, printable(why, 1000)};
  }
  const std::string last_words = why.empty() ? "" : "; its last words: " + printable(why, 300);
  if (!WIFSIGNALED(status))
    return {ErrorCode::failed, fmt::format("{}: the process that read it ended with status {}{}",
                                           name, WEXITSTATUS(status), last_words)};
  const int signal = WTERMSIG(status);
  if (signal == SIGSYS)
    return {ErrorCode::integrity,
            fmt::format("{}: the process that read it tried what a confined process may not, and "
                        "was ended; the file is an attack, or this is a bug{}",
                        name, last_words)};
  if (signal == SIGKILL)
    return {ErrorCode::does_not_fit,
            fmt::format("{}: the process that read it was killed, most likely for memory", name)};
  return {ErrorCode::integrity, fmt::format("{}: the file made the parser crash (signal {}, {}){}",
                                            name, signal, ::strsignal(signal), last_words)};
}

// Reads what both ends say until there is an answer, or none can come.
class ConfinedTalk {
 public:
  ConfinedTalk(const ConfinedJob& job, UniqueFd answers, UniqueFd messages)
      : job_(job), answers_(std::move(answers)), messages_(std::move(messages)) {}

  // Nothing: the child has closed its end without one.
  Result<std::optional<Result<std::string>>> wait_for_answer() {
    FrameReader reader(job_.max_bytes);
    std::array<char, 65536> buffer;
    while (true) {
      TRY(wait());
      listen();
      const ssize_t n = ::read(answers_.get(), buffer.data(), buffer.size());
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (n < 0) return fail(ErrorCode::io, "a confined process: {}", errno_text(errno));
      if (n == 0) return std::nullopt;
      if (!reader.take({buffer.data(), static_cast<std::size_t>(n)}, job_.on_progress))
        return fail(ErrorCode::does_not_fit, "{}: the answer is longer than {} bytes, or is none",
                    printable(job_.about), job_.max_bytes);
      if (auto answer = reader.answer()) return answer;
    }
  }

  // All that the child has written to standard error, the end of it if that is long.
  std::string said() {
    listen();
    return said_;
  }

 private:
  Result<void> wait() {
    std::array<pollfd, 2> fds{{{answers_.get(), POLLIN, 0}, {messages_.get(), POLLIN, 0}}};
    while (true) {
      if (job_.stop != nullptr && *job_.stop) return fail(ErrorCode::cancelled, "interrupted");
      const std::chrono::duration<double> gone = ConfinedClock::now() - start_;
      if (job_.seconds > 0 && gone.count() > job_.seconds)
        return fail(ErrorCode::failed, "{}: no end after {:.0f} seconds", printable(job_.about),
                    job_.seconds);
      if (::poll(fds.data(), fds.size(), kLookForStopMs) > 0) return {};
    }
  }
  void listen() {
    std::array<char, kMaxSaid> buffer;
    while (messages_) {
      const ssize_t n = ::read(messages_.get(), buffer.data(), buffer.size());
      if (n == 0) messages_.reset();
      if (n <= 0) return;
      said_.append(buffer.data(), static_cast<std::size_t>(n));
      if (said_.size() > kMaxSaid) said_.erase(0, said_.size() - kMaxSaid);
    }
  }

  const ConfinedJob& job_;
  UniqueFd answers_, messages_;
  std::string said_;
  ConfinedClock::time_point start_ = ConfinedClock::now();
};

}  // namespace

Result<std::string> run_confined(const ConfinedJob& job, const SandboxOptions& options) {
  ConfinedPipe answers = TRY(make_confined_pipe());
  ConfinedPipe messages = TRY(make_confined_pipe());
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorCode::io, "fork: {}", errno_text(errno));
  if (pid == 0)
    live_confined(job, options, parent, answers.write_end.get(), messages.write_end.get());
  ConfinedChild child(pid);
  answers.write_end.reset();
  messages.write_end.reset();
  for (const int fd : {answers.read_end.get(), messages.read_end.get()})
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  ConfinedTalk talk(job, std::move(answers.read_end), std::move(messages.read_end));
  const std::optional<Result<std::string>> answer = TRY(talk.wait_for_answer());
  if (answer && *answer) return **answer;
  if (answer)  // its words are the child's, and go to a terminal
    return fail(answer->error().code, "{}", printable(answer->error().message, kMaxMessage));
  const int status = child.status();
  return std::unexpected(error_of_end(job.about, status, talk.said()));
}

}  // namespace hearth::worker
