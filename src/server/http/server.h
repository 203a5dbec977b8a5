// SPDX-License-Identifier: Apache-2.0
//
// The HTTP/1.1 server: accepts on any number of listeners, reads requests, hands each to the
// application and writes what that answers, on one or two I/O threads of its own.
//
// A connection stays on one thread for its life, and so does everything the application does for
// it; with two threads the application's own shared state needs locks. Requests of one connection
// are answered one after the other; what a client sends ahead waits, up to a limit.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "server/http/limits.h"
#include "server/http/listen.h"
#include "server/http/message.h"
#include "server/http/task.h"
#include "server/http/tls.h"
#include "server/http/writer.h"

namespace hearth::server {

// What is known of a request when it is over; for logs and metrics. Nothing of its content.
struct RequestRecord {
  std::string id;
  std::string peer;  // as HttpRequest has it, and client too
  std::string client;
  std::size_t listener = 0;
  Method method = Method::other;
  std::string path;               // empty if the request was not understood
  int status = 0;                 // 0: gone before there was one
  std::uint64_t n_bytes_in = 0;   // of the body
  std::uint64_t n_bytes_out = 0;  // of the response, headers included
  double seconds = 0;             // from the first byte of the request
  bool client_gone = false;
};

// The application. The functions are called from the I/O threads.
struct HttpApp {
  // Sees a request's header before its body is read, and before "100 Continue". A response here
  // refuses the request without reading the body. May be empty.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> check_head;
  // Answers a request. Request and writer live until the task has ended.
  std::function<Task<void>(HttpRequest&, ResponseWriter&)> handle;
  // May be empty.
  std::function<void(const RequestRecord&)> on_done;
  // HttpRequest::client of a request that has all but that. May be empty: the peer.
  std::function<std::string(const HttpRequest&)> client_of;
};

// What one listener has of its own.
struct ListenerOptions {
  // Instead of the server's, but for max_total_body_bytes, which is the server's alone, and
  // max_connections: both bounds hold.
  std::optional<HttpLimits> limits;
  std::shared_ptr<TlsServer> tls;  // null: plain HTTP
};

struct HttpServerOptions {
  HttpLimits limits;
  int n_threads = 1;
  std::vector<ListenerOptions> listeners = {};  // in their order; those left out have nothing
};

struct ServerShared;  // connection_internal.h

class HttpServer {
 public:
  // Serves from now on. io if threads or the polls behind them cannot be had.
  static Result<std::unique_ptr<HttpServer>> start(std::vector<Listener> listeners, HttpApp app,
                                                   const HttpServerOptions& options);
  // Stops without patience, unless drain() came before.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Accepts nothing more, ends idle connections, refuses requests that do not arrive
  // (limits.drain_read), and waits until running requests have their
  // answers or the time is over; then drops the rest and ends the threads. True if none was
  // dropped. Call it once, from a thread that is not the server's.
  bool drain(std::chrono::milliseconds patience);

  std::size_t n_connections() const;

 private:
  HttpServer();
  struct Threads;
  std::shared_ptr<ServerShared> shared_;
  std::unique_ptr<Threads> threads_;
};

}  // namespace hearth::server
