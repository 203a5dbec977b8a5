// SPDX-License-Identifier: Apache-2.0
#include "fetch/http.h"

#include <gmock/gmock.h>

#include "fetch/test_hub_test_util.h"

namespace hearth::fetch {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr RetryPolicy kQuick{
    .tries = 4, .first_wait = milliseconds(1), .longest_wait = milliseconds(5)};

Result<std::string> fetch_text(const std::string& url, const std::string& token = {},
                               std::size_t max_bytes = 1 << 20) {
  HttpClient client(std::chrono::seconds(1));
  return get_text(client, {.url = url, .token = token}, max_bytes, kQuick, {});
}

TEST(Http, TheTokenStaysAtItsOrigin) {
  TestHub store([](const SeenRequest&) { return reply(200, {}, "body"); });
  TestHub hub([&](const SeenRequest& seen) {
    return seen.path == "/near" ? redirect_to("/far") : redirect_to(store.url("/blob"));
  });
  EXPECT_EQ(fetch_text(hub.url("/near"), "secret").value(), "body");
  ASSERT_EQ(hub.requests().size(), 2u);
  for (const SeenRequest& seen : hub.requests())
    EXPECT_EQ(seen.header("authorization"), "Bearer secret");
  ASSERT_EQ(store.requests().size(), 1u);
  EXPECT_EQ(store.requests()[0].header("authorization"), "");
}

TEST(Http, ATokenCannotAddHeaders) {
  TestHub hub([](const SeenRequest&) { return reply(200, {}, "body"); });
  EXPECT_FALSE(fetch_text(hub.url(), "a\r\nX-Evil: 1"));
  EXPECT_EQ(hub.requests().size(), 0u);
}

TEST(Http, KeepsTheHubsAnnouncementsOverARedirect) {
  TestHub store([](const SeenRequest&) {
    return reply(200, {"X-Linked-Size: 99", "ETag: \"theirs\""}, "body");
  });
  TestHub hub([&](const SeenRequest&) {
    return redirect_to(store.url(), {"X-Linked-Size: 4", "ETag: \"ours\""});
  });
  HttpClient client;
  const auto got = client.get({.url = hub.url()}, [](auto&, auto) { return Result<void>(); }, {});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->header("x-linked-size"), "4");
  EXPECT_EQ(got->header("etag"), "\"theirs\"");
}

TEST(Http, RedirectsAreBoundedAndStayWithHttp) {
  TestHub loop([&](const SeenRequest&) { return redirect_to("/again"); });
  EXPECT_THAT(fetch_text(loop.url()).error().message, HasSubstr("redirects"));
  EXPECT_EQ(loop.requests().size(), 9u);
  TestHub file([](const SeenRequest&) { return redirect_to("file:///etc/passwd"); });
  EXPECT_FALSE(fetch_text(file.url()));
}

TEST(Http, TriesAgainWhatMayPass) {
  int n = 0;
  TestHub hub([&](const SeenRequest&) {
    switch (++n) {
      case 1:
        return reply(503, {}, "busy");
      case 2:
        return reply(429, {"Retry-After: 3600"}, "slow down");
      case 3: {
        RawReply broken = reply(200, {"Content-Length: 100"}, "half");
        broken.reset = true;
        return broken;
      }
      default:
        return reply(200, {}, "whole");
    }
  });
  EXPECT_EQ(fetch_text(hub.url()).value_or("none"), "whole");
  EXPECT_EQ(n, 4);
}

TEST(Http, GivesUpAndSaysWhy) {
  TestHub busy([](const SeenRequest&) { return reply(500, {}, ""); });
  EXPECT_THAT(fetch_text(busy.url()).error().message, HasSubstr("HTTP 500"));
  EXPECT_EQ(busy.requests().size(), 4u);
  TestHub missing([](const SeenRequest&) { return reply(404, {}, ""); });
  const auto gone = fetch_text(missing.url("/m.gguf?signature=abc"));
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  EXPECT_THAT(gone.error().message, Not(HasSubstr("signature")));
  EXPECT_EQ(missing.requests().size(), 1u);
  TestHub locked([](const SeenRequest&) { return reply(401, {}, ""); });
  EXPECT_THAT(fetch_text(locked.url()).error().message, HasSubstr("HF_TOKEN"));
  TestHub gated([](const SeenRequest&) { return reply(403, {"X-Error-Code: GatedRepo"}, ""); });
  EXPECT_THAT(fetch_text(gated.url()).error().message, HasSubstr("terms"));
}

TEST(Http, HostileServersEnd) {
  TestHub headers([](const SeenRequest&) {
    RawReply flood{.bytes = "X-Flood: " + std::string(200, 'a') + "\r\n", .endless = true};
    flood.bytes = "HTTP/1.1 200 OK\r\n" + flood.bytes;
    return flood;
  });
  EXPECT_FALSE(fetch_text(headers.url()));
  TestHub body([](const SeenRequest&) {
    return RawReply{.bytes = "HTTP/1.1 200 OK\r\n\r\n" + std::string(4096, 'x'), .endless = true};
  });
  EXPECT_EQ(fetch_text(body.url()).error().code, ErrorCode::does_not_fit);
  TestHub error_page([](const SeenRequest&) {
    return RawReply{.bytes = "HTTP/1.1 404 No\r\n\r\n" + std::string(4096, 'x'), .endless = true};
  });
  EXPECT_EQ(fetch_text(error_page.url()).error().code, ErrorCode::not_found);
  TestHub noise(
      [](const SeenRequest&) { return RawReply{.bytes = "\x01\x02\x03 nonsense\r\n\r\n"}; });
  EXPECT_FALSE(fetch_text(noise.url()));
}

TEST(Http, SilenceEnds) {
  TestHub mute([](const SeenRequest&) {
    RawReply late = reply(200, {}, "late");
    late.delay_ms = 20'000;
    return late;
  });
  HttpClient client(std::chrono::seconds(1));
  const auto got = client.get({.url = mute.url()}, [](auto&, auto) { return Result<void>(); }, {});
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().transient);
}

TEST(Http, CanBeStopped) {
  std::stop_source stop;
  TestHub endless([&](const SeenRequest&) {
    return RawReply{.bytes = "HTTP/1.1 200 OK\r\n\r\n" + std::string(4096, 'x'), .endless = true};
  });
  HttpClient client;
  std::uint64_t taken = 0;
  const auto got = client.get(
      {.url = endless.url()},
      [&](const HttpReply&, std::span<const std::byte> bytes) -> Result<void> {
        taken += bytes.size();
        if (taken > 100'000) stop.request_stop();
        return {};
      },
      stop.get_token());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().error.code, ErrorCode::cancelled);
}

TEST(Http, Origins) {
  EXPECT_TRUE(same_origin("https://A.example/x", "https://a.example:443/y?z"));
  EXPECT_TRUE(same_origin("http://a", "http://a:80/"));
  for (const char* other : {"http://a.example/", "https://a.example.evil/", "https://b.example/",
                            "https://a.example:444/", "a.example", ""})
    EXPECT_FALSE(same_origin("https://a.example/", other)) << other;
}

}  // namespace
}  // namespace hearth::fetch
