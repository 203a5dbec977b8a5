// SPDX-License-Identifier: Apache-2.0
#include "server/http/request_parser.h"

#include <algorithm>

// Beast 1.81 asserts in basic_parser.ipp that a last chunk's header comes in pieces of five bytes
// or more, which "0\r\n" as the first chunk, with trailers behind it, need not. It is right with
// fewer.
#define BOOST_DISABLE_ASSERTS
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/escape.h"

namespace hearth::server {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::delete_:
      return Method::del;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

// Whether a request line ends as one of HTTP does, whatever the version.
bool ends_in_version(std::string_view input) {
  std::string_view line = input.substr(0, input.find("\r\n"));
  constexpr std::string_view kName = " HTTP/";
  if (line.size() < kName.size() + 3) return false;
  line.remove_prefix(line.size() - kName.size() - 3);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return line.starts_with(kName) && is_digit(line[6]) && line[7] == '.' && is_digit(line[8]);
}

RequestParser::Failure failure_of(const error_code& code, std::string_view input,
                                  const HttpLimits& limits) {
  if (code == http::error::header_limit)
    return {431, "the request's header is larger than " + std::to_string(limits.max_header_bytes) +
                     " bytes"};
  if (code == http::error::body_limit || code == http::error::buffer_overflow)
    return {413, "the request's body is larger than the limit of " +
                     std::to_string(limits.max_body_bytes) + " bytes"};
  if (code == http::error::bad_version && ends_in_version(input))
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {400, "this is not an HTTP request: " + code.message()};
}

}  // namespace

struct RequestParser::Beast {
  http::request_parser<http::string_body> parser;
};

RequestParser::RequestParser(const HttpLimits& limits)
    : limits_(limits), beast_(std::make_unique<Beast>()) {
  beast_->parser.header_limit(limits.max_header_bytes);
  beast_->parser.body_limit(limits.max_body_bytes);
}
RequestParser::~RequestParser() = default;

void RequestParser::fail(int status, std::string message) {
  state_ = State::failed;
  failure_ = {status, std::move(message)};
}

std::size_t RequestParser::feed(std::string_view input) {
  std::size_t n_taken = 0;
  while (state_ == State::header || state_ == State::body) {
    if (n_taken == input.size()) break;
    auto& parser = beast_->parser;
    parser.eager(state_ == State::body);
    error_code code;
    const std::string_view rest = input.substr(n_taken);
    const std::size_t n = parser.put(boost::asio::buffer(rest.data(), rest.size()), code);
    n_taken += n;
    if (code && code != http::error::need_more) {
      failure_ = failure_of(code, input, limits_);
      state_ = State::failed;
      break;
    }
    const bool was_header = state_ == State::header;
    if (was_header && parser.is_header_done()) {
      state_ = State::body;
      finish_head();
    }
    if (state_ == State::body && parser.is_done()) {
      request_.body = std::move(parser.get().body());
      state_ = State::done;
    }
    // One stop behind the header, so that the caller can refuse before it reads the body.
    if (code == http::error::need_more || (was_header && state_ != State::header)) break;
  }
  return n_taken;
}

void RequestParser::finish_head() {
  const auto& message = beast_->parser.get();
  request_.method = method_of(message.method());
  request_.is_http_1_0 = message.version() < 11;
  keeps_alive_ = message.keep_alive();
  for (const auto& field : message)
    request_.headers.push_back(
        {std::string(view_of(field.name_string())), std::string(view_of(field.value()))});
  if (request_.headers.size() > limits_.max_headers)
    return fail(
        431, "the request has more than " + std::to_string(limits_.max_headers) + " header fields");

  if (const std::string* encoding = request_.header("Transfer-Encoding")) {
    const bool is_plain = request_.n_headers("Transfer-Encoding") == 1 &&
                          same_token(*encoding, "chunked") && !request_.is_http_1_0 &&
                          request_.header("Content-Length") == nullptr;
    if (!is_plain) return fail(400, "Transfer-Encoding other than 'chunked' alone is not taken");
  }
  if (request_.n_headers("Content-Length") > 1) return fail(400, "more than one Content-Length");
  const std::size_t n_hosts = request_.n_headers("Host");
  if (n_hosts > 1 || (n_hosts == 0 && !request_.is_http_1_0))
    return fail(400, "the request must have one Host header");
  if (const std::string* host = request_.header("Host")) request_.host = *host;

  std::string_view target = view_of(message.target());
  if (target.size() > limits_.max_target_bytes)
    return fail(414, "the request's target is longer than " +
                         std::to_string(limits_.max_target_bytes) + " bytes");
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !same_token(target.substr(0, scheme.size()), scheme))
      continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.size(), target.find_first_of("/?"));
    request_.host = std::string(target.substr(0, end));
    target.remove_prefix(end);
    if (target.empty() || target[0] == '?') {  // "http://host?x" means the path "/"
      request_.path = "/";
    }
    break;
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = std::min(target.size(), target.find('?'));
  request_.path += target.substr(0, question);
  if (question < target.size()) request_.query = std::string(target.substr(question + 1));
  const bool is_star = request_.path == "*" && request_.method == Method::options;
  if (!request_.path.starts_with('/') && !is_star)
    return fail(400, "the request's target is no path: " + printable(request_.path, 80));

  if (const std::string* expect = request_.header("Expect")) {
    if (!same_token(*expect, "100-continue"))
      return fail(400, "Expect: " + printable(*expect, 80) + " is not known");
    expects_continue_ = !request_.is_http_1_0;
  }
}

RequestParser::State RequestParser::state() const {
  return state_;
}
const RequestParser::Failure& RequestParser::failure() const {
  return failure_;
}
HttpRequest& RequestParser::head() {
  return request_;
}

HttpRequest RequestParser::take() {
  CHECK(state_ == State::done);
  return std::move(request_);
}

bool RequestParser::expects_continue() const {
  return expects_continue_;
}
bool RequestParser::keeps_alive() const {
  return keeps_alive_;
}
std::size_t RequestParser::n_body_bytes() const {
  return state_ == State::done ? request_.body.size() : beast_->parser.get().body().size();
}

}  // namespace hearth::server
