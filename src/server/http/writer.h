// SPDX-License-Identifier: Apache-2.0
//
// How a handler answers one request, and learns that nobody wants the answer any more.
//
// A handler answers once: with send(), or with start_stream() and write() as often as it likes. It
// may take its time in between: other requests go on meanwhile. If it ends without an answer the
// client gets a 500.
//
// A client counts as gone when it closed its end (also half of it: whoever shuts down the sending
// side while it waits for an answer is gone), when the connection broke, when it took too long to
// read, or when it sent more ahead than HttpLimits::max_pipelined_bytes. Then the callback of
// on_gone() runs once, wait() returns, and everything written later is dropped: the handler should
// end soon.
//
// All calls come from the I/O thread that runs the handler; a Waker is for other threads.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "server/http/message.h"
#include "server/http/task.h"
#include "server/http/wakeup.h"

namespace hearth::server {

struct StreamOptions {
  std::string ping;  // sent when nothing else was for this long; empty: never
  std::chrono::milliseconds ping_interval{15'000};
};

class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // The whole answer. Written when the handler has returned.
  virtual void send(HttpResponse response) = 0;

  // Status and headers now, the body bit by bit (chunked; until the end of the connection in
  // HTTP/1.0). The response's body is the first bit of it.
  virtual void start_stream(HttpResponse response, StreamOptions options = {}) = 0;
  // Never waits. False when the client is gone; one that has not taken max_unsent_bytes is dropped.
  virtual bool write(std::string_view bytes) = 0;
  // Goes with whatever answer comes, before it was given.
  virtual void add_header(Header header) = 0;
  // Ends the connection without a proper end of the stream: the client sees that it was cut.
  virtual void abort() = 0;

  // Of the request that is answered, as HttpRequest has it.
  virtual const std::string& request_id() const = 0;
  virtual bool is_gone() const = 0;
  // At most one; called at once if the client is gone already. It may not write.
  virtual void on_gone(std::function<void()> callback) = 0;

  // Until the waker is called, the client is gone, or the time is over.
  virtual Task<void> wait(std::chrono::milliseconds most) = 0;
  virtual Waker waker() = 0;
};

}  // namespace hearth::server
