// SPDX-License-Identifier: Apache-2.0
//
// Streams, and clients that go away: over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "server/http/events.h"
#include "server/http/test_server.h"

namespace hearth::server {
namespace {

using std::chrono::milliseconds;
using test::TestAnswer;
using test::TestClient;
using test::TestServer;
using testing::HasSubstr;
using testing::StartsWith;

std::string get_request(std::string_view path, std::string_view version = "1.1") {
  return "GET " + std::string(path) + " HTTP/" + std::string(version) + "\r\nHost: h\r\n\r\n";
}

// What handlers of these tests saw.
struct Seen {
  std::atomic<int> n_started{0};
  std::atomic<int> n_gone_calls{0};
  std::atomic<int> n_ended{0};
  std::atomic<int> n_refused_writes{0};
};

// Waits until the client is gone, as a request does that waits for its first token.
HttpApp waiting_app(Seen& seen, bool streams) {
  return {.handle = [&seen, streams](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    writer.on_gone([&seen] { ++seen.n_gone_calls; });
    if (streams) {
      start_events(writer);
      send_event(writer, "first");
    }
    ++seen.n_started;
    while (!writer.is_gone()) co_await writer.wait(milliseconds(60'000));
    if (streams && !send_event(writer, "lost")) ++seen.n_refused_writes;
    ++seen.n_ended;
  }};
}

TEST(Stream, Events) {
  HttpApp app{.handle = [](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    start_events(writer);
    send_event(writer, R"({"a":1})");
    co_await writer.wait(milliseconds(5));
    send_event(writer, "two\nlines");
    send_named_event(writer, "error", "{}");
    send_done_event(writer);
  }};
  const TestServer server(std::move(app));
  TestClient client = server.client();
  const std::string expected =
      "data: {\"a\":1}\n\ndata: two\ndata: lines\n\nevent: error\ndata: {}\n\ndata: [DONE]\n\n";
  for (int i = 0; i < 2; ++i) {
    const TestAnswer answer = client.ask(get_request("/"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.is_complete);
    EXPECT_EQ(answer.header("content-type"), "text/event-stream");
    EXPECT_EQ(answer.header("x-accel-buffering"), "no");
    EXPECT_EQ(answer.header("cache-control"), "no-cache");
    EXPECT_FALSE(answer.header("x-request-id").empty());
    EXPECT_EQ(answer.body, expected);
  }
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_answer(false).status, 200);
  EXPECT_EQ(client.ask(get_request("/")).body, expected);

  TestClient old = server.client();
  const TestAnswer unchunked = old.ask(get_request("/", "1.0"));
  EXPECT_FALSE(unchunked.headers.contains("transfer-encoding"));
  EXPECT_EQ(unchunked.body, expected) << "ended by the end of the connection";
}

TEST(Stream, PingsWhileNothingElseIsSaid) {
  HttpApp app{.handle = [](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    start_events(writer, milliseconds(30));
    co_await writer.wait(milliseconds(200));
    // Often enough that no ping is due.
    for (int i = 0; i < 10; ++i) {
      send_event(writer, "x");
      co_await writer.wait(milliseconds(1));
    }
    send_done_event(writer);
  }};
  const TestServer server(std::move(app));
  TestClient client = server.client();
  const TestAnswer answer = client.ask(get_request("/"));
  std::size_t n_pings = 0;
  for (std::size_t at = 0; (at = answer.body.find(": ping\n\n", at)) != std::string::npos; ++at)
    ++n_pings;
  EXPECT_GE(n_pings, 2u);
  EXPECT_LE(n_pings, 8u);
  EXPECT_THAT(answer.body, HasSubstr("data: x\n\n"));
}

TEST(Stream, HangingUpIsNoticedWhileTheHandlerWaits) {
  for (const bool streams : {false, true}) {
    for (int way = 0; way < 3; ++way) {
      Seen seen;
      TestServer server(waiting_app(seen, streams));
      TestClient client = server.client();
      client.send(get_request("/"));
      ASSERT_TRUE(test::comes_true([&] { return seen.n_started == 1; }));
      const auto start = test::TestClock::now();
      if (way == 0) client.close();
      if (way == 1) client.reset();
      if (way == 2) client.half_close();  // counts as gone: nobody can tell it from the others
      ASSERT_TRUE(test::comes_true([&] { return seen.n_ended == 1; }));
      EXPECT_LT(test::TestClock::now() - start, std::chrono::seconds(1));
      EXPECT_EQ(seen.n_gone_calls, 1);
      EXPECT_EQ(seen.n_refused_writes, streams ? 1 : 0);
      const auto records = server.records(1);
      ASSERT_EQ(records.size(), 1u);
      EXPECT_TRUE(records[0].client_gone);
      EXPECT_TRUE(test::comes_true([&] { return server.server().n_connections() == 0; }));
    }
  }
}

TEST(Stream, AnEndThatCameWithTheRequest) {
  Seen seen;
  const TestServer server(waiting_app(seen, false));
  TestClient client = server.client();
  client.send(get_request("/"));
  client.half_close();
  EXPECT_TRUE(test::comes_true([&] { return seen.n_ended == 1; })) << "told at its first wait";
  EXPECT_EQ(seen.n_gone_calls, 1);
}

TEST(Stream, SendingTooMuchAheadEndsTheRequest) {
  Seen seen;
  const TestServer server(waiting_app(seen, true));
  TestClient client = server.client();
  client.send(get_request("/"));
  ASSERT_TRUE(client.read_until("first"));
  client.send(std::string(1 << 20, 'x'));
  EXPECT_TRUE(test::comes_true([&] { return seen.n_ended == 1; }));
  EXPECT_EQ(seen.n_gone_calls, 1);
}

TEST(Stream, SlowReadersAreDroppedAndHoldNobodyUp) {
  std::atomic<std::size_t> n_written{0};
  std::atomic<int> n_dropped{0};
  HttpApp app{.handle = [&](HttpRequest& request, ResponseWriter& writer) -> Task<void> {
    if (request.path == "/now") {
      writer.send({.body = "now"});
      co_return;
    }
    start_events(writer);
    const std::string data(1000, 'x');
    while (send_event(writer, data)) {
      n_written += data.size();
      if (n_written % 100'000 == 0) co_await writer.wait(milliseconds(0));
      if (n_written > std::size_t{1} << 30) co_return;
    }
    ++n_dropped;
  }};
  HttpServerOptions options;
  options.limits.max_unsent_bytes = 100'000;
  const TestServer server(std::move(app), options);
  TestClient slow(server.port(), false, 4096);
  slow.send(get_request("/"));
  ASSERT_TRUE(test::comes_true([&] { return n_dropped == 1; }));
  EXPECT_LT(n_written, std::size_t{16} << 20);
  TestClient other = server.client();
  EXPECT_EQ(other.ask(get_request("/now")).body, "now");
  const TestAnswer cut = slow.read_answer();
  EXPECT_FALSE(cut.is_complete) << "a stream that was cut must not look complete";
}

TEST(Stream, AClientThatTakesNothingIsDropped) {
  HttpServerOptions options;
  options.limits.write = milliseconds(200);
  HttpApp app{.handle = [](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    writer.send({.body = std::string(64 << 20, 'x')});
    co_return;
  }};
  TestServer server(std::move(app), options);
  TestClient client(server.port(), false, 4096);
  client.send(get_request("/"));
  const auto records = server.records(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].client_gone);
  EXPECT_TRUE(test::comes_true([&] { return server.server().n_connections() == 0; }));
}

TEST(Stream, AbortCutsTheConnection) {
  HttpApp app{.handle = [](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    start_events(writer);
    send_event(writer, "one");
    co_await writer.wait(milliseconds(50));
    writer.abort();
  }};
  const TestServer server(std::move(app));
  TestClient client = server.client();
  const TestAnswer answer = client.ask(get_request("/"));
  EXPECT_EQ(answer.body, "data: one\n\n");
  EXPECT_FALSE(answer.is_complete);
}

TEST(Stream, WakersWorkFromOtherThreadsAndOutliveTheRequest) {
  std::mutex mutex;
  Waker waker;
  std::atomic<bool> has_waker{false};
  std::atomic<int> value{0};
  HttpApp app{.handle = [&](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    {
      const std::lock_guard lock(mutex);
      waker = writer.waker();
    }
    has_waker = true;
    while (value == 0) co_await writer.wait(milliseconds(60'000));
    writer.send({.body = std::to_string(value.load())});
  }};
  TestServer server(std::move(app));
  TestClient client = server.client();
  client.send(get_request("/"));
  std::thread([&] {
    ASSERT_TRUE(test::comes_true([&] { return has_waker.load(); }));
    value = 7;
    const std::lock_guard lock(mutex);
    waker();
  }).join();
  EXPECT_EQ(client.read_answer().body, "7");
  client.close();
  EXPECT_TRUE(test::comes_true([&] { return server.server().n_connections() == 0; }));
  waker();
}

TEST(Stream, ManyAtOnce) {
  constexpr int kClients = 300;
  std::atomic<int> n_running{0};
  HttpApp app{.handle = [&](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    start_events(writer);
    ++n_running;
    while (n_running < kClients) co_await writer.wait(milliseconds(5));
    for (int i = 0; i < 20; ++i) {
      send_event(writer, std::to_string(i));
      co_await writer.wait(milliseconds(1));
    }
    send_done_event(writer);
  }};
  const TestServer server(std::move(app), {.limits = {}, .n_threads = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(server.client());
    ASSERT_TRUE(clients.back().send(get_request("/")));
  }
  for (TestClient& client : clients) {
    const TestAnswer answer = client.read_answer();
    EXPECT_THAT(answer.body, StartsWith("data: 0\n\ndata: 1\n\n"));
    EXPECT_TRUE(answer.is_complete);
  }
}

TEST(Stream, DrainingLetsRequestsFinish) {
  Seen seen;
  HttpApp app{.handle = [&seen](HttpRequest& request, ResponseWriter& writer) -> Task<void> {
    start_events(writer);
    ++seen.n_started;
    if (request.path == "/long") {
      while (!writer.is_gone()) co_await writer.wait(milliseconds(60'000));
    } else {
      co_await writer.wait(milliseconds(200));
      send_done_event(writer);
    }
    ++seen.n_ended;
  }};
  TestServer server(app);
  TestClient idle = server.client();
  TestClient busy = server.client();
  busy.send(get_request("/short"));
  ASSERT_TRUE(test::comes_true([&] { return seen.n_started == 1; }));
  EXPECT_TRUE(server.server().drain(std::chrono::seconds(5)));
  const TestAnswer answer = busy.read_answer();
  EXPECT_TRUE(answer.is_complete);
  EXPECT_TRUE(busy.read_to_end());
  EXPECT_TRUE(idle.read_to_end());

  TestServer impatient(app);
  TestClient lost = impatient.client();
  lost.send(get_request("/long"));
  ASSERT_TRUE(test::comes_true([&] { return seen.n_started == 2; }));
  EXPECT_FALSE(impatient.server().drain(milliseconds(20)));
  EXPECT_EQ(seen.n_ended, 2) << "the handler was told";
  EXPECT_FALSE(lost.read_answer().is_complete);
}

TEST(Stream, DrainingDoesNotWaitForRequestsThatDoNotArrive) {
  HttpApp app{.handle = [](HttpRequest&, ResponseWriter& writer) -> Task<void> {
    writer.send({.status = 200, .body = "here"});
    co_return;
  }};
  HttpLimits limits;
  limits.drain_read = milliseconds(300);
  TestServer server(app, {.limits = limits});
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n";
  TestClient in_header = server.client(), in_body = server.client(), in_time = server.client();
  in_header.send(head.substr(0, 20));
  in_body.send(head + "12");
  in_time.send(head + "1234");
  ASSERT_TRUE(test::comes_true([&] { return server.server().n_connections() == 3; }));
  ::usleep(50'000);  // until what was sent has been read
  std::thread sender([&] {
    ::usleep(50'000);
    in_time.send("5");
  });
  EXPECT_TRUE(server.server().drain(test::kTestPatience)) << "these two it need not wait for";
  sender.join();
  EXPECT_EQ(in_header.read_answer().status, 503);
  EXPECT_EQ(in_body.read_answer().status, 503);
  EXPECT_EQ(in_time.read_answer().body, "here");
}

}  // namespace
}  // namespace hearth::server
