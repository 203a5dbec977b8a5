// SPDX-License-Identifier: Apache-2.0
//
// The tests' web server itself, and one look at whether it does what it says.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

#include "base/check.h"
#include "fetch/http.h"
#include "fetch/test_hub_test_util.h"

namespace hearth::fetch {
namespace {

constexpr int kPollMs = 20;

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

SeenRequest parse_request(std::string_view head) {
  SeenRequest seen;
  const auto path = head.find(' ') + 1;
  seen.path = head.substr(path, head.find(' ', path) - path);
  for (auto line = head.find("\r\n"); line + 2 < head.size();) {
    const auto next = head.find("\r\n", line + 2);
    const std::string_view text = head.substr(line + 2, next - line - 2);
    if (const auto colon = text.find(": "); colon != std::string_view::npos) {
      std::string name(text.substr(0, colon));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      seen.headers[name] = text.substr(colon + 2);
    }
    if (next == std::string_view::npos) break;
    line = next;
  }
  return seen;
}

}  // namespace

std::string SeenRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

RawReply reply(int status, std::vector<std::string> headers, std::string_view body) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n";
  bool has_length = false;
  for (const std::string& line : headers) {
    head += line + "\r\n";
    has_length = has_length || line.starts_with("Content-Length:");
  }
  if (!has_length) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return {.bytes = head + "\r\n" + std::string(body)};
}

RawReply redirect_to(const std::string& url, std::vector<std::string> headers) {
  headers.push_back("Location: " + url);
  return reply(302, std::move(headers), "");
}

RawReply serve_file(const SeenRequest& request, std::string_view contents,
                    std::vector<std::string> headers) {
  const std::string range = request.header("range");
  if (range.empty()) return reply(200, std::move(headers), contents);
  std::size_t first = 0, last = 0;
  const char* end = range.data() + range.size();
  const auto parsed = std::from_chars(range.data() + std::string_view("bytes=").size(), end, first);
  CHECK(parsed.ec == std::errc());
  CHECK(std::from_chars(parsed.ptr + 1, end, last).ec == std::errc());
  if (first >= contents.size()) return reply(416, {}, "");
  last = std::min(last, contents.size() - 1);
  headers.push_back("Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) +
                    "/" + std::to_string(contents.size()));
  return reply(206, std::move(headers), contents.substr(first, last - first + 1));
}

TestHub::TestHub(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(listener_ >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(::listen(listener_, 64) == 0);
  CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

TestHub::~TestHub() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
}

std::string TestHub::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::vector<SeenRequest> TestHub::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TestHub::accept_all() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMs) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) connections_.emplace_back([this, fd] { answer(fd); });
  }
}

void TestHub::answer(int fd) {
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos && !stopping_) {
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMs) <= 0) continue;
    char buffer[4096];
    const ssize_t n = ::recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    head.append(buffer, static_cast<std::size_t>(n));
  }
  if (head.find("\r\n\r\n") != std::string::npos) {
    const SeenRequest seen = parse_request(head);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(seen);
    }
    const RawReply answer = handler_(seen);
    for (int waited = 0; waited < answer.delay_ms && !stopping_; waited += kPollMs)
      ::poll(nullptr, 0, kPollMs);
    while (send_all(fd, answer.bytes) && answer.endless && !stopping_) {
    }
    if (answer.reset) {
      const linger now{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
  }
  ::close(fd);
}

TEST(TestHub, ServesPartsOfAFile) {
  TestHub hub([](const SeenRequest& seen) { return serve_file(seen, "0123456789"); });
  HttpClient client;
  std::string body;
  const auto got =
      client.get({.url = hub.url("/f?x"), .token = {}, .range = ByteRange{2, 4}},
                 [&](const HttpReply&, std::span<const std::byte> bytes) -> Result<void> {
                   body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                   return {};
                 },
                 {});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 206);
  EXPECT_EQ(got->header("content-range"), "bytes 2-4/10");
  EXPECT_EQ(body, "234");
  ASSERT_EQ(hub.requests().size(), 1u);
  EXPECT_EQ(hub.requests()[0].path, "/f?x");
}

}  // namespace hearth::fetch
