// SPDX-License-Identifier: Apache-2.0
//
// The half of Connection that is a coroutine: one request after the other.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/socket_base.hpp>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "server/api_error.h"
#include "server/http/connection_internal.h"

namespace hearth::server {
namespace {

constexpr std::chrono::hours kNoDeadline{24 * 365};

HttpResponse plain_refusal(int status, std::string message) {
  return to_response({kind_of_status(status), std::move(message), "", {}});
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

void append_chunk(std::string& out, std::string_view bytes) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes.size());
  out += bytes;
  out += "\r\n";
}

}  // namespace

Task<void> Connection::run(std::shared_ptr<Connection> self) {
  bool goes_on = true;
  if (self->tls_) goes_on = co_await self->shake_hands();
  while (goes_on) {
    goes_on = co_await self->serve_one();
    self->release_body();
  }
  self->say_goodbye();
  if (self->lingers_) co_await self->linger();
  self->lose();
}

// Whether requests may follow. A client that speaks HTTP without TLS is told what is wrong: then
// take_bytes() has dropped tls_.
Task<bool> Connection::shake_hands() {
  const Clock::time_point deadline = Clock::now() + limits_.handshake;
  const auto goes_on = [&] {
    return !is_gone_ && !at_end_ && tls_ && !tls_->is_open() && !shared_->is_draining.load();
  };
  while (goes_on() && Clock::now() < deadline) co_await wakeup_.wait_until(deadline);
  end_handshake();
  if (is_gone_ || tls_) co_return !is_gone_ && tls_->is_open();
  begin_exchange();
  closes_ = lingers_ = true;
  HttpResponse response = plain_refusal(400, "this port speaks TLS: ask for https://, not http://");
  co_await refuse(std::move(response));
  co_return false;
}

void Connection::begin_exchange() {
  started_ = Clock::now();
  record_.id = fmt::format("{:08x}-{:x}", shared_->id_prefix, shared_->next_id.fetch_add(1));
  record_.peer = record_.client = peer_;
  record_.listener = listener_;
}

// Whether another request may follow.
Task<bool> Connection::serve_one() {
  phase_ = Phase::reading;
  answer_ = Answer::none;
  closes_ = false;
  is_head_ = false;
  is_http_1_0_ = false;
  extra_headers_.clear();
  record_ = {};
  const bool has_begun = co_await first_byte();
  if (!has_begun) co_return false;

  begin_exchange();
  RequestParser parser(limits_);
  ReadEnd end =
      co_await read_while(parser, RequestParser::State::header, started_ + limits_.header);
  if (end == ReadEnd::complete) {
    begin_record(parser.head());
    ++n_requests_;
    closes_ = !parser.keeps_alive() || n_requests_ >= limits_.max_requests;
    if (shared_->app.check_head) {
      auto refusal = shared_->app.check_head(parser.head());
      if (refusal) {
        closes_ = closes_ || parser.state() != RequestParser::State::done;
        lingers_ = parser.state() != RequestParser::State::done;
        co_await refuse(std::move(*refusal));
        co_return !closes_ && !is_gone_;
      }
    }
    if (parser.state() == RequestParser::State::body) {
      if (parser.expects_continue() && inbox_.empty()) {
        outbox_ += "HTTP/1.1 100 Continue\r\n\r\n";
        flush();
      }
      end = co_await read_while(parser, RequestParser::State::body, Clock::now() + limits_.body);
    }
  }

  if (end != ReadEnd::complete) {
    if (end == ReadEnd::lost) co_return false;
    closes_ = lingers_ = true;
    HttpResponse response;
    if (end == ReadEnd::timeout) {
      response = plain_refusal(408, "the request took too long to arrive");
    } else if (end == ReadEnd::draining) {
      response = plain_refusal(503, "the server is about to end; ask it again when it is back");
    } else if (end == ReadEnd::overloaded) {
      release_body();
      response = plain_refusal(503, "too many bytes of requests are in flight; try again");
    } else if (end == ReadEnd::overlong) {
      response = plain_refusal(400, "a chunk's size line or the trailers are too long");
    } else {
      response = plain_refusal(parser.failure().status, parser.failure().message);
    }
    co_await refuse(std::move(response));
    co_return false;
  }

  HttpRequest request = parser.take();
  record_.n_bytes_in = request.body.size();
  phase_ = Phase::answering;
  wakeup_.forget();
  watch_input();
  co_await shared_->app.handle(request, *this);
  co_await finish_answer();
  co_return !closes_ && !is_gone_;
}

// False if the connection should end instead.
Task<bool> Connection::first_byte() {
  const Clock::time_point deadline = Clock::now() + limits_.idle;
  while (true) {
    // Empty lines before a request are forgiven (RFC 9112, 2.2).
    inbox_.erase(0, std::min(inbox_.size(), inbox_.find_first_not_of("\r\n")));
    if (is_gone_) co_return false;
    if (!inbox_.empty()) co_return true;
    if (at_end_ || shared_->is_draining.load()) co_return false;
    watch_input();
    const bool is_woken = co_await wakeup_.wait_until(deadline);
    if (!is_woken && inbox_.empty()) co_return false;
  }
}

// Feeds the parser until it is in another state than this one.
Task<Connection::ReadEnd> Connection::read_while(RequestParser& parser, RequestParser::State state,
                                                 Clock::time_point deadline) {
  bool is_draining = false;
  while (true) {
    if (!is_draining && shared_->is_draining.load()) {
      is_draining = true;
      deadline = std::min(deadline, Clock::now() + limits_.drain_read);
    }
    std::size_t n_taken = 0;
    if (!inbox_.empty()) {
      n_taken = parser.feed(inbox_);
      inbox_.erase(0, n_taken);
    }
    if (parser.state() == RequestParser::State::failed) co_return ReadEnd::failed;
    if (const std::size_t n_body = parser.n_body_bytes(); n_body > n_body_counted_) {
      const std::size_t n_more = n_body - n_body_counted_;
      n_body_counted_ = n_body;
      const std::size_t n_all = shared_->n_body_bytes.fetch_add(n_more) + n_more;
      if (n_all > shared_->limits.max_total_body_bytes) co_return ReadEnd::overloaded;
    }
    if (parser.state() != state) co_return ReadEnd::complete;
    if (n_taken > 0 && !inbox_.empty()) continue;
    if (is_gone_ || at_end_) co_return ReadEnd::lost;
    // A piece of the protocol's own text that is longer than any may be (a chunk's size, a
    // trailer).
    if (inbox_.size() >= inbox_limit()) co_return ReadEnd::overlong;
    watch_input();
    co_await wakeup_.wait_until(deadline);
    if (is_gone_) co_return ReadEnd::lost;
    if (Clock::now() >= deadline) co_return is_draining ? ReadEnd::draining : ReadEnd::timeout;
  }
}

// Answers without asking the application.
Task<void> Connection::refuse(HttpResponse response) {
  phase_ = Phase::flushing;
  send(std::move(response));
  co_await finish_answer();
}

void Connection::send(HttpResponse response) {
  CHECK(answer_ == Answer::none);
  answer_ = Answer::whole;
  response_ = std::move(response);
}

void Connection::start_stream(HttpResponse response, StreamOptions options) {
  CHECK(answer_ == Answer::none);
  answer_ = Answer::stream;
  record_.status = response.status;
  is_chunked_ = !is_http_1_0_;
  closes_ = closes_ || is_http_1_0_ || shared_->is_draining.load();
  if (is_gone_) return;
  complete_headers(response);
  outbox_ += head_text(response, {.is_http_1_0 = is_http_1_0_,
                                  .closes = closes_,
                                  .is_chunked = is_chunked_,
                                  .has_length = false});
  ping_ = std::move(options.ping);
  ping_interval_ = options.ping_interval;
  ping_due_ = Clock::now() + ping_interval_;
  if (response.body.empty() || is_head_) {
    flush();
    arm_timer();
  } else {
    write(response.body);
  }
}

bool Connection::write(std::string_view bytes) {
  CHECK(answer_ == Answer::stream);
  if (is_gone_) return false;
  if (bytes.empty() || is_head_) return true;
  if (is_chunked_) {
    append_chunk(outbox_, bytes);
  } else {
    outbox_ += bytes;
  }
  if (n_unsent() > limits_.max_unsent_bytes) {
    lose();
    return false;
  }
  ping_due_ = Clock::now() + ping_interval_;
  flush();
  arm_timer();
  return true;
}

void Connection::on_gone(std::function<void()> callback) {
  if (is_gone_) {
    callback();
  } else {
    on_gone_ = std::move(callback);
  }
}

Task<void> Connection::wait(std::chrono::milliseconds most) {
  // An end that came together with the request: whoever answers at once is still heard.
  if (at_end_ && phase_ == Phase::answering) lose();
  flush();
  co_await wakeup_.wait_until(Clock::now() + most);
}

// Writes what the handler left to write, and waits until the client has it or is gone.
Task<void> Connection::finish_answer() {
  phase_ = Phase::flushing;
  on_gone_ = nullptr;
  if (answer_ == Answer::none)
    send(
        to_response({ApiErrorKind::internal, "the server gave no answer to this request", "", {}}));
  if (answer_ == Answer::whole) {
    const bool sends_body = !is_head_ && !has_no_body(response_.status);
    closes_ = closes_ || shared_->is_draining.load();
    record_.status = response_.status;
    complete_headers(response_);
    if (!is_gone_) {
      outbox_ += head_text(
          response_,
          {.is_http_1_0 = is_http_1_0_, .closes = closes_, .length = response_.body.size()});
      if (sends_body) outbox_ += response_.body;
    }
    response_ = {};
  } else if (is_chunked_ && !is_head_ && !is_gone_) {
    outbox_ += "0\r\n\r\n";
  }
  ping_.clear();
  flush();
  while (!is_gone_ && (is_writing_ || has_output()))
    co_await wakeup_.wait_until(Clock::now() + kNoDeadline);
  in_flight_.shrink_to_fit();
  outbox_.shrink_to_fit();
  end_record();
}

// Closing with bytes unread makes the kernel send a reset, which may overtake our answer. So the
// client gets a moment to read it and to close first.
Task<void> Connection::linger() {
  phase_ = Phase::discarding;
  inbox_.clear();
  boost::system::error_code ignored;
  if (!is_gone_) socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
  const Clock::time_point deadline = Clock::now() + limits_.linger;
  while (!is_gone_ && !at_end_ && Clock::now() < deadline) {
    watch_input();
    co_await wakeup_.wait_until(deadline);
  }
}

void Connection::complete_headers(HttpResponse& response) {
  std::ranges::move(extra_headers_, std::back_inserter(response.headers));
  extra_headers_.clear();
  response.headers.push_back({"x-request-id", record_.id});
}

void Connection::begin_record(HttpRequest& head) {
  head.id = record_.id;
  head.peer = head.client = peer_;
  head.listener = listener_;
  if (shared_->app.client_of) head.client = record_.client = shared_->app.client_of(head);
  record_.method = head.method;
  record_.path = head.path;
  is_head_ = head.method == Method::head;
  is_http_1_0_ = head.is_http_1_0;
}

void Connection::end_record() {
  record_.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  record_.client_gone = is_gone_;
  if (shared_->app.on_done) shared_->app.on_done(record_);
}

void Connection::release_body() {
  shared_->n_body_bytes.fetch_sub(n_body_counted_);
  n_body_counted_ = 0;
}

}  // namespace hearth::server
