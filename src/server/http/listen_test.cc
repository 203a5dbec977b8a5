// SPDX-License-Identifier: Apache-2.0
#include "server/http/listen.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/test_support.h"
#include "server/http/test_server.h"

namespace hearth::server {
namespace {

using testing::HasSubstr;

HttpApp naming_app() {
  return {.handle = [](HttpRequest& request, ResponseWriter& writer) -> Task<void> {
    writer.send({.body = request.peer + " " + std::to_string(request.listener)});
    co_return;
  }};
}

constexpr std::string_view kAsk = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Listener, SeveralAtOnce) {
  const hearth::test::TempDir dir;
  const std::string path = dir.file("hearth.sock");
  std::vector<Listener> listeners;
  listeners.push_back(std::move(Listener::tcp("127.0.0.1", 0).value()[0]));
  listeners.push_back(Listener::unix_socket(path).value());
  auto v6 = Listener::tcp("::1", 0);
  const bool has_v6 = v6.has_value();  // a container may have none
  if (has_v6) listeners.push_back(std::move((*v6)[0]));
  EXPECT_THAT(listeners[0].name(), HasSubstr("127.0.0.1:"));
  EXPECT_EQ(listeners[1].name(), "unix:" + path);
  for (const Listener& listener : listeners) EXPECT_TRUE(listener.is_loopback());

  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  {
    const test::TestServer server(std::move(listeners), naming_app());
    EXPECT_EQ(test::TestClient(server.port(0)).ask(kAsk).body, "127.0.0.1 0");
    EXPECT_EQ(test::TestClient(path).ask(kAsk).body, "unix 1");
    if (has_v6) {
      EXPECT_EQ(test::TestClient(server.port(2), true).ask(kAsk).body, "::1 2");
    }
  }
  EXPECT_NE(::stat(path.c_str(), &status), 0) << "the socket's file was left";
}

TEST(Listener, UnixPaths) {
  const hearth::test::TempDir dir;
  const std::string path = dir.file("s");
  {
    const auto first = Listener::unix_socket(path);
    ASSERT_TRUE(first.has_value());
    EXPECT_THAT(Listener::unix_socket(path).error().message, HasSubstr("in use"));
  }
  // What a killed process leaves: a file of a socket that nobody listens on.
  const auto crashed = hearth::test::run_in_child([&] {
    const auto listener = Listener::unix_socket(path);
    ::_exit(listener ? 0 : 1);
    return 0;
  });
  ASSERT_EQ(crashed.exit_code(), 0);
  EXPECT_TRUE(Listener::unix_socket(path).has_value());
  dir.write("file", "precious");
  EXPECT_FALSE(Listener::unix_socket(dir.file("file")).has_value());
  EXPECT_EQ(read_file(dir.file("file"), 100).value(), "precious");
  EXPECT_EQ(Listener::unix_socket(std::string(200, 'a')).error().code, ErrorCode::usage);
  EXPECT_EQ(Listener::unix_socket("").error().code, ErrorCode::usage);
}

TEST(Listener, Addresses) {
  const auto taken = Listener::tcp("127.0.0.1", 0);
  ASSERT_TRUE(taken.has_value());
  const auto again = Listener::tcp("127.0.0.1", (*taken)[0].port());
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().message, HasSubstr("in use"));
  EXPECT_EQ(Listener::tcp("256.1.1.1.", 0).error().code, ErrorCode::usage);
  const auto wide = Listener::tcp("0.0.0.0", 0);
  ASSERT_TRUE(wide.has_value());
  EXPECT_FALSE((*wide)[0].is_loopback());
}

TEST(Listener, InheritedSockets) {
  // In a child, whose descriptors and variables are its own.
  const auto child = hearth::test::run_in_child([] {
    auto made = Listener::tcp("127.0.0.1", 0);
    const auto port = (*made)[0].port();
    if (::dup2((*made)[0].fd(), 3) != 3) return 1;
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", "1", 1);
    if (auto others = Listener::inherited(); !others || !others->empty()) return 2;
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    auto ours = Listener::inherited();
    if (!ours || ours->size() != 1) return 3;
    if ((*ours)[0].port() != port || (*ours)[0].fd() != 3) return 4;
    if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) return 5;
    if (std::getenv("LISTEN_FDS") != nullptr) return 6;
    const test::TestServer server(std::move(*ours), naming_app());
    return test::TestClient(port).ask(kAsk).status == 200 ? 0 : 7;
  });
  EXPECT_EQ(child.exit_code(), 0);
}

TEST(Listener, AdoptsOnlyWhatListens) {
  const auto refused = [](int fd) {
    const auto adopted = Listener::adopt(UniqueFd(fd));
    return !adopted && adopted.error().code == ErrorCode::usage;
  };
  EXPECT_TRUE(refused(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  EXPECT_TRUE(refused(::socket(AF_INET, SOCK_DGRAM, 0)));
  EXPECT_TRUE(refused(::socket(AF_INET, SOCK_STREAM, 0)));
}

}  // namespace
}  // namespace hearth::server
