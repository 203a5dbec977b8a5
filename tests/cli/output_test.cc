// SPDX-License-Identifier: Apache-2.0
//
// Output for people and for programs: what goes to a terminal and what does not, --json, readers
// that have gone, exit statuses.
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/json.h"
#include "program.h"

namespace hearth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kUsage = 2, kNotFound = 3, kIntegrity = 4, kDoesNotFit = 5, kBrokenPipe = 128 + 13;

const std::string kModel = fixture("tiny-llama-f32.gguf");

// The environment in which a test has a store of its own.
std::vector<std::string> with_store(std::vector<std::string> more = {}) {
  more.push_back("HEARTH_HOME=" + scratch_folder() + "/output-store");
  return more;
}

// What appears on a terminal for a program with these three streams on it; the terminal goes away
// after so many bytes. Input comes from INPUT, then end of file.
struct OnTerminal {
  std::string shown;
  int status = -1;
};

OnTerminal run_on_terminal(const std::vector<std::string>& args,
                           const std::vector<std::string>& environment,
                           std::size_t hang_up_after = SIZE_MAX) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::setenv("TERM", "xterm", 1);
    for (const std::string& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
    std::vector<char*> argv{const_cast<char*>(HEARTH_PROGRAM)};
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    ::execv(HEARTH_PROGRAM, argv.data());
    ::_exit(127);
  }
  OnTerminal result;
  constexpr char kEndOfFile[] = "a\n\004\004";
  static_cast<void>(!::write(terminal, kEndOfFile, 4));
  std::array<char, 4096> buffer;
  while (result.shown.size() < hang_up_after) {
    const ssize_t n = ::read(terminal, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // EIO: the program has closed its end
    result.shown.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(terminal);
  int status = 0;
  ::waitpid(child, &status, 0);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// A program of the system; "$0" is ours, "$1" the tiny model.
Outcome shell(const std::string& script) {
  return run(Invocation{.args = {"-c", script, HEARTH_PROGRAM, kModel},
                        .environment = with_store(),
                        .program = "/bin/bash"});
}

TEST(Colours, AppearOnATerminalThatWantsThem) {
  const std::vector<std::string> args{"tokenize", "-m", kModel, "--no-bos", "--show"};
  EXPECT_THAT(run_on_terminal(args, {}).shown, HasSubstr("\033["));
  EXPECT_THAT(run_on_terminal(args, {"NO_COLOR=1"}).shown, Not(HasSubstr("\033[")));
  EXPECT_THAT(run_on_terminal(args, {"NO_COLOR="}).shown, HasSubstr("\033["));
  EXPECT_THAT(run_on_terminal(args, {"TERM=dumb"}).shown, Not(HasSubstr("\033[")));
  EXPECT_THAT(run(args, "a\n").out, Not(HasSubstr("\033[")));
}

TEST(Bars, AppearOnATerminalOnly) {
  const Outcome import =
      run(Invocation{.args = {"import", kModel, "--name", "tiny"}, .environment = with_store()});
  EXPECT_EQ(import.status, 0);
  EXPECT_THAT(import.err, AllOf(Not(HasSubstr("\r")), Not(HasSubstr("\033"))));
  EXPECT_THAT(import.out, IsEmpty());
}

TEST(Json, IsPrintedByAllThatListsOrShows) {
  const std::string tokens = "1,2,3", dump = scratch_folder() + "/dump.f32";
  ASSERT_EQ(run({"logits", kModel, "--tokens", tokens, "-o", dump}).status, 0);
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"import", kModel, "--name", "tiny"},
                                             {"list"},
                                             {"show", kModel},
                                             {"show", kModel, "--check"},
                                             {"show", kModel, "--template"},
                                             {"show", kModel, "--tensors"},
                                             {"show", kModel, "--metadata"},
                                             {"tokenize", kModel},
                                             {"tokenize", kModel, "--show"},
                                             {"compare", dump, dump, "--tokens", tokens},
                                             {"version"}}) {
    std::vector<std::string> with_json = args;
    with_json.push_back("--json");
    const Outcome outcome =
        run(Invocation{.args = with_json, .input = "a", .environment = with_store()});
    EXPECT_EQ(outcome.status, 0) << args[0] << ": " << outcome.err;
    EXPECT_TRUE(parse_json(outcome.out).has_value()) << args[0] << ": " << outcome.out;
  }
}

TEST(Readers, OfTheAnswerThatHaveGoneEndTheProgramQuietly) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"man"}, {"show", kModel, "--tensors", "--metadata"}, {"completion", "zsh"}}) {
    const Outcome outcome = run(Invocation{.args = args, .read_at_most = 0});
    EXPECT_THAT(outcome.err, IsEmpty()) << args[0];
    EXPECT_TRUE(outcome.status == 0 || outcome.status == kBrokenPipe) << outcome.status;
  }
  const Outcome full = shell("\"$0\" list --json > /dev/full");
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left"));
}

// A message that nobody can read is not an error, and no exception.
TEST(Readers, OfMessagesMayBeGone) {
  EXPECT_EQ(shell("\"$0\" no-such-command 2> /dev/full").status, kUsage);
  EXPECT_EQ(shell("\"$0\" no-such-command 2>&-").status, kUsage);
  // The reader of the pipe ends first.
  const Outcome pipe =
      shell("exec {gone}> >(:); sleep 0.2; \"$0\" show no-such -ngl 9 2>&$gone; echo $?");
  EXPECT_EQ(pipe.out, std::to_string(kNotFound) + "\n");
  const Outcome answer =
      shell("\"$0\" run \"$1\" hi -n 4 -ngl 9 --verbose --greedy --ignore-eos 2> /dev/full");
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.out, Not(IsEmpty()));
}

TEST(Terminals, ThatHangUpEndTheProgramQuietly) {
  const OnTerminal gone =
      run_on_terminal({"run", kModel, "hello", "-n", "-1", "-c", "100000", "--ignore-eos"}, {}, 20);
  EXPECT_THAT(gone.shown, Not(HasSubstr("hearth:")));
  EXPECT_TRUE(gone.status == kBrokenPipe || gone.status == 128 + SIGHUP) << gone.status;
}

TEST(ExitStatuses, AreAsDocumented) {
  EXPECT_EQ(run({"version"}).status, 0);
  EXPECT_EQ(run({"run", kModel, "hi", "--no-such-flag"}).status, kUsage);
  EXPECT_EQ(run({"show", "/no/such/file.gguf"}).status, kNotFound);
  EXPECT_EQ(run({"import", "/no/such/file.gguf"}).status, kNotFound);
  EXPECT_EQ(run({"show", std::string(HEARTH_SOURCE_DIR) + "/README.md"}).status, kIntegrity);
  EXPECT_EQ(run(Invocation{.args = {"import", kModel, "--sha256", std::string(64, '0')},
                           .environment = with_store()})
                .status,
            kIntegrity);
  EXPECT_EQ(run({"logits", kModel, "--tokens", "1,2,3", "-c", "2", "-o", "-"}).status, kDoesNotFit);
}

TEST(Errors, SayWhatToDoNext) {
  const auto err = [](std::vector<std::string> args) {
    const Outcome outcome = run(Invocation{.args = std::move(args), .environment = with_store()});
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_TRUE(outcome.err.starts_with("hearth: ")) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(err({"run"}), HasSubstr("hearth run MODEL"));
  EXPECT_THAT(err({"run", "no-such", "hi"}), HasSubstr("hearth list"));
  EXPECT_THAT(err({"rum"}), HasSubstr("did you mean 'run'?"));
  EXPECT_THAT(err({"run", kModel, "--tmp", "1"}), HasSubstr("did you mean '--temp'?"));
  EXPECT_THAT(err({"compare", "a"}), HasSubstr("hearth help compare"));
  EXPECT_THAT(err({"logits", kModel, "--tokens", "1,2,3", "-c", "2", "-o", "-"}),
              HasSubstr("use a larger -c"));
  EXPECT_THAT(err({"run", kModel}), HasSubstr("give one: hearth run MODEL"));
}

}  // namespace
}  // namespace hearth::test
