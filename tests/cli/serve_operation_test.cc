// SPDX-License-Identifier: Apache-2.0
//
// hearth serve as a service manager and an operator meet it: what it tells systemd, sockets that
// are handed over, signals, the kinds of addresses, TLS.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/test_support.h"
#include "program.h"
#include "server/http/test_server.h"
#include "server/http/test_tls.h"
#include "server_program.h"

namespace hearth::test {
namespace {

using server::test::TestAnswer;
using server::test::TestClient;
using server::test::TlsTestClient;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

// A small model on two threads, and what else is wanted.
std::vector<std::string> small_model(std::vector<std::string> more = {}) {
  std::vector<std::string> args = {fixture("tiny-llama-q8_0.gguf"), "-c", "256", "-t", "2"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

std::string completions_request(const std::string& rest = {}, std::string_view headers = {}) {
  return http_request("POST /v1/chat/completions", chat_body(rest), headers);
}

// The socket on which a service manager listens.
class NotifySocket {
 public:
  NotifySocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    CHECK(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  std::string variable() const { return "NOTIFY_SOCKET=" + path_; }

  // The next message, if one comes in time.
  std::optional<std::string> next(milliseconds patience) {
    pollfd wanted{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
    char bytes[4096];
    const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    return std::string(bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  // Whether a message with that text comes in time; others are passed over.
  bool hears(std::string_view text, milliseconds patience = milliseconds(30'000)) {
    const auto deadline = steady_clock::now() + patience;
    while (true) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
      const auto message = next(std::max(left, milliseconds(0)));
      if (!message) return false;
      if (message->find(text) != std::string::npos) return true;
    }
  }

 private:
  TempDir folder_;
  const std::string path_ = folder_.file("notify");
  UniqueFd fd_;
};

constexpr std::string_view kPing = "WATCHDOG=1";

TEST(ServeOperation, TellsTheServiceManager) {
  NotifySocket manager;
  ServerProgram program({.args = small_model({"--port", "0"}),
                         .environment = {manager.variable(), "WATCHDOG_USEC=500000"}});
  ASSERT_TRUE(manager.hears("STATUS=loading"));
  ASSERT_TRUE(manager.hears("READY=1\nSTATUS=serving")) << program.said();
  // While nothing runs it is well, always.
  EXPECT_TRUE(manager.hears(kPing));
  EXPECT_TRUE(manager.hears(kPing));

  // A request that does not get on is a hang, and must not be called well.
  program.signal_workers(SIGSTOP);
  TestClient client = program.client();
  client.send(completions_request());
  ASSERT_FALSE(client.read_until("HTTP/1.1", milliseconds(700)));
  while (manager.next(milliseconds(0))) {
  }  // what was said before
  EXPECT_FALSE(manager.hears(kPing, milliseconds(1500)));
  program.signal_workers(SIGCONT);
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(manager.hears(kPing));

  program.signal(SIGTERM);
  EXPECT_TRUE(manager.hears("STOPPING=1"));
  EXPECT_EQ(program.stop(SIGCONT), 0) << program.said();
}

TEST(ServeOperation, TakesASocketThatIsHandedOver) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 16), 0);
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  // Whoever connects before there is a server waits for it.
  TestClient early(ntohs(address.sin_port));
  early.send(http_request("GET /health"));
  ServerProgram program({.args = small_model(), .listen_fd = socket.get()});
  EXPECT_EQ(program.port(), ntohs(address.sin_port));
  EXPECT_GT(early.read_answer().status, 0);
  EXPECT_EQ(program.client().ask(completions_request()).status, 200);
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

TEST(ServeOperation, ReadsKeysAnewOnSighup) {
  const TempDir folder;
  const std::string file = folder.write("keys", "first\n");
  ServerProgram program({.args = small_model({"--port", "0", "--api-key-file", file})});
  const auto status_with = [&](const std::string& key) {
    return program.client()
        .ask(completions_request("", "Authorization: Bearer " + key + "\r\n"))
        .status;
  };
  EXPECT_EQ(status_with("first"), 200);
  EXPECT_EQ(status_with("second"), 401);
  folder.write("keys", "second\n");
  EXPECT_EQ(status_with("second"), 401) << "before the signal";
  program.signal(SIGHUP);
  ASSERT_TRUE(program.hears(R"("event":"reloaded")"));
  EXPECT_EQ(status_with("first"), 401);
  EXPECT_EQ(status_with("second"), 200);
  // A file that cannot be used changes nothing.
  folder.write("keys", "\n");
  program.signal(SIGHUP);
  ASSERT_TRUE(program.hears("reload_failed"));
  EXPECT_EQ(status_with("second"), 200);
  EXPECT_EQ(program.client().ask(completions_request()).status, 401);
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

TEST(ServeOperation, LetsAStreamEndAfterSigterm) {
  ServerProgram program({.args = small_model({"--port", "0"})});
  TestClient client = program.client();
  // The model stands still, so that the stream runs when the signal comes.
  program.signal_workers(SIGSTOP);
  client.send(completions_request(R"(, "stream": true)"));
  ASSERT_FALSE(client.read_until("data: [DONE]", milliseconds(500)));
  const std::uint16_t port = program.port();
  program.signal(SIGTERM);
  EXPECT_TRUE(server::test::comes_true([&] {
    // Nobody else gets in: the listener is closed, or ends the connection without an answer.
    const UniqueFd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(late.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return true;
    (void)write_all(late.get(), http_request("GET /health"));
    pollfd wanted{.fd = late.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wanted, 1, 200) <= 0;
  }));
  program.signal_workers(SIGCONT);
  EXPECT_TRUE(client.read_until("data: [DONE]")) << client.received;
  EXPECT_EQ(program.stop(SIGCONT), 0) << program.said();
}

TEST(ServeOperation, ListensOnIpv6) {
  const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (!probe ||
      ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    GTEST_SKIP() << "this machine has no IPv6";
  ServerProgram program({.args = small_model({"--host", "::1", "--port", "0"})});
  TestClient client(program.port(), true);
  EXPECT_EQ(client.ask(completions_request()).status, 200);
  EXPECT_THAT(program.said(), HasSubstr("http://[::1]:"));
  EXPECT_TRUE(program.hears(R"("client":"::1")"));
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

TEST(ServeOperation, ListensOnAUnixSocket) {
  const TempDir folder;
  const std::string path = folder.file("hearth.sock");
  ServerProgram program({.args = small_model({"--host", path})});
  ASSERT_TRUE(program.hears("is served at unix:" + path));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  TestClient client(path);
  EXPECT_EQ(client.ask(completions_request()).status, 200);
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
  EXPECT_NE(::stat(path.c_str(), &status), 0) << "the socket's file stays behind";
}

TEST(ServeOperation, SpeaksTls) {
  const TempDir folder;
  const server::TlsFiles files = server::test::make_certificate(folder.path(), "first");
  ServerProgram program({.args = small_model({"--port", "0", "--ssl-cert-file", files.certificate,
                                              "--ssl-key-file", files.key})});
  const std::uint16_t port = program.port();
  EXPECT_THAT(program.said(), HasSubstr("https://127.0.0.1:"));
  {
    TlsTestClient client(port, {.trusted = files.certificate});
    ASSERT_TRUE(client.is_open());
    client.send(completions_request(R"(, "stream": true)"));
    EXPECT_TRUE(client.read_until("data: [DONE]"));
  }
  EXPECT_EQ(program.client().ask(http_request("GET /health")).status, 400) << "HTTP without TLS";

  const server::TlsFiles second = server::test::make_certificate(folder.path(), "second");
  ASSERT_EQ(std::rename(second.certificate.c_str(), files.certificate.c_str()), 0);
  ASSERT_EQ(std::rename(second.key.c_str(), files.key.c_str()), 0);
  program.signal(SIGHUP);
  ASSERT_TRUE(program.hears(R"("event":"reloaded")"));
  EXPECT_EQ(TlsTestClient(port).server_name(), "second");
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

}  // namespace
}  // namespace hearth::test
