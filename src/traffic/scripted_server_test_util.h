// SPDX-License-Identifier: Apache-2.0
//
// An OpenAI server of the tests' own, which does to its clients what a test scripts. A thread for
// each connection; connections are kept between requests. For tests alone; failures of the system
// abort.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"

namespace hearth::traffic {

struct ScriptedRequest {
  std::string path, head;
  Json body;
  std::size_t number = 0;  // of all requests to this server, from 0
  std::size_t n_words() const {
    std::size_t n = 1;
    for (const char c : body.at("prompt").get<std::string>()) n += c == ' ' ? 1 : 0;
    return n;
  }
};

class ScriptedReply {
 public:
  ScriptedReply(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void whole(int status, std::string_view body, std::string_view headers = "") const {
    send(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                     headers, body));
  }
  void begin_stream() const {
    send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  void chunk(std::string_view bytes) const {
    send(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
  }
  void text(std::string_view text) const {
    chunk(fmt::format("data: {{\"choices\":[{{\"text\":\"{}\"}}]}}\n\n", text));
  }
  void end_stream(std::size_t n_prompt, std::size_t n_output) const {
    chunk(
        fmt::format("data: {{\"choices\":[{{\"text\":\"\",\"finish_reason\":\"length\"}}],"
                    "\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":{}}}}}\n\n",
                    n_prompt, n_output));
    chunk("data: [DONE]\n\n");
    send("0\r\n\r\n");
  }
  // Closes the connection by RST.
  void reset() {
    const linger now{1, 0};
    CHECK(::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    is_over_ = true;
  }
  // Says nothing more until the test or the client ends.
  void hang() {
    pollfd waiting{fd_, POLLIN, 0};
    while (!stopping_ && ::poll(&waiting, 1, 10) == 0) {
    }
    is_over_ = true;
  }
  bool is_over() const { return is_over_; }

 private:
  int fd_;
  const std::atomic<bool>& stopping_;
  bool is_over_ = false;
};

class ScriptedServer {
 public:
  using Handler = std::function<void(const ScriptedRequest&, ScriptedReply&)>;

  explicit ScriptedServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::listen(listener_.get(), 256) == 0);
    CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& connection : connections_) connection.join();
  }

  std::string base_url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }
  std::vector<ScriptedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Of requests that were answered at the same time.
  int most_at_once() const { return most_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) connections_.emplace_back([this, fd] { serve(UniqueFd(fd)); });
    }
  }

  // One more piece of what the client sends; false at its end.
  bool receive(int fd, std::string& text) const {
    pollfd waiting{fd, POLLIN, 0};
    while (!stopping_ && ::poll(&waiting, 1, 10) == 0) {
    }
    if (stopping_) return false;
    char bytes[65536];
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n > 0) text.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  void serve(UniqueFd fd) {
    const int yes = 1;  // a pause between events is the test's, and not the kernel's
    CHECK(::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
    std::string text;
    ScriptedReply reply(fd.get(), stopping_);
    while (!reply.is_over()) {
      while (text.find("\r\n\r\n") == std::string::npos)
        if (!receive(fd.get(), text)) return;
      const std::size_t end = text.find("\r\n\r\n") + 4;
      ScriptedRequest request{.path = text.substr(text.find(' ') + 1), .head = text.substr(0, end)};
      request.path.resize(request.path.find(' '));
      constexpr std::string_view kLength = "Content-Length: ";
      const std::size_t at = request.head.find(kLength);
      const std::size_t length =
          at == std::string::npos ? 0 : std::stoul(request.head.substr(at + kLength.size()));
      while (text.size() < end + length)
        if (!receive(fd.get(), text)) return;
      if (length > 0) request.body = *parse_json(text.substr(end, length));
      text.erase(0, end + length);
      answer(std::move(request), reply);
    }
  }

  void answer(ScriptedRequest request, ScriptedReply& reply) {
    {
      const std::lock_guard lock(mutex_);
      request.number = requests_.size();
      requests_.push_back(request);
      most_ = std::max(most_.load(), ++n_active_);
    }
    handler_(request, reply);
    const std::lock_guard lock(mutex_);
    --n_active_;
  }

  Handler handler_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;
  int n_active_ = 0;
  std::atomic<int> most_ = 0;
  std::list<std::thread> connections_;
  std::thread acceptor_;
};

}  // namespace hearth::traffic
