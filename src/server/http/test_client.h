// SPDX-License-Identifier: Apache-2.0
//
// A client for tests that says exactly what it is told, byte by byte, and reads with a deadline. It
// shares no code with the server. For tests alone; failures of the system abort.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cctype>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file.h"

namespace hearth::server::test {

using TestClock = std::chrono::steady_clock;
inline constexpr std::chrono::seconds kTestPatience{60};  // far more than anything here takes

struct TestAnswer {
  int status = 0;                              // 0: the connection ended instead
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool is_complete = false;  // the body came to its proper end

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port, bool is_v6 = false, int receive_buffer = 0) {
    fd_ = UniqueFd(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(fd_);
    if (receive_buffer > 0)
      CHECK(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                         sizeof receive_buffer) == 0);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    const auto* address =
        is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
    CHECK(::connect(fd_.get(), address, is_v6 ? sizeof v6 : sizeof v4) == 0);
  }
  explicit TestClient(const std::string& unix_path) {
    fd_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(fd_ && unix_path.size() < sizeof address.sun_path);
    unix_path.copy(address.sun_path, unix_path.size());
    CHECK(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  TestClient(TestClient&&) = default;
  virtual ~TestClient() = default;

  // False once the other side is gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = transmit(text);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  // A reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    CHECK(::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    fd_.reset();
  }

  // Reads until the text is in what has come; false if the other side ended first.
  bool read_until(std::string_view text, std::chrono::milliseconds patience = kTestPatience) {
    const auto deadline = TestClock::now() + patience;
    while (received.find(text) == std::string::npos)
      if (!read_some(deadline)) return false;
    return true;
  }
  // True if the other side ends the connection in time; what came before is in received.
  bool read_to_end(std::chrono::milliseconds patience = kTestPatience) {
    const auto deadline = TestClock::now() + patience;
    while (read_some(deadline)) {
    }
    return at_end_;
  }

  // Reads one answer and takes it off received. "100 Continue" is an answer of its own.
  TestAnswer read_answer(bool has_body = true) {
    TestAnswer answer;
    if (!read_until("\r\n\r\n")) return answer;
    const std::size_t end = received.find("\r\n\r\n");
    std::string head = received.substr(0, end + 2);
    received.erase(0, end + 4);
    answer.status = std::atoi(head.substr(9, 3).c_str());
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::size_t line_end = head.find("\r\n", at);
      const std::size_t colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = head.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    const bool never_has_body = answer.status == 204 || answer.status == 304 || answer.status < 200;
    if (!has_body || never_has_body) {
      answer.is_complete = true;
    } else if (answer.header("transfer-encoding") == "chunked") {
      read_chunks(answer);
    } else if (answer.headers.contains("content-length")) {
      const auto length = std::strtoull(answer.header("content-length").c_str(), nullptr, 10);
      const auto deadline = TestClock::now() + kTestPatience;
      while (received.size() < length && read_some(deadline)) {
      }
      answer.is_complete = received.size() >= length;
      answer.body = received.substr(0, length);
      received.erase(0, length);
    } else {
      answer.is_complete = read_to_end();
      answer.body.swap(received);
    }
    return answer;
  }
  TestAnswer ask(std::string_view request) {
    send(request);
    return read_answer();
  }

  std::string received;

 protected:
  // How bytes cross; another client may do more with them. -1: the other side is gone.
  virtual ssize_t transmit(std::string_view text) {
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Appends to received. False at the end.
  virtual bool receive() {
    char bytes[65536];
    const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (n > 0) received.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }
  // Whether receive() has something without the socket.
  virtual bool has_buffered() const { return false; }
  int fd() const { return fd_.get(); }

 private:
  bool read_some(TestClock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - TestClock::now());
    pollfd wanted{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0) return false;
    if (!has_buffered() && ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) return false;
    at_end_ = !receive();
    return !at_end_;
  }

  void read_chunks(TestAnswer& answer) {
    while (true) {
      if (!read_until("\r\n")) return;
      const auto size = std::strtoull(received.c_str(), nullptr, 16);
      received.erase(0, received.find("\r\n") + 2);
      const auto deadline = TestClock::now() + kTestPatience;
      while (received.size() < size + 2)
        if (!read_some(deadline)) return;
      answer.body += received.substr(0, size);
      CHECK(received.substr(size, 2) == "\r\n");
      received.erase(0, size + 2);
      if (size == 0) break;
    }
    answer.is_complete = true;
  }

  UniqueFd fd_;
  bool at_end_ = false;
};

}  // namespace hearth::server::test
