// SPDX-License-Identifier: Apache-2.0
//
// Bytes to HttpRequest: one request, fed in pieces of any size. Boost.Beast parses the grammar;
// this adds what a server that faces anybody needs on top, so that no two readers of the same bytes
// (we and a proxy in front) can disagree where a request ends:
//   - exactly one Host in HTTP/1.1, none empty; an absolute target overrides it (RFC 9112, 3.2.2)
//   - Transfer-Encoding is exactly "chunked", or the request is refused; never beside
//     Content-Length, never in HTTP/1.0
//   - limits on the header's bytes, the number of fields, the target, and the body
// No I/O, no clock; one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/limits.h"
#include "server/http/message.h"

namespace hearth::server {

class RequestParser {
 public:
  enum class State { header, body, done, failed };
  struct Failure {
    int status = 400;
    std::string message;
  };

  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes from the front of the input and says how many. What it left must stand at the front
  // of the next input. Stops behind the header once (state body or done), and behind the body.
  std::size_t feed(std::string_view input);

  State state() const;
  const Failure& failure() const;  // state failed
  // The request without its body: state body or done.
  HttpRequest& head();
  // The whole request: state done, once.
  HttpRequest take();

  // From the header: whether the client waits for "100 Continue" before it sends the body, and
  // whether it wants the connection to stay.
  bool expects_continue() const;
  bool keeps_alive() const;
  // Bytes of the body so far.
  std::size_t n_body_bytes() const;

 private:
  struct Beast;
  void finish_head();
  void fail(int status, std::string message);

  const HttpLimits limits_;
  std::unique_ptr<Beast> beast_;
  State state_ = State::header;
  Failure failure_;
  HttpRequest request_;
  bool expects_continue_ = false;
  bool keeps_alive_ = false;
};

}  // namespace hearth::server
