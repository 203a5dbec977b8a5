// SPDX-License-Identifier: Apache-2.0
//
// One client connection: reads requests, runs the application on each, writes its answers. Lives on
// one I/O thread; a coroutine (run) goes through the requests, callbacks move the bytes, with TLS
// through a TlsSession:
//
//   socket -> take_input() [-> tls_] -> inbox_ -> RequestParser -> app.handle(request, *this)
//   send()/write() -> outbox_ [-> tls_] -> write_some() -> socket
//
// The socket is watched for input all the time, also while a handler runs: that is how a client
// that hangs up is noticed at once, and what it sends ahead waits in inbox_.
#pragma once

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/file.h"
#include "server/http/request_parser.h"
#include "server/http/server.h"
#include "server/http/wakeup.h"

namespace hearth::server {

// What the connections of one listener share; any thread.
struct ListenerShared {
  HttpLimits limits;
  std::shared_ptr<TlsServer> tls;
  std::atomic<std::size_t> n_connections{0};
  std::atomic<std::size_t> n_handshakes{0};  // that are not done
};

// What all connections of a server share; any thread.
struct ServerShared {
  HttpLimits limits;
  std::deque<ListenerShared> listeners;
  HttpApp app;
  std::uint32_t id_prefix = 0;
  std::atomic<std::uint64_t> next_id{0};
  std::atomic<std::size_t> n_connections{0};
  std::atomic<std::size_t> n_body_bytes{0};
  std::atomic<bool> is_draining{false};
};

class Connection;
// The connections of one I/O thread; outlives them.
using ConnectionSet = std::unordered_set<Connection*>;

class Connection final : public ResponseWriter, public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  // Takes a connected socket and serves it until its end. From the thread that runs io.
  static void start(boost::asio::io_context& io, UniqueFd fd, std::size_t listener,
                    std::shared_ptr<ServerShared> shared, ConnectionSet& set);
  Connection(boost::asio::io_context& io, std::size_t listener,
             std::shared_ptr<ServerShared> shared, ConnectionSet& set);
  ~Connection() override;

  // The request that runs is the last.
  void begin_drain() { wakeup_.wake(); }
  // Closes the socket now; whoever waits for the client is told.
  void lose();

  void send(HttpResponse response) override;
  void start_stream(HttpResponse response, StreamOptions options) override;
  bool write(std::string_view bytes) override;
  void abort() override { lose(); }
  const std::string& request_id() const override { return record_.id; }
  bool is_gone() const override { return is_gone_; }
  void on_gone(std::function<void()> callback) override;
  void add_header(Header header) override { extra_headers_.push_back(std::move(header)); }
  Task<void> wait(std::chrono::milliseconds most) override;
  Waker waker() override { return wakeup_.waker(); }

 private:
  enum class Phase { reading, answering, flushing, discarding };
  enum class Answer { none, whole, stream };
  enum class ReadEnd { complete, lost, timeout, draining, failed, overlong, overloaded };

  static Task<void> run(std::shared_ptr<Connection> self);
  Task<bool> shake_hands();
  Task<bool> serve_one();
  void begin_exchange();
  Task<bool> first_byte();
  Task<ReadEnd> read_while(RequestParser& parser, RequestParser::State state,
                           Clock::time_point deadline);
  Task<void> refuse(HttpResponse response);
  Task<void> finish_answer();
  Task<void> linger();
  void begin_record(HttpRequest& head);
  void end_record();
  void complete_headers(HttpResponse& response);
  void release_body();

  bool open(UniqueFd fd);
  void watch_input();
  void take_input();
  bool take_bytes(std::string_view bytes);
  void say_goodbye();
  void end_handshake();
  std::size_t inbox_limit() const;
  void flush();
  void write_some();
  bool has_output() const { return !outbox_.empty() || (tls_ && tls_->n_output() > 0); }
  std::size_t n_unsent() const {
    return outbox_.size() + in_flight_.size() - n_sent_ + (tls_ ? tls_->n_output() : 0);
  }
  bool pings() const { return answer_ == Answer::stream && !ping_.empty(); }
  void arm_timer();
  void tick();

  std::shared_ptr<ServerShared> shared_;
  const std::size_t listener_;
  ListenerShared& of_listener_;
  const HttpLimits& limits_;
  ConnectionSet& set_;
  boost::asio::generic::stream_protocol::socket socket_;
  Wakeup wakeup_;
  std::unique_ptr<TlsSession> tls_;  // null: plain
  bool is_shaking_hands_ = false;

  Phase phase_ = Phase::reading;
  bool is_gone_ = false;
  bool is_watching_ = false;
  bool at_end_ = false;  // the client sends nothing more
  std::string inbox_;    // received, not parsed

  std::string outbox_;     // to be written
  std::string in_flight_;  // being written
  std::size_t n_sent_ = 0;
  bool is_writing_ = false;
  Clock::time_point write_deadline_;

  boost::asio::steady_timer timer_;  // for write_deadline_ and ping_due_
  Clock::time_point timer_due_ = Clock::time_point::max();
  std::uint64_t timer_round_ = 0;

  // Of the request that is served.
  Answer answer_ = Answer::none;
  HttpResponse response_;
  std::vector<Header> extra_headers_;
  bool is_head_ = false;
  bool is_http_1_0_ = false;
  bool is_chunked_ = false;
  bool closes_ = false;
  bool lingers_ = false;
  std::string ping_;
  std::chrono::milliseconds ping_interval_{0};
  Clock::time_point ping_due_;
  std::function<void()> on_gone_;
  std::size_t n_body_counted_ = 0;
  RequestRecord record_;
  Clock::time_point started_;

  // Of the connection.
  std::string peer_;
  std::size_t n_requests_ = 0;
};

}  // namespace hearth::server
