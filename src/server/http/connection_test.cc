// SPDX-License-Identifier: Apache-2.0
//
// One connection over a real socket: framing, limits and deadlines. What concerns streams and
// clients that go away is in stream_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/http/test_server.h"

namespace hearth::server {
namespace {

using test::TestAnswer;
using test::TestClient;
using test::TestServer;
using testing::HasSubstr;

constexpr std::string_view kGetNow = "GET /now HTTP/1.1\r\nHost: h\r\n\r\n";

// "/now" and "/echo" answer at once, "/late" after a moment, "/none" not at all.
Task<void> plain_answer(HttpRequest& request, ResponseWriter& writer) {
  if (request.path == "/none") co_return;
  if (request.path == "/late") co_await writer.wait(std::chrono::milliseconds(20));
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = request.path == "/echo" ? request.body : "from " + request.path;
  if (request.path == "/empty") response = {.status = 204, .content_type = ""};
  if (request.path == "/split") response.headers.push_back({"X-From-Input", "a\r\nSet-Cookie: b"});
  writer.send(std::move(response));
}

HttpApp plain_app() {
  return {.handle = plain_answer};
}

TEST(Connection, KeepsAlive) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  for (int i = 0; i < 3; ++i) {
    const TestAnswer answer = client.ask(kGetNow);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "from /now");
    EXPECT_EQ(answer.header("content-length"), "9");
    EXPECT_EQ(answer.header("content-type"), "text/plain");
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_THAT(answer.header("date"), HasSubstr(" GMT"));
    EXPECT_FALSE(answer.header("x-request-id").empty());
  }
  const auto records = server.records(3);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_NE(records[0].id, records[1].id);
  EXPECT_EQ(records[2].peer, "127.0.0.1");
  EXPECT_EQ(records[2].status, 200);
  EXPECT_FALSE(records[2].client_gone);
}

TEST(Connection, AnswersWhatIsSentAheadInOrder) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  client.send(
      "GET /late HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "\r\nGET /now HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "from /late");
  EXPECT_EQ(client.read_answer().body, "abc");
  EXPECT_EQ(client.read_answer().body, "from /now");
}

TEST(Connection, Closes) {
  HttpServerOptions options;
  options.limits.max_requests = 2;
  const TestServer server(plain_app(), options);
  TestClient asks = server.client();
  const TestAnswer closed = asks.ask("GET /now HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(closed.header("connection"), "close");
  EXPECT_TRUE(asks.read_to_end());

  TestClient old = server.client();
  const TestAnswer one_zero = old.ask("GET /now HTTP/1.0\r\n\r\n");
  EXPECT_EQ(one_zero.body, "from /now");
  EXPECT_TRUE(old.read_to_end());
  TestClient old_that_stays = server.client();
  const std::string stays = "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(old_that_stays.ask(stays).header("connection"), "keep-alive");
  EXPECT_EQ(old_that_stays.ask(stays).header("connection"), "close") << "the limit on requests";
  EXPECT_TRUE(old_that_stays.read_to_end());
}

TEST(Connection, AnswersWithoutBody) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  client.send("HEAD /now HTTP/1.1\r\nHost: h\r\n\r\n");
  const TestAnswer head = client.read_answer(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "9");
  const TestAnswer empty = client.ask("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(empty.status, 204);
  EXPECT_FALSE(empty.headers.contains("content-length"));
  EXPECT_EQ(client.ask(kGetNow).body, "from /now") << "a body came where none may";
}

TEST(Connection, NoValueBeginsAHeader) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  const TestAnswer answer = client.ask("GET /split HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.header("x-from-input"), "a  Set-Cookie: b");
  EXPECT_FALSE(answer.headers.contains("set-cookie"));
}

TEST(Connection, ContinuesWhenAsked) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_answer().body, "abc");
  // Who sends the body at once gets no "Continue" in front of the answer.
  const TestAnswer eager = client.ask(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nxyz");
  EXPECT_EQ(eager.status, 200);
  EXPECT_EQ(eager.body, "xyz");
}

TEST(Connection, LargeBodiesBothWays) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>('a' + i % 26);
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  EXPECT_TRUE(client.read_answer().body == body);
  std::string chunked = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < body.size(); i += 1 << 16)
    chunked += "10000\r\n" + body.substr(i, 1 << 16) + "\r\n";
  client.send(chunked + "0\r\n\r\n");
  EXPECT_TRUE(client.read_answer().body == body);
}

TEST(Connection, RefusesAndSaysWhy) {
  HttpServerOptions options;
  options.limits.max_body_bytes = 1000;
  options.limits.max_header_bytes = 2000;
  options.limits.max_target_bytes = 100;
  const TestServer server(plain_app(), options);
  const auto refused = [&](std::string_view request) {
    TestClient client = server.client();
    const TestAnswer answer = client.ask(request);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_THAT(answer.body, HasSubstr("{\"error\":{\"message\":"));
    EXPECT_TRUE(client.read_to_end());
    return answer.status;
  };
  EXPECT_EQ(refused("this is not HTTP\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /now HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /now HTTP/3.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"), 414);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(3000, 'a')), 431);
  // All of the body is on its way when the answer comes; it must still be read.
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" +
                    std::string(200000, 'b')),
            413);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1" +
                    std::string(100'000, '0')),
            400)
      << "a size line without an end";
}

TEST(Connection, NoAnswerIsAnError) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  const TestAnswer answer = client.ask("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.header("x-should-retry"), "false");
  EXPECT_EQ(client.ask(kGetNow).status, 200);
}

TEST(Connection, TheHeaderIsCheckedBeforeTheBody) {
  HttpApp app = plain_app();
  app.check_head = [](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (request.path != "/secret") return std::nullopt;
    EXPECT_TRUE(request.body.empty());
    EXPECT_EQ(request.peer, "127.0.0.1");
    return HttpResponse{.status = 401, .body = "no"};
  };
  const TestServer server(std::move(app));
  TestClient client = server.client();
  const TestAnswer answer = client.ask(
      "POST /secret HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.read_to_end());
  TestClient without_body = server.client();
  EXPECT_EQ(without_body.ask("GET /secret HTTP/1.1\r\nHost: h\r\n\r\n").status, 401);
  EXPECT_EQ(without_body.ask(kGetNow).status, 200) << "nothing unread: the connection stays";
}

TEST(Connection, SlowRequestsAreEnded) {
  HttpServerOptions options;
  options.limits.header = std::chrono::milliseconds(150);
  options.limits.body = std::chrono::milliseconds(150);
  options.limits.idle = std::chrono::milliseconds(300);
  const TestServer server(plain_app(), options);
  // A byte now and then does not help.
  TestClient loris = server.client();
  const auto start = test::TestClock::now();
  for (const char c : std::string_view("GET / HTTP/1.1\r\nHost: h\r\nA: bbbbbbbbbbbbbbbbbbbbbb")) {
    if (!loris.send(std::string(1, c))) break;
    ::usleep(10'000);
    if (test::TestClock::now() - start > std::chrono::milliseconds(250)) break;
  }
  EXPECT_EQ(loris.read_answer().status, 408);

  TestClient body = server.client();
  body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  const TestAnswer answer = body.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("x-should-retry"), "true");

  TestClient silent = server.client();
  EXPECT_TRUE(silent.read_to_end());
  EXPECT_EQ(silent.received, "") << "nothing was asked";
  TestClient after_one = server.client();
  EXPECT_EQ(after_one.ask(kGetNow).status, 200);
  EXPECT_TRUE(after_one.read_to_end());
  EXPECT_EQ(after_one.received, "");
}

TEST(Connection, UploadsThatEndEarly) {
  TestServer server(plain_app());
  {
    TestClient cut = server.client();
    cut.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    cut.half_close();
    EXPECT_TRUE(cut.read_to_end());
    EXPECT_EQ(cut.received, "");
    TestClient reset = server.client();
    reset.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    reset.reset();
  }
  EXPECT_TRUE(test::comes_true([&] { return server.server().n_connections() == 0; }));
}

TEST(Connection, WhoClosesHisHalfIsStillAnsweredAtOnce) {
  const TestServer server(plain_app());
  TestClient client = server.client();
  client.send(kGetNow);
  client.half_close();
  EXPECT_EQ(client.read_answer().body, "from /now");
  EXPECT_TRUE(client.read_to_end());
}

TEST(Connection, TooManyBytesOfBodies) {
  HttpServerOptions options;
  options.limits.max_total_body_bytes = 1000;
  const TestServer server(plain_app(), options);
  TestClient holds = server.client();
  holds.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n" +
             std::string(800, 'a'));
  ::usleep(50'000);
  TestClient other = server.client();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 300\r\n\r\n" + std::string(300, 'b');
  const TestAnswer refused = other.ask(request);
  EXPECT_EQ(refused.status, 503);
  EXPECT_FALSE(refused.header("retry-after").empty());
  holds.send(std::string(100, 'a'));
  EXPECT_EQ(holds.read_answer().body.size(), 900u);
  EXPECT_TRUE(test::comes_true([&] {
    TestClient later = server.client();
    return later.ask(request).status == 200;
  })) << "the bytes were not given back";
}

TEST(Connection, TooManyConnections) {
  HttpServerOptions options;
  options.limits.max_connections = 2;
  TestServer server(plain_app(), options);
  TestClient one = server.client();
  TestClient two = server.client();
  EXPECT_EQ(one.ask(kGetNow).status, 200);
  EXPECT_EQ(two.ask(kGetNow).status, 200);
  TestClient three = server.client();
  EXPECT_EQ(three.read_answer().status, 503);
  two.close();
  EXPECT_TRUE(test::comes_true([&] {
    TestClient later = server.client();
    return later.ask(kGetNow).status == 200;
  }));
}

}  // namespace
}  // namespace hearth::server
