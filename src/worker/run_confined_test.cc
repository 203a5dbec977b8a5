// SPDX-License-Identifier: Apache-2.0
#include "worker/run_confined.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <thread>

#include "base/check.h"
#include "base/mapped_file.h"
#include "base/test_support.h"
#include "worker/confined_frames_internal.h"

namespace hearth::worker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

using Work = std::function<Result<std::string>(const ConfinedPlace&)>;

// As it ends where no sanitizer reports it first.
void end_by(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

Result<std::string> run_work(Work work) {
  return run_confined({.about = "model.gguf", .work = std::move(work), .seconds = 60});
}

TEST(RunConfined, BringsBytesBack) {
  const std::string bytes("\0\xff\n\x1b[31m", 8);
  EXPECT_EQ(run_work([&](const ConfinedPlace&) { return bytes; }).value(), bytes);
  EXPECT_EQ(run_work([](const ConfinedPlace&) { return ""; }).value(), "");
  const std::string large(std::size_t{9} << 20, 'x');
  EXPECT_TRUE(run_work([&](const ConfinedPlace&) { return large; }).value() == large);
}

TEST(RunConfined, RunsBehindTheWalls) {
  const auto report = run_work([](const ConfinedPlace& place) -> Result<std::string> {
    if (open_for_read("/dev/null").error().code != ErrorCode::io) return "opened";
    return describe(place.sandbox);
  });
  EXPECT_THAT(report.value(), HasSubstr("system call filter"));
}

TEST(RunConfined, BringsErrorsBack) {
  const auto failed = run_work([](const ConfinedPlace&) -> Result<std::string> {
    return fail(ErrorCode::not_found, "no such tensor");
  });
  EXPECT_EQ(failed.error().code, ErrorCode::not_found);
  EXPECT_EQ(failed.error().message, "no such tensor");
  // The words of a child that is in other hands do not reach the terminal as they are.
  const auto hostile = run_work([](const ConfinedPlace&) -> Result<std::string> {
    return fail(ErrorCode::failed, "\x1b]0;title\x07");
  });
  EXPECT_THAT(hostile.error().message, Not(HasSubstr("\x1b")));
}

TEST(RunConfined, ACrashIsOneErrorThatNamesTheFile) {
  for (const int signal : {SIGSEGV, SIGILL, SIGFPE, SIGABRT}) {
    const auto crashed = run_work([=](const ConfinedPlace&) {
      end_by(signal);
      return "survived";
    });
    EXPECT_EQ(crashed.error().code, ErrorCode::integrity);
    EXPECT_THAT(crashed.error().message,
                AllOf(HasSubstr("model.gguf: the file made the parser crash"),
                      HasSubstr("signal " + std::to_string(signal))));
  }
}

TEST(RunConfined, LastWordsAreTold) {
  const auto failed = run_work([](const ConfinedPlace&) -> Result<std::string> {
    ::signal(SIGABRT, SIG_DFL);
    check_failed("a \x1b[31m condition", "a file", 1);
  });
  EXPECT_THAT(failed.error().message, AllOf(HasSubstr("condition"), Not(HasSubstr("\x1b"))));
}

TEST(RunConfined, NothingUnwindsIntoTheParentsFrames) {
  try {
    const auto thrown = run_work([](const ConfinedPlace&) -> Result<std::string> {
      ::signal(SIGABRT, SIG_DFL);
      throw std::runtime_error("thrown");
    });
    EXPECT_THAT(thrown.error().message, HasSubstr("signal 6"));
  } catch (const std::runtime_error&) {
    ADD_FAILURE() << "this is the child, where it never should be";
    ::_exit(1);
  }
}

TEST(RunConfined, ForbiddenCallsAreTold) {
  const auto forbidden = run_work([](const ConfinedPlace&) {
    ::execl("/bin/true", "true", nullptr);
    return "survived";
  });
  EXPECT_EQ(forbidden.error().code, ErrorCode::integrity);
  EXPECT_THAT(forbidden.error().message, AllOf(HasSubstr("model.gguf"), HasSubstr("may not")));
}

TEST(RunConfined, BeingKilledIsTold) {
  const auto killed = run_work([](const ConfinedPlace&) {
    ::raise(SIGKILL);
    return "survived";
  });
  EXPECT_EQ(killed.error().code, ErrorCode::does_not_fit);
  const auto left = run_work([](const ConfinedPlace&) -> Result<std::string> { ::_exit(3); });
  EXPECT_THAT(left.error().message, HasSubstr("ended with status 3"));
}

TEST(RunConfined, TimeAndLengthAreBounded) {
  const auto start = std::chrono::steady_clock::now();
  const auto late = run_confined({.about = "model.gguf",
                                  .work = [](const ConfinedPlace&) -> Result<std::string> {
                                    while (true) std::this_thread::yield();
                                  },
                                  .seconds = 0.3});
  EXPECT_THAT(late.error().message, AllOf(HasSubstr("model.gguf"), HasSubstr("no end")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  const auto with_limit = [](std::size_t n_bytes) {
    return run_confined({.about = "model.gguf",
                         .work = [=](const ConfinedPlace&) { return std::string(n_bytes, 'x'); },
                         .max_bytes = 1000});
  };
  EXPECT_EQ(with_limit(1000).value().size(), 1000u);
  EXPECT_EQ(with_limit(1001).error().code, ErrorCode::does_not_fit);
}

TEST(RunConfined, CanBeStopped) {
  const std::atomic<bool> stop = true;
  const auto stopped = run_confined({.about = "model.gguf",
                                     .work = [](const ConfinedPlace&) -> Result<std::string> {
                                       while (true) std::this_thread::yield();
                                     },
                                     .stop = &stop});
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST(RunConfined, ProgressIsHeardHere) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> heard;
  const auto answer =
      run_confined({.about = "model.gguf",
                    .work =
                        [](const ConfinedPlace& place) {
                          for (std::uint64_t i = 0; i < 3; ++i)
                            place.tell(i, std::numeric_limits<std::uint64_t>::max());
                          return "answer";
                        },
                    .on_progress = [&](std::uint64_t done,
                                       std::uint64_t total) { heard.emplace_back(done, total); }});
  EXPECT_EQ(answer.value(), "answer");
  EXPECT_THAT(heard, ElementsAre(Pair(0, UINT64_MAX), Pair(1, UINT64_MAX), Pair(2, UINT64_MAX)));
}

TEST(RunConfined, AFileThatShrinksIsOneSentence) {
  const test::TempDir dir;
  const std::string path = dir.write("f", std::string(4 * 4096, 'x'));
  const UniqueFd fd = open_for_read(path).value();
  const MappedFile file = MappedFile::map(fd.get(), "f").value();
  ASSERT_EQ(::truncate(path.c_str(), 4096), 0);
  const auto read = run_work([&](const ConfinedPlace&) {
    // As in a program that has called install_mapping_guard() at its start; but not here, where
    // GoogleTest goes on.
    install_mapping_guard();
    return std::string(
        1, static_cast<char>(static_cast<const volatile std::byte&>(file.bytes()[3 * 4096])));
  });
  EXPECT_EQ(read.error().code, ErrorCode::integrity);
  EXPECT_THAT(read.error().message, testing::StartsWith("f: the file shrank"));
}

TEST(RunConfined, WorksBesideThreads) {
  std::atomic<bool> ends = false;
  std::thread other([&] {
    while (!ends) std::string(1000, 'x').swap(*std::make_unique<std::string>());
  });
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(run_work([](const ConfinedPlace&) { return std::string(5000, 'y'); }).value().size(),
              5000u);
  ends = true;
  other.join();
}

TEST(FrameReader, TakesFramesInAnyPieces) {
  const Result<std::string> answer = "the answer";
  const std::string sent =
      progress_frame(1, 2) + progress_frame(3, 4) + answer_head(answer) + *answer;
  for (std::size_t n = 1; n <= sent.size(); ++n) {
    FrameReader reader(100);
    std::uint64_t sum = 0;
    const auto add = [&](std::uint64_t done, std::uint64_t total) { sum += done + total; };
    for (std::size_t at = 0; at < sent.size(); at += n)
      ASSERT_TRUE(reader.take(std::string_view(sent).substr(at, n), add));
    EXPECT_EQ(sum, 10u);
    EXPECT_EQ(reader.answer().value().value(), "the answer");
  }
}

TEST(FrameReader, RefusesWhatCannotBe) {
  const auto takes = [](std::string bytes) { return FrameReader(100).take(bytes, nullptr); };
  const Result<std::string> answer = "the answer";
  EXPECT_FALSE(takes("x" + std::string(8, '\0')));              // an unknown kind
  EXPECT_FALSE(takes(std::string(9, '\0')));                    // code 0 is no error
  EXPECT_FALSE(takes("\x7f" + std::string(8, '\0')));           // nor is this
  EXPECT_FALSE(takes("r" + std::string(8, '\xff')));            // beyond the bound
  EXPECT_FALSE(takes("\x01" + std::string(8, '\xff')));         // an error beyond its bound
  EXPECT_FALSE(takes("p\x11" + std::string(7, '\0')));          // progress of another length
  EXPECT_FALSE(takes(answer_head(answer) + *answer + "more"));  // something behind the answer
  FrameReader half(100);
  EXPECT_TRUE(half.take(answer_head(answer) + "the", nullptr));
  EXPECT_FALSE(half.answer().has_value());
}

}  // namespace
}  // namespace hearth::worker
