// SPDX-License-Identifier: Apache-2.0
//
// TLS before the connection, over real sockets, with OpenSSL as the client: that it opens, that it
// is refused where it must be, and that what bounds a plain connection bounds this one.
#include "server/http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/test_support.h"
#include "server/http/events.h"
#include "server/http/test_server.h"
#include "server/http/test_tls.h"

namespace hearth::server {
namespace {

using std::chrono::milliseconds;
using test::comes_true;
using test::TestAnswer;
using test::TestClient;
using test::TestServer;
using test::TlsTestClient;
using testing::HasSubstr;

constexpr std::string_view kGet = "GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n";

// "/stream": two events. "/hold": one, and then nothing until the client is gone. Others: the body.
Task<void> answer_sealed(HttpRequest& request, ResponseWriter& writer) {
  if (request.path == "/now" || request.path == "/echo") {
    writer.send({.body = request.path == "/now" ? "now" : request.body});
    co_return;
  }
  start_events(writer);
  send_event(writer, "first");
  if (request.path == "/hold")
    while (!writer.is_gone()) co_await writer.wait(milliseconds(60'000));
  if (request.path == "/flood")
    while (send_event(writer, std::string(10'000, 'x'))) co_await writer.wait(milliseconds(0));
  send_event(writer, "last");
}

class Tls : public testing::Test {
 protected:
  void SetUp() override { certificate_ = test::make_certificate(folder_.path(), "first"); }

  // A server with TLS alone.
  TestServer serve(const HttpLimits& limits = {}) {
    tls_ = TlsServer::load(certificate_).value();
    return TestServer({.handle = answer_sealed},
                      {.limits = limits, .listeners = {{.limits = {}, .tls = tls_}}});
  }

  const hearth::test::TempDir folder_;
  TlsFiles certificate_;
  std::shared_ptr<TlsServer> tls_;
};

TEST_F(Tls, AnswersAndKeepsAlive) {
  const TestServer server = serve();
  TlsTestClient client(server.port(), {.alpn = "http/1.1", .trusted = certificate_.certificate});
  ASSERT_TRUE(client.is_open());
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.protocol(), "http/1.1");
  EXPECT_EQ(client.ask(kGet).body, "now");
  EXPECT_EQ(client.ask(kGet).body, "now");
  // Larger than any record, in both directions.
  const std::string large(300'000, 'b');
  const TestAnswer echo = client.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                                     std::to_string(large.size()) + "\r\n\r\n" + large);
  EXPECT_EQ(echo.status, 200);
  EXPECT_TRUE(echo.body == large);
  const auto records = server.records(3);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[2].client, "127.0.0.1");
}

TEST_F(Tls, Versions) {
  const TestServer server = serve();
  TlsTestClient older(server.port(), {.max_version = TLS1_2_VERSION});
  ASSERT_TRUE(older.is_open());
  EXPECT_EQ(older.ask(kGet).body, "now");
  EXPECT_FALSE(TlsTestClient(server.port(), {.max_version = TLS1_1_VERSION}).is_open());
  EXPECT_FALSE(TlsTestClient(server.port(), {.alpn = "h2"}).is_open());
  EXPECT_EQ(TlsTestClient(server.port()).ask(kGet).body, "now") << "and others go on";
}

TEST_F(Tls, StreamsEndProperly) {
  const TestServer server = serve();
  TlsTestClient client(server.port());
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.read_to_end());
  EXPECT_THAT(client.received, HasSubstr("data: first\n\ndata: last\n"));
  EXPECT_TRUE(client.saw_proper_end()) << "or else the client could not tell it from a cut one";
}

TEST_F(Tls, PlainHttpIsToldSo) {
  const TestServer server = serve();
  TestClient client = server.client();
  const TestAnswer answer = client.ask(kGet);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("https://"));
  EXPECT_TRUE(client.read_to_end());
  const auto records = server.records(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, 400);
}

TEST_F(Tls, WhatIsNoHandshakeEnds) {
  TestServer server = serve();
  TestClient client = server.client();
  client.send(std::string("\x16\x03\x01\x00\x05", 5) + "junk!");
  EXPECT_TRUE(client.read_to_end(milliseconds(2000)));
  EXPECT_TRUE(comes_true([&] { return server.server().n_connections() == 0; }));
}

TEST_F(Tls, HandshakesHaveADeadline) {
  HttpLimits limits;
  limits.handshake = milliseconds(60);
  const TestServer server = serve(limits);
  TestClient silent = server.client();
  TestClient slow = server.client();
  slow.send(std::string("\x16\x03\x01", 3));
  EXPECT_TRUE(silent.read_to_end(milliseconds(5000)));
  EXPECT_TRUE(slow.read_to_end(milliseconds(5000)));
  EXPECT_EQ(TlsTestClient(server.port()).ask(kGet).body, "now");
}

TEST_F(Tls, HandshakesAreCounted) {
  HttpLimits limits;
  limits.max_handshakes = 2;
  TestServer server = serve(limits);
  TlsTestClient open(server.port());
  ASSERT_EQ(open.ask(kGet).body, "now");
  {
    TestClient one = server.client();
    TestClient two = server.client();
    ASSERT_TRUE(comes_true([&] { return server.server().n_connections() == 3; }));
    TestClient three = server.client();
    EXPECT_TRUE(three.read_to_end(milliseconds(2000))) << "one more than may shake hands";
    EXPECT_EQ(open.ask(kGet).body, "now");
  }
  ASSERT_TRUE(comes_true([&] { return server.server().n_connections() == 1; }));
  EXPECT_EQ(TlsTestClient(server.port()).ask(kGet).body, "now") << "a place was not given back";
}

// The deadlines of the connection hold inside of TLS as well.
TEST_F(Tls, SlowClientsAreDropped) {
  HttpLimits limits;
  limits.header = limits.body = milliseconds(60);
  limits.idle = milliseconds(120);
  const TestServer server = serve(limits);
  TlsTestClient header(server.port());
  EXPECT_EQ(header.ask("GET /now HTTP/1.1\r\nHost:").status, 408);
  TlsTestClient body(server.port());
  EXPECT_EQ(body.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc").status,
            408);
  TlsTestClient idle(server.port());
  EXPECT_EQ(idle.ask(kGet).status, 200);
  EXPECT_TRUE(idle.read_to_end(milliseconds(5000)));
}

TEST_F(Tls, ReadersThatDoNotReadAreDropped) {
  HttpLimits limits;
  limits.max_unsent_bytes = 64 * 1024;
  const TestServer server = serve(limits);
  TlsTestClient client(server.port());
  client.send("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto records = server.records(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].client_gone);
}

TEST_F(Tls, ClientsThatHangUpAreNoticed) {
  const TestServer server = serve();
  TlsTestClient cut(server.port());
  TlsTestClient polite(server.port());
  for (TlsTestClient* client : {&cut, &polite}) {
    client->send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(client->read_until("first"));
  }
  cut.reset();
  polite.say_end();  // the connection itself stays
  const auto records = server.records(2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0].client_gone && records[1].client_gone);
}

TEST_F(Tls, CertificatesAreReadAnew) {
  const TestServer server = serve();
  TlsTestClient before(server.port());
  EXPECT_EQ(before.server_name(), "first");
  const TlsFiles second = test::make_certificate(folder_.path(), "second");
  ASSERT_EQ(std::rename(second.certificate.c_str(), certificate_.certificate.c_str()), 0);
  EXPECT_FALSE(tls_->reload().has_value()) << "the key is still that of the first";
  EXPECT_EQ(TlsTestClient(server.port()).server_name(), "first");
  ASSERT_EQ(std::rename(second.key.c_str(), certificate_.key.c_str()), 0);
  ASSERT_TRUE(tls_->reload().has_value());
  EXPECT_EQ(TlsTestClient(server.port()).server_name(), "second");
  EXPECT_EQ(before.ask(kGet).body, "now") << "who is connected stays so";
}

TEST_F(Tls, SaysWhatIsWrongWithFiles) {
  const TlsFiles other = test::make_certificate(folder_.path(), "other");
  const auto refusal = [](const TlsFiles& files) {
    const auto loaded = TlsServer::load(files);
    return loaded ? std::string("none") : loaded.error().message;
  };
  EXPECT_EQ(refusal(certificate_), "none");
  EXPECT_THAT(refusal({certificate_.certificate, other.key}),
              testing::AllOf(HasSubstr("other.key"), HasSubstr("not the key of")));
  EXPECT_THAT(refusal({certificate_.key, certificate_.key}), HasSubstr("no certificate"));
  EXPECT_THAT(refusal({certificate_.certificate, certificate_.certificate}),
              HasSubstr("no private key"));
  const auto missing = TlsServer::load({folder_.file("nothing"), certificate_.key});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
}

TEST_F(Tls, DrainsStreamsThatRun) {
  TestServer server = serve();
  TlsTestClient client(server.port());
  client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(client.read_until("first"));
  EXPECT_TRUE(server.server().drain(milliseconds(5000)));
  EXPECT_TRUE(client.read_until("last"));
}

}  // namespace
}  // namespace hearth::server
