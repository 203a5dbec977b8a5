// SPDX-License-Identifier: Apache-2.0
//
// A real nginx, with the configuration that docs/examples shows, before what serves. Without nginx
// on this machine these tests are skipped and say so.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "base/test_support.h"
#include "program.h"
#include "server/http/events.h"
#include "server/http/test_server.h"
#include "server/http/test_tls.h"
#include "server_program.h"

namespace hearth::test {
namespace {

using server::HttpRequest;
using server::ResponseWriter;
using server::Task;
using server::test::comes_true;
using server::test::TestServer;
using server::test::TlsTestClient;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kNginx = "/usr/sbin/nginx";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One that was free a moment ago.
std::uint16_t free_port() {
  const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  CHECK(::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  CHECK(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return ntohs(address.sin_port);
}

bool is_listening(std::uint16_t port) {
  const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

class Proxy : public testing::Test {
 protected:
  void SetUp() override {
    if (::access(kNginx, X_OK) != 0) GTEST_SKIP() << "there is no nginx on this machine";
  }
  ~Proxy() override {
    if (nginx_ <= 0) return;
    ::kill(nginx_, SIGKILL);
    ::waitpid(nginx_, nullptr, 0);
  }

  // Puts another text in the place of one that the example has.
  static void put(std::string& text, const std::string& of_example, const std::string& ours) {
    const std::size_t at = text.find(of_example);
    ASSERT_NE(at, std::string::npos) << of_example << " is not in the example any more";
    text.replace(at, of_example.size(), ours);
  }

  // Starts it before a backend ("127.0.0.1:1234"), with the example's own configuration but for
  // addresses and certificates.
  void start(const std::string& backend) {
    const server::TlsFiles files = server::test::make_certificate(folder_.path(), "proxy");
    port_ = free_port();
    std::string example = read_file(HEARTH_SOURCE_DIR "/docs/examples/nginx.conf", 1 << 20).value();
    const std::string live = "/etc/letsencrypt/live/chat.example.org/";
    put(example, "server 127.0.0.1:8080;", "server " + backend + ";");
    put(example, "listen 443 ", "listen 127.0.0.1:" + std::to_string(port_) + " ");
    put(example, "server_name chat.example.org;", "server_name localhost;");
    put(example, live + "fullchain.pem", files.certificate);
    put(example, live + "privkey.pem", files.key);
    std::string main = "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {}\nhttp {\n";
    main += "access_log off;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      main += std::string(kind) + "_temp_path " + folder_.file(kind) + ";\n";
    const std::string path = folder_.write("nginx.conf", main + example + "}\n");
    nginx_ = ::fork();
    ASSERT_GE(nginx_, 0);
    if (nginx_ == 0) {
      ::execl(kNginx, "nginx", "-p", folder_.path().c_str(), "-c", path.c_str(), "-e",
              folder_.file("errors").c_str(), nullptr);
      ::_exit(127);
    }
    ASSERT_TRUE(comes_true([&] { return is_listening(port_); }))
        << read_file(folder_.file("errors"), 1 << 20).value_or("");
  }

  const TempDir folder_;
  std::uint16_t port_ = 0;
  pid_t nginx_ = 0;
};

// The last event is made when the client has the first: a proxy that collects would wait for ever.
TEST_F(Proxy, EventsPassAsTheyAreMade) {
  std::atomic<bool> has_first = false;
  const TestServer server(
      {.handle = [&has_first](HttpRequest&, ResponseWriter& writer) -> Task<void> {
        server::start_events(writer);
        server::send_event(writer, "first");
        while (!has_first && !writer.is_gone()) co_await writer.wait(milliseconds(5));
        server::send_event(writer, "last");
        server::send_done_event(writer);
      }});
  start("127.0.0.1:" + std::to_string(server.port()));
  TlsTestClient client(port_);
  ASSERT_TRUE(client.is_open());
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(client.read_until("data: first")) << client.received;
  EXPECT_THAT(client.received, Not(HasSubstr("last")));
  has_first = true;
  EXPECT_TRUE(client.read_until("[DONE]")) << client.received;
}

TEST_F(Proxy, StandsBeforeHearth) {
  const std::string path = folder_.file("hearth.sock");
  ServerProgram program({.args = {fixture("tiny-llama-q8_0.gguf"), "-c", "256", "-t", "2", "--host",
                                  path, "--trust-proxy", "unix", "--api-key", "secret"}});
  ASSERT_TRUE(program.hears("is served at unix:")) << program.said();
  start("unix:" + path);
  const std::string request =
      http_request("POST /v1/chat/completions", chat_body(R"(, "stream": true)"),
                   "Authorization: Bearer secret\r\n"
                   "X-Forwarded-For: 6.6.6.6\r\n");
  TlsTestClient client(port_);
  client.send(request);
  EXPECT_TRUE(client.read_until("data: [DONE]")) << client.received;
  EXPECT_EQ(TlsTestClient(port_).ask(http_request("GET /v1/models")).status, 401);
  // What the client claims of itself is not believed, what nginx says of it is.
  EXPECT_TRUE(program.hears(R"("path":"/v1/models")")) << program.said();
  EXPECT_THAT(program.said(),
              testing::AllOf(HasSubstr(R"("client":"127.0.0.1")"), Not(HasSubstr("6.6.6.6"))));
  EXPECT_EQ(program.stop(SIGTERM), 0) << program.said();
}

}  // namespace
}  // namespace hearth::test
