// SPDX-License-Identifier: Apache-2.0
//
// A server on a free port of the loopback whose application is a function of the test. For tests
// alone.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "server/http/server.h"
#include "server/http/test_client.h"

namespace hearth::server::test {

class TestServer {
 public:
  explicit TestServer(HttpApp app, const HttpServerOptions& options = {}) {
    auto listeners = Listener::tcp("127.0.0.1", 0);
    CHECK(listeners.has_value());
    start(std::move(*listeners), std::move(app), options);
  }
  TestServer(std::vector<Listener> listeners, HttpApp app, const HttpServerOptions& options = {}) {
    start(std::move(listeners), std::move(app), options);
  }

  std::uint16_t port(std::size_t listener = 0) const { return ports_[listener]; }
  TestClient client() const { return TestClient(port()); }
  HttpServer& server() { return *server_; }

  // Requests that are over, once there are n of them.
  std::vector<RequestRecord> records(std::size_t n) const {
    const auto deadline = TestClock::now() + kTestPatience;
    while (TestClock::now() < deadline) {
      {
        const std::lock_guard lock(log_->mutex);
        if (log_->records.size() >= n) return log_->records;
      }
      ::usleep(1000);
    }
    const std::lock_guard lock(log_->mutex);
    return log_->records;
  }

 private:
  struct Records {
    std::mutex mutex;
    std::vector<RequestRecord> records;
  };

  void start(std::vector<Listener> listeners, HttpApp app, const HttpServerOptions& options) {
    for (const Listener& listener : listeners) ports_.push_back(listener.port());
    app.on_done = [log = log_](const RequestRecord& record) {
      const std::lock_guard lock(log->mutex);
      log->records.push_back(record);
    };
    auto started = HttpServer::start(std::move(listeners), std::move(app), options);
    CHECK(started.has_value());
    server_ = std::move(*started);
  }

  std::shared_ptr<Records> log_ = std::make_shared<Records>();
  std::vector<std::uint16_t> ports_;
  std::unique_ptr<HttpServer> server_;
};

// True once the condition holds; false if it does not in time.
template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = TestClock::now() + kTestPatience;
  while (!condition()) {
    if (TestClock::now() > deadline) return false;
    ::usleep(1000);
  }
  return true;
}

}  // namespace hearth::server::test
