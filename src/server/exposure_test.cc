// SPDX-License-Identifier: Apache-2.0
#include "server/exposure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hearth::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

HttpRequest request_to(std::string host, std::vector<Header> headers = {}) {
  HttpRequest request;
  request.method = Method::post;
  request.path = "/";
  request.peer = "127.0.0.1";
  request.host = std::move(host);
  request.headers = std::move(headers);
  return request;
}

bool passes(const ExposurePolicy& policy, const HttpRequest& request) {
  const auto error = check_host_and_origin(policy, request);
  EXPECT_TRUE(!error || error->kind == ApiErrorKind::forbidden);
  return !error;
}

TEST(Exposure, ListeningWhereOthersReachNeedsAKey) {
  const auto loopback = Listener::tcp("127.0.0.1", 0);
  const auto wide = Listener::tcp("0.0.0.0", 0);
  ASSERT_TRUE(loopback && wide);
  EXPECT_TRUE(check_listener((*loopback)[0], false, false).has_value());
  EXPECT_TRUE(check_listener((*wide)[0], true, false).has_value());
  EXPECT_TRUE(check_listener((*wide)[0], false, true).has_value());
  const auto refused = check_listener((*wide)[0], false, false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::usage);
  EXPECT_THAT(refused.error().message, HasSubstr("0.0.0.0"));
  EXPECT_THAT(refused.error().message, HasSubstr("hearth key add"));
}

TEST(Exposure, HostsWithoutKeys) {
  const ExposurePolicy policy{.allowed_hosts = {"box.lan"}};
  for (const char* good :
       {"127.0.0.1", "127.0.0.1:8080", "localhost", "LocalHost:1", "localhost.", "[::1]:8080",
        "[::1]", "192.168.1.2:80", "a.localhost:8080", "box.lan:8080", "BOX.LAN"})
    EXPECT_TRUE(passes(policy, request_to(good))) << good;
  for (const char* bad :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "evillocalhost", ".localhost", "", ":80", "[::1", "[::1]evil", "localhost:80evil",
        "box.lan.evil", "127.1@evil", "0x7f.1"})
    EXPECT_FALSE(passes(policy, request_to(bad))) << bad;
  HttpRequest by_socket = request_to("whatever");
  by_socket.peer = "unix";
  EXPECT_TRUE(passes(policy, by_socket));
  EXPECT_TRUE(passes({.needs_key = true}, request_to("evil.example")));
  EXPECT_TRUE(passes({.allowed_hosts = {"*"}}, request_to("any.example")));
}

TEST(Exposure, Origins) {
  const ExposurePolicy policy{.allowed_origins = {"https://chat.example"}};
  const auto with = [](const char* origin) {
    return request_to("localhost:8080", {{"Origin", origin}});
  };
  EXPECT_TRUE(passes(policy, with("http://localhost:8080")));
  EXPECT_TRUE(passes(policy, with("https://chat.example")));
  for (const char* bad :
       {"null", "https://evil.example", "http://localhost:8081", "http://localhost",
        "https://chat.example.evil", "http://chat.example", "", "file://"})
    EXPECT_FALSE(passes(policy, with(bad))) << bad;
  // Rebinding makes origin and Host the same foreign name.
  EXPECT_FALSE(passes(policy, request_to("evil.example", {{"Origin", "http://evil.example"}})));
  EXPECT_FALSE(passes({.needs_key = true}, with("https://evil.example")));
}

TEST(Exposure, CrossOriginHeadersAreOffByDefault) {
  const HttpRequest asked = request_to("localhost", {{"Origin", "https://chat.example"}});
  EXPECT_THAT(cors_headers({}, asked), IsEmpty());
  const ExposurePolicy policy{.allowed_origins = {"https://chat.example"}};
  bool is_allowed = false;
  for (const Header& header : cors_headers(policy, asked)) {
    EXPECT_NE(header.name, "Access-Control-Allow-Credentials");
    if (header.name == "Access-Control-Allow-Origin") {
      is_allowed = true;
      EXPECT_EQ(header.value, "https://chat.example");
    }
  }
  EXPECT_TRUE(is_allowed);
  for (const Header& header :
       cors_headers(policy, request_to("localhost", {{"Origin", "https://x"}})))
    EXPECT_EQ(header.name, "Vary");
}

TEST(Exposure, Preflights) {
  const ExposurePolicy policy{.allowed_origins = {"https://chat.example"}};
  HttpRequest asked = request_to("localhost", {{"Origin", "https://chat.example"},
                                               {"Access-Control-Request-Method", "POST"},
                                               {"Access-Control-Request-Headers", "x-a, x-b"}});
  EXPECT_FALSE(preflight_response(policy, asked).has_value()) << "not OPTIONS";
  asked.method = Method::options;
  const auto response = preflight_response(policy, asked);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 204);
  std::string names;
  for (const Header& header : response->headers)
    if (header.name == "Access-Control-Allow-Headers") names = header.value;
  EXPECT_EQ(names, "x-a, x-b");
  EXPECT_FALSE(preflight_response({}, asked).has_value());
}

TEST(Exposure, TrustedProxiesAreBelievedFromTheRight) {
  const auto client = [](std::string_view trusted, std::string peer,
                         std::vector<Header> headers = {}) {
    HttpRequest request;
    request.peer = std::move(peer);
    request.headers = std::move(headers);
    return TrustedProxies::parse(trusted).value().client_of(request);
  };
  const std::string name = "X-Forwarded-For";
  EXPECT_EQ(client("", "127.0.0.1", {{name, "1.2.3.4"}}), "127.0.0.1");
  EXPECT_EQ(client("127.0.0.1", "127.0.0.1", {{name, "1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(client("127.0.0.1", "127.0.0.1", {{name, "6.6.6.6, 1.2.3.4"}}), "1.2.3.4")
      << "what the client wrote itself";
  EXPECT_EQ(client("127.0.0.1,10.0.0.0/8", "127.0.0.1", {{name, "1.2.3.4, 10.9.8.7"}}), "1.2.3.4");
  EXPECT_EQ(client("127.0.0.1", "127.0.0.1", {{name, "6.6.6.6"}, {name, "1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(client("10.0.0.0/8", "9.9.9.9", {{name, "1.2.3.4"}}), "9.9.9.9");
  EXPECT_EQ(client("unix", "unix", {{name, "fd00::1"}}), "fd00::1");
  EXPECT_EQ(client("127.0.0.1", "127.0.0.1", {{name, "1.2.3.4, junk"}}), "127.0.0.1");
  EXPECT_EQ(client("127.0.0.1", "127.0.0.1"), "127.0.0.1");
  EXPECT_FALSE(TrustedProxies::parse("10.0.0.0/33").has_value());
  EXPECT_FALSE(TrustedProxies::parse("proxy.example").has_value());
}

TEST(IpAddresses, Ranges) {
  const auto contains = [](std::string_view range, std::string_view address) {
    return parse_ip_range(range).value().contains(parse_ip(address).value());
  };
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(contains("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(contains("192.168.1.128/25", "192.168.1.100"));
  EXPECT_TRUE(contains("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(contains("0.0.0.0/0", "fd00::1"));
  EXPECT_TRUE(contains("fd00::/8", "fdab::1"));
  EXPECT_TRUE(contains("::1", "[::1]"));
  for (const char* bad : {"", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "::/129", "1.2.3.4/-1",
                          "1.2.3.4/8x", "[1.2.3.4]", "localhost", "::1%lo"})
    EXPECT_FALSE(parse_ip_range(bad).has_value()) << bad;
}

}  // namespace
}  // namespace hearth::server
