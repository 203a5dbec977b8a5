// SPDX-License-Identifier: Apache-2.0
#include "server/http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hearth::server {
namespace {

using State = RequestParser::State;
using testing::HasSubstr;

// Feeds a text as a connection does: what is left stays in front of what comes next.
struct FedParser {
  explicit FedParser(std::string_view text, std::size_t n_at_once = SIZE_MAX,
                     const HttpLimits& limits = {})
      : parser(limits) {
    std::string inbox;
    while (true) {
      const bool is_over = parser.state() == State::done || parser.state() == State::failed;
      if (is_over) break;
      const std::size_t n = inbox.empty() ? 0 : parser.feed(inbox);
      inbox.erase(0, n);
      if (n > 0 && !inbox.empty()) continue;
      if (parser.state() == State::done || parser.state() == State::failed || text.empty()) break;
      inbox += text.substr(0, n_at_once);
      text.remove_prefix(std::min(text.size(), n_at_once));
    }
    left = inbox + std::string(text);
  }
  RequestParser parser;
  std::string left;
};

int status_of(std::string_view text, const HttpLimits& limits = {}) {
  const FedParser whole(text, SIZE_MAX, limits);
  const FedParser in_bytes(text, 1, limits);
  EXPECT_EQ(whole.parser.state(), in_bytes.parser.state()) << text;
  if (whole.parser.state() != State::failed) return whole.parser.state() == State::done ? 200 : 0;
  EXPECT_EQ(whole.parser.failure().status, in_bytes.parser.failure().status) << text;
  EXPECT_FALSE(whole.parser.failure().message.empty());
  return whole.parser.failure().status;
}

TEST(RequestParser, TheSameInPiecesOfAnySize) {
  const std::string text =
      "POST /v1/x?y=1&z HTTP/1.1\r\nHost: here:80\r\nContent-Length: 5\r\nX-A:  b c \r\n\r\nhello"
      "GET /next";
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size()}) {
    FedParser fed(text, n);
    ASSERT_EQ(fed.parser.state(), State::done) << n;
    EXPECT_EQ(fed.left, "GET /next");
    EXPECT_TRUE(fed.parser.keeps_alive());
    const HttpRequest request = fed.parser.take();
    EXPECT_EQ(request.method, Method::post);
    EXPECT_EQ(request.path, "/v1/x");
    EXPECT_EQ(request.query, "y=1&z");
    EXPECT_EQ(request.host, "here:80");
    EXPECT_EQ(request.body, "hello");
    ASSERT_NE(request.header("x-a"), nullptr);
    EXPECT_EQ(*request.header("x-a"), "b c");
    EXPECT_EQ(request.header("x-b"), nullptr);
  }
}

TEST(RequestParser, StopsBehindTheHeader) {
  RequestParser parser{HttpLimits{}};
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
  EXPECT_EQ(parser.feed(head + "abc"), head.size());
  EXPECT_EQ(parser.state(), State::body);
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_EQ(parser.head().path, "/");
  EXPECT_EQ(parser.feed("ab"), 2u);
  EXPECT_EQ(parser.n_body_bytes(), 2u);
  EXPECT_EQ(parser.feed("c"), 1u);
  EXPECT_EQ(parser.take().body, "abc");
}

TEST(RequestParser, ChunkedBodies) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;a=b\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nHost: evil\r\n\r\nrest";
  for (const std::size_t n : {std::size_t{1}, std::size_t{3}, text.size()}) {
    FedParser fed(text, n);
    ASSERT_EQ(fed.parser.state(), State::done) << n;
    const HttpRequest request = fed.parser.take();
    EXPECT_EQ(request.body, "hello 0123456789");
    EXPECT_EQ(request.n_headers("Host"), 1u) << "a trailer became a header";
    EXPECT_EQ(fed.left, "rest");
  }
}

// The last chunk is the first, and comes in pieces shorter than Beast asserts.
TEST(RequestParser, TrailersBehindNoChunks) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: trailer\r\n\r\nrest";
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}, text.size()}) {
    FedParser fed(text, n);
    ASSERT_EQ(fed.parser.state(), State::done) << n;
    EXPECT_EQ(fed.parser.take().body, "");
    EXPECT_EQ(fed.left, "rest");
  }
}

TEST(RequestParser, Targets) {
  const auto parsed = [](std::string_view target, std::string_view method = "GET") {
    FedParser fed(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(fed.parser.state(), State::done) << target;
    return fed.parser.take();
  };
  EXPECT_EQ(parsed("http://proxy.example:81/a?b").host, "proxy.example:81");
  EXPECT_EQ(parsed("http://proxy.example:81/a?b").path, "/a");
  EXPECT_EQ(parsed("http://proxy.example?b").path, "/");
  EXPECT_EQ(parsed("http://proxy.example?b").query, "b");
  EXPECT_EQ(parsed("/a#frag?x").path, "/a");
  EXPECT_EQ(parsed("/%2e/?").path, "/%2e/");
  EXPECT_EQ(parsed("*", "OPTIONS").path, "*");
  EXPECT_EQ(parsed("/", "BREW").method, Method::other);
}

TEST(RequestParser, WhatTwoReadersCouldReadDifferently) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunks = "\r\n3\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(status_of(start + "Transfer-Encoding: chunked\r\n" + chunks), 200);
  for (const char* bad :
       {"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: \x0b"
        "chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3, 4\r\n",
        "Content-Length: -3\r\n", "Content-Length: +3\r\n", "Content-Length: 0x3\r\n",
        "Content-Length: 99999999999999999999\r\n", "Content-Length: \r\n", "Host: other\r\n"})
    EXPECT_GE(status_of(start + bad + chunks), 400) << bad;
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" + chunks),
            400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
}

TEST(RequestParser, Malformed) {
  for (const char* bad :
       {"\x16\x03\x01\x02\x01\x01\x01\xfc\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        "G\x01T / HTTP/1.1\r\nHost: h\r\n\r\n", "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\nA: b\n\n\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"})
    EXPECT_EQ(status_of(bad), 400) << bad;
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(RequestParser, Limits) {
  HttpLimits limits;
  limits.max_header_bytes = 512;
  limits.max_headers = 10;
  limits.max_target_bytes = 100;
  limits.max_body_bytes = 20;
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(start + "A: " + std::string(600, 'a') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(status_of(start + "A: " + std::string(600, 'a'), limits), 431) << "without an end";
  std::string many = start;
  for (int i = 0; i < 11; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(many + "\r\n", limits), 431);
  EXPECT_EQ(status_of("GET /" + std::string(101, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", limits),
            414);
  EXPECT_EQ(status_of(start + "Content-Length: 21\r\n\r\n", limits), 413);
  EXPECT_EQ(status_of(start + "Content-Length: 20\r\n\r\n" + std::string(20, 'b'), limits), 200);
  EXPECT_EQ(status_of(start + "Transfer-Encoding: chunked\r\n\r\n15\r\n" + std::string(21, 'b') +
                          "\r\n0\r\n\r\n",
                      limits),
            413);
}

TEST(RequestParser, WhetherTheConnectionStays) {
  const auto stays = [](std::string_view version, std::string_view connection) {
    FedParser fed("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\n" +
                  std::string(connection) + "\r\n");
    return fed.parser.keeps_alive();
  };
  EXPECT_TRUE(stays("1.1", ""));
  EXPECT_FALSE(stays("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(stays("1.0", ""));
  EXPECT_TRUE(stays("1.0", "Connection: keep-alive\r\n"));
}

}  // namespace
}  // namespace hearth::server
