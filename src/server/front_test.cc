// SPDX-License-Identifier: Apache-2.0
//
// The order of checks in front of the routes, over real sockets.
#include "server/front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/http/events.h"
#include "server/http/test_server.h"

namespace hearth::server {
namespace {

using test::TestAnswer;
using test::TestClient;
using test::TestServer;
using testing::HasSubstr;

Task<void> say_key(Call& call) {
  std::string text = "key '" + call.key_id + "' " + std::string(call.param("model"));
  for (const std::string& model : call.models) text += " may ask " + model;
  call.writer.send({.body = std::move(text)});
  co_return;
}

Task<void> hold(Call& call) {
  start_events(call.writer);
  send_event(call.writer, "held");
  while (!call.writer.is_gone()) co_await call.writer.wait(std::chrono::seconds(60));
}

Router every_scope() {
  return Router({{Method::get, "/health", Scope::open, say_key, ""},
                 {Method::post, "/v1/completions", Scope::infer, say_key, ""},
                 {Method::get, "/hold", Scope::infer, hold, ""},
                 {Method::get, "/metrics", Scope::observe, say_key, ""},
                 {Method::get, "/v1/models/{model*}", Scope::observe, say_key, ""},
                 {Method::post, "/models/load", Scope::manage, say_key, ""}});
}

std::string asking(std::string_view what, std::string_view headers = {}) {
  return std::string(what) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

std::shared_ptr<const KeyRing> ring_of(std::vector<std::string> plain) {
  return std::make_shared<KeyRing>(KeyList(), plain);
}

TEST(Front, EveryRouteButHealthWantsAKey) {
  Front front(every_scope(), {{.keys = ring_of({"k1"})}});
  const TestServer server(front.app());
  TestClient client = server.client();
  for (const Route& route : front.router().routes()) {
    std::string path(route.path);
    if (path.ends_with("{model*}")) path = "/v1/models/org/m";
    if (path == "/hold") continue;  // the same check; it would stream
    const std::string what = std::string(name_of(route.method)) + " " + path;
    const bool is_open = route.path == "/health";
    EXPECT_EQ(client.ask(asking(what)).status, is_open ? 200 : 401) << what;
    EXPECT_EQ(client.ask(asking(what, "Authorization: Bearer nope\r\n")).status,
              is_open ? 200 : 401);
    EXPECT_EQ(client.ask(asking(what, "Authorization: Bearer k1\r\n")).status, 200) << what;
    EXPECT_EQ(client.ask(asking(what, "authorization: bearer  k1\r\n")).status, 200) << what;
    EXPECT_EQ(client.ask(asking(what, "X-Api-Key: k1\r\n")).status, 200) << what;
    EXPECT_EQ(client.ask(asking(what, "Authorization: Basic k1\r\n")).status, is_open ? 200 : 401);
  }
  const TestAnswer refused = client.ask(asking("GET /metrics"));
  EXPECT_THAT(refused.header("www-authenticate"), HasSubstr("Bearer"));
  EXPECT_THAT(refused.body, HasSubstr("authentication_error"));
  EXPECT_EQ(client.ask(asking("GET /health")).body, "key '' ");
}

TEST(Front, WithoutKeysNoneIsAskedFor) {
  Front front(every_scope(), {{}});
  const TestServer server(front.app());
  TestClient client = server.client();
  EXPECT_EQ(client.ask(asking("GET /metrics")).status, 200);
  EXPECT_EQ(client.ask(asking("GET /v1/models/org/m")).body, "key '' org/m");
}

TEST(Front, Scopes) {
  KeyList keys;
  const std::string key = add_key(keys, {.name = "i", .scopes = 1}).value();
  Front front(every_scope(), {{.keys = std::make_shared<KeyRing>(keys)}});
  const TestServer server(front.app());
  TestClient client = server.client();
  const std::string bearer = "Authorization: Bearer " + key + "\r\n";
  EXPECT_EQ(client.ask(asking("POST /v1/completions", bearer)).body, "key '" + keys[0].id + "' ");
  EXPECT_EQ(client.ask(asking("GET /metrics", bearer)).status, 403);
  EXPECT_EQ(client.ask(asking("POST /models/load", bearer)).status, 403);
}

TEST(Front, PathsAndMethods) {
  Front front(every_scope(), {{}});
  const TestServer server(front.app());
  TestClient client = server.client();
  const TestAnswer unknown = client.ask(asking("GET /nothing"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("/nothing"));
  const TestAnswer wrong = client.ask(asking("GET /v1/completions"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST");
  EXPECT_EQ(client.ask(asking("BREW /health")).status, 405);
  client.send(asking("HEAD /health"));
  EXPECT_EQ(client.read_answer(false).status, 200);
}

TEST(Front, ABodyIsNotReadForTheRefused) {
  Front front(every_scope(), {{.keys = ring_of({"k"})}});
  const TestServer server(front.app());
  TestClient client = server.client();
  const TestAnswer answer = client.ask(
      asking("POST /v1/completions", "Content-Length: 10000000\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(answer.status, 401) << "no 'Continue' first";
}

TEST(Front, PagesOfOthers) {
  ListenerPolicy policy;
  policy.exposure.allowed_origins = {"https://chat.example"};
  Front front(every_scope(), {policy});
  const TestServer server(front.app());
  TestClient client = server.client();
  EXPECT_EQ(client.ask("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403);
  EXPECT_EQ(client.ask(asking("GET /metrics", "Origin: https://evil.example\r\n")).status, 403);
  const TestAnswer allowed = client.ask(asking("GET /metrics", "Origin: https://chat.example\r\n"));
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(allowed.header("access-control-allow-origin"), "https://chat.example");
  const TestAnswer preflight =
      client.ask(asking("OPTIONS /v1/completions",
                        "Origin: https://chat.example\r\nAccess-Control-Request-Method: POST\r\n"));
  EXPECT_EQ(preflight.status, 204);
  const TestAnswer plain = client.ask(asking("GET /metrics"));
  EXPECT_FALSE(plain.headers.contains("access-control-allow-origin"));
}

TEST(Front, LimitsOfAKey) {
  KeyList keys;
  const std::string one_at_a_time =
      add_key(keys, {.name = "c", .scopes = 7, .concurrent = 1}).value();
  const std::string two_a_minute =
      add_key(keys, {.name = "r", .scopes = 7, .requests_per_minute = 2}).value();
  Front front(every_scope(), {{.keys = std::make_shared<KeyRing>(keys)}});
  const TestServer server(front.app());
  const std::string bearer = "Authorization: Bearer " + one_at_a_time + "\r\n";
  TestClient other = server.client();
  {
    TestClient holder = server.client();
    holder.send(asking("GET /hold", bearer));
    ASSERT_TRUE(holder.read_until("held"));
    const TestAnswer refused = other.ask(asking("GET /metrics", bearer));
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("x-should-retry"), "true");
    EXPECT_FALSE(refused.header("retry-after").empty());
  }
  EXPECT_TRUE(test::comes_true([&] {
    return other.ask(asking("GET /metrics", bearer)).status == 200;
  })) << "the place was not given back";

  const std::string rated = "X-Api-Key: " + two_a_minute + "\r\n";
  EXPECT_EQ(other.ask(asking("GET /metrics", rated)).status, 200);
  EXPECT_EQ(other.ask(asking("GET /metrics", rated)).status, 200);
  const TestAnswer refused = other.ask(asking("GET /metrics", rated));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "30");
}

TEST(Front, OtherKeysWhileItRuns) {
  Front front(every_scope(), {{.keys = ring_of({"old"})}});
  const TestServer server(front.app());
  TestClient client = server.client();
  front.replace(0, {.keys = ring_of({"new"})});
  EXPECT_EQ(client.ask(asking("GET /metrics", "X-Api-Key: old\r\n")).status, 401);
  EXPECT_EQ(client.ask(asking("GET /metrics", "X-Api-Key: new\r\n")).status, 200);
  front.replace(0, {.keys = ring_of({})});
  EXPECT_EQ(client.ask(asking("GET /metrics")).status, 401)
      << "revoking the last key opens nothing";
}

TEST(Front, ListenersHaveTheirOwnKeys) {
  std::vector<Listener> listeners;
  for (int i = 0; i < 2; ++i)
    listeners.push_back(std::move(Listener::tcp("127.0.0.1", 0).value()[0]));
  Front front(every_scope(), {{.keys = ring_of({"a"})}, {.keys = ring_of({"b"})}});
  const TestServer server(std::move(listeners), front.app());
  const std::string with_b = asking("GET /metrics", "X-Api-Key: b\r\n");
  EXPECT_EQ(TestClient(server.port(0)).ask(with_b).status, 401);
  EXPECT_EQ(TestClient(server.port(1)).ask(with_b).status, 200);
}

TEST(Front, ListenersHaveTheirOwnModelsAndLimits) {
  std::vector<Listener> listeners;
  for (int i = 0; i < 2; ++i)
    listeners.push_back(std::move(Listener::tcp("127.0.0.1", 0).value()[0]));
  Front front(every_scope(),
              {{}, {.models = {"small"}, .max_concurrent = 1, .sharing = "listener-1"}});
  const TestServer server(std::move(listeners), front.app());
  TestClient narrow(server.port(1));
  EXPECT_EQ(TestClient(server.port(0)).ask(asking("GET /metrics")).body, "key '' ");
  EXPECT_EQ(narrow.ask(asking("GET /metrics")).body, "key 'listener-1'  may ask small");

  TestClient holder(server.port(1));
  holder.send(asking("GET /hold"));
  ASSERT_TRUE(holder.read_until("held"));
  const TestAnswer refused = narrow.ask(asking("GET /metrics"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("x-should-retry"), "true");
  EXPECT_EQ(narrow.ask(asking("GET /health")).status, 200) << "health takes no place";
  EXPECT_EQ(TestClient(server.port(0)).ask(asking("GET /metrics")).status, 200);
  holder.close();
  EXPECT_TRUE(test::comes_true([&] { return narrow.ask(asking("GET /metrics")).status == 200; }))
      << "the place was not given back";
}

TEST(Front, BelievesTrustedProxiesAlone) {
  const auto client_seen = [](std::string_view trusted, std::string_view headers) {
    ListenerPolicy policy;
    policy.proxies = TrustedProxies::parse(trusted).value();
    Front front(every_scope(), {policy});
    const TestServer server(front.app());
    server.client().ask(asking("GET /metrics", headers));
    const auto records = server.records(1);
    return records.size() == 1 ? records[0].client : "none";
  };
  EXPECT_EQ(client_seen("", "X-Forwarded-For: 1.2.3.4\r\n"), "127.0.0.1");
  EXPECT_EQ(client_seen("10.0.0.0/8", "X-Forwarded-For: 1.2.3.4\r\n"), "127.0.0.1");
  EXPECT_EQ(client_seen("127.0.0.0/8", "X-Forwarded-For: 1.2.3.4\r\n"), "1.2.3.4");
  EXPECT_EQ(client_seen("127.0.0.1", "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n"), "1.2.3.4")
      << "what stands left of it the client may have written itself";
  // Proxies pass on what they do not know: who sets one of the two headers hands on the other.
  EXPECT_EQ(client_seen("127.0.0.1", "Forwarded: for=6.6.6.6\r\n"), "127.0.0.1");
}

}  // namespace
}  // namespace hearth::server
