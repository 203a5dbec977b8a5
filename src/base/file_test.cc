// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "base/test_support.h"

namespace hearth {
namespace {

using testing::HasSubstr;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};
Pipe make_pipe() {
  int ends[2];
  CHECK(::pipe(ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, OwnsAndMoves) {
  Pipe pipe = make_pipe();
  const int number = pipe.read_end.get();
  {
    UniqueFd moved(std::move(pipe.read_end));
    EXPECT_FALSE(pipe.read_end);  // NOLINT(bugprone-use-after-move): the promise under test
    EXPECT_EQ(moved.get(), number);
    UniqueFd& self = moved;
    moved = std::move(self);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(OpenForRead, OpensRegularFilesAlone) {
  const test::TempDir dir;
  const std::string path = dir.write("file", "hello");
  const UniqueFd fd = open_for_read(path).value();
  EXPECT_TRUE((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  EXPECT_EQ(file_size(fd.get()).value(), 5u);

  EXPECT_EQ(open_for_read(dir.file("none")).error().code, ErrorCode::not_found);
  EXPECT_EQ(open_for_read(path + "/below").error().code, ErrorCode::not_found);
  EXPECT_EQ(open_for_read(dir.path()).error().code, ErrorCode::integrity);
  EXPECT_EQ(open_for_read("/dev/null").error().code, ErrorCode::integrity);
  CHECK(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  EXPECT_EQ(open_for_read(dir.file("fifo")).error().code, ErrorCode::integrity);  // and no hang
  EXPECT_THAT(open_for_read("no\x1bsuch").error().message, HasSubstr("no\\x1bsuch: No such file"));
}

TEST(OpenForRead, PermissionIsAnIoError) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const test::TempDir dir;
  const std::string path = dir.write("secret", "x");
  ::chmod(path.c_str(), 0);
  EXPECT_EQ(open_for_read(path).error().code, ErrorCode::io);
}

TEST(CheckFreeSpace, RefusesMoreThanThereIs) {
  EXPECT_TRUE(check_free_space("/tmp", 0));
  EXPECT_TRUE(check_free_space("/no/such/folder", 1));
  const auto refused = check_free_space("/tmp", std::uint64_t{1} << 62);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::io);
}

TEST(ReadAll, PutsShortReadsTogether) {
  Pipe pipe = make_pipe();
  std::string sent;
  for (int i = 0; i < 3000; ++i) sent += std::to_string(i);
  std::thread writer([&] {
    for (std::size_t at = 0; at < sent.size(); at += 7)
      EXPECT_TRUE(write_all(pipe.write_end.get(), std::string_view(sent).substr(at, 7)));
    pipe.write_end.reset();
  });
  EXPECT_EQ(read_all(pipe.read_end.get(), sent.size()).value(), sent);
  writer.join();
}

TEST(ReadFile, TakesThePathOfAPipe) {
  Pipe pipe = make_pipe();
  ASSERT_TRUE(write_all(pipe.write_end.get(), "through a pipe"));
  pipe.write_end.reset();
  EXPECT_EQ(read_file(fmt::format("/dev/fd/{}", pipe.read_end.get()), 100).value(),
            "through a pipe");
}

TEST(ReadAll, RefusesMoreThanTheLimit) {
  const test::TempDir dir;
  const std::string path = dir.write("file", std::string(200'000, 'x'));
  EXPECT_EQ(read_file(path, 200'000).value().size(), 200'000u);
  const auto refused = read_file(path, 199'999);
  EXPECT_EQ(refused.error().code, ErrorCode::does_not_fit);
  EXPECT_THAT(refused.error().message, HasSubstr(path));
  EXPECT_EQ(read_file(dir.write("empty", ""), 0).value(), "");
  EXPECT_EQ(read_all(-1, 10).error().code, ErrorCode::io);
}

TEST(WriteAll, ResumesAfterShortWritesAndSignals) {
  // The pipe is smaller than the text and the reader is slow; a timer interrupts the blocked write.
  struct sigaction action = {}, before = {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, &before);
  const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 2000},
                        .it_value = {.tv_sec = 0, .tv_usec = 2000}};
  ::setitimer(ITIMER_REAL, &often, nullptr);

  Pipe pipe = make_pipe();
  const std::string sent(1'000'000, 'y');
  std::string received;
  std::thread reader([&] {
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
    ::usleep(30'000);
    received = read_all(pipe.read_end.get(), sent.size()).value();
  });
  EXPECT_TRUE(write_all(pipe.write_end.get(), sent).has_value());
  pipe.write_end.reset();
  reader.join();
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(received, sent);
}

TEST(WriteAll, ReportsFailures) {
  EXPECT_EQ(write_all(-1, "x").error().code, ErrorCode::io);
  EXPECT_TRUE(write_all(-1, "").has_value());
  Pipe pipe = make_pipe();
  pipe.read_end.reset();
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  EXPECT_THAT(write_all(pipe.write_end.get(), "x").error().message, HasSubstr("Broken pipe"));
  ::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace hearth
