// SPDX-License-Identifier: Apache-2.0
#include "server/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <thread>

#include "base/file.h"
#include "base/test_support.h"
#include "server/key_gate.h"
#include "server/router.h"

namespace hearth::server {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(Keys, MadeOnceAndKnownAgain) {
  KeyList keys;
  const KeyRequest request{
      .name = "laptop", .scopes = 3, .requests_per_minute = 60, .concurrent = 2};
  const std::string text = add_key(keys, request).value();
  EXPECT_EQ(text.size(), 7 + 8 + 1 + 64u);
  EXPECT_THAT(to_text(keys), Not(HasSubstr(text.substr(16))));
  const std::string other = add_key(keys, {.name = "phone", .scopes = 1}).value();
  EXPECT_NE(text.substr(16), other.substr(16));

  const KeyRing ring(parse_keys(to_text(keys)).value());
  const KeyEntry* found = ring.find(text);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "laptop");
  EXPECT_EQ(found->scopes, 3u);
  EXPECT_EQ(found->requests_per_minute, 60);
  EXPECT_EQ(found->concurrent, 2);
  EXPECT_EQ(ring.find(other)->name, "phone");
  std::string wrong = text;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(ring.find(wrong), nullptr);
  EXPECT_EQ(ring.find(text.substr(0, text.size() - 1)), nullptr);
  EXPECT_EQ(ring.find(text.substr(0, 16) + other.substr(16)), nullptr);
  EXPECT_EQ(ring.find(""), nullptr);
  EXPECT_EQ(ring.find(std::string(100'000, 'a')), nullptr);
}

TEST(Keys, PlainKeys) {
  const KeyRing ring({}, {"sk-mine", "", "hearth_looks_like_ours"});
  ASSERT_NE(ring.find("sk-mine"), nullptr);
  EXPECT_EQ(ring.find("sk-mine")->scopes, kAllScopes);
  EXPECT_NE(ring.find("hearth_looks_like_ours"), nullptr);
  EXPECT_EQ(ring.find(""), nullptr);
  EXPECT_EQ(ring.find("sk-min"), nullptr);
  // Ids stand for what requests may share: the same for a key wherever it is listed.
  const KeyRing later({}, {"sk-other", "sk-mine"});
  EXPECT_EQ(later.find("sk-mine")->id, ring.find("sk-mine")->id);
  EXPECT_NE(later.find("sk-other")->id, ring.find("sk-mine")->id);
  EXPECT_TRUE(KeyRing({}, {""}).is_empty());
}

TEST(Keys, NamesAndRevoking) {
  KeyList keys;
  ASSERT_TRUE(add_key(keys, {.name = "a"}).has_value());
  EXPECT_EQ(add_key(keys, {.name = "a"}).error().code, ErrorCode::usage);
  for (const std::string& bad : {std::string(), std::string(101, 'x'), std::string("a\nb")})
    EXPECT_FALSE(add_key(keys, {.name = bad}).has_value());
  ASSERT_TRUE(add_key(keys, {.name = "b"}).has_value());
  EXPECT_TRUE(revoke_key(keys, keys[1].id).has_value());
  EXPECT_TRUE(revoke_key(keys, "a").has_value());
  EXPECT_TRUE(keys.empty());
  EXPECT_EQ(revoke_key(keys, "a").error().code, ErrorCode::not_found);
}

TEST(Keys, MalformedFiles) {
  KeyList keys;
  ASSERT_TRUE(add_key(keys, {.name = "a", .scopes = 7, .requests_per_minute = 5}).has_value());
  const std::string good = to_text(keys);
  ASSERT_TRUE(parse_keys(good).has_value());
  const auto refused_with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    CHECK(at != std::string::npos);
    text.replace(at, from.size(), to);
    const auto parsed = parse_keys(text);
    return !parsed && parsed.error().code == ErrorCode::integrity;
  };
  EXPECT_TRUE(refused_with("\"format\": 1", "\"format\": 2"));
  EXPECT_TRUE(refused_with("\"infer\"", "\"root\""));
  EXPECT_TRUE(refused_with("\"requests_per_minute\": 5", "\"requests_per_minute\": -5"));
  EXPECT_TRUE(refused_with("\"requests_per_minute\": 5", "\"requests_per_minute\": \"5\""));
  EXPECT_TRUE(
      refused_with("\"requests_per_minute\": 5", "\"requests_per_minute\": 18446744073709551615"));
  EXPECT_TRUE(refused_with("\"name\": \"a\"", "\"name\": \"\\u001b\""));
  EXPECT_TRUE(refused_with("\"id\": \"", "\"id\": \"0"));
  EXPECT_TRUE(refused_with("\"salt\": \"", "\"salt\": \"x"));
  for (const char* bad : {"", "[]", "{}", "{\"format\":1}", "{\"format\":1,\"keys\":{}}",
                          "{\"format\":1,\"keys\":[1]}", "{\"format\":1,\"keys\":[{}]}"})
    EXPECT_FALSE(parse_keys(bad).has_value()) << bad;
  KeyList twice = keys;
  twice.push_back(keys[0]);
  EXPECT_FALSE(parse_keys(to_text(twice)).has_value());
}

TEST(Keys, TheFile) {
  const hearth::test::TempDir dir;
  const std::string path = dir.file("keys.json");
  EXPECT_TRUE(read_key_file(path).value().empty());
  const auto add = [&](const std::string& name) {
    return update_key_file(path, [&](KeyList& keys) -> Result<void> {
      TRY(add_key(keys, {.name = name}));
      return {};
    });
  };
  ASSERT_TRUE(add("first").has_value());
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const std::string before = read_file(path, 10'000).value();
  EXPECT_FALSE(add("first").has_value());
  EXPECT_EQ(read_file(path, 10'000).value(), before) << "a failed change wrote something";
  dir.write("keys.json.new", "left by a killed process");
  ASSERT_TRUE(add("second").has_value());
  EXPECT_EQ(read_key_file(path).value().size(), 2u);
  dir.write("keys.json", "damaged");
  EXPECT_FALSE(add("third").has_value()) << "a damaged file would lose its keys";
  EXPECT_EQ(read_file(path, 100).value(), "damaged");
}

TEST(Keys, ChangesAtTheSameTime) {
  const hearth::test::TempDir dir;
  const std::string path = dir.file("keys.json");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&path, i] {
      for (int j = 0; j < 5; ++j)
        EXPECT_TRUE(update_key_file(path, [&](KeyList& keys) -> Result<void> {
                      TRY(add_key(keys, {.name = fmt::format("{}-{}", i, j)}));
                      return {};
                    }).has_value());
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read_key_file(path).value().size(), 20u);
}

TEST(KeyGate, RequestsAMinute) {
  KeyGate gate;
  const KeyEntry key{.id = "00000001", .requests_per_minute = 6};
  const auto start = KeyGate::Clock::now();
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(gate.enter(key, start).has_value());
  const auto refused = gate.enter(key, start + seconds(4));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ApiErrorKind::key_rate);
  EXPECT_EQ(refused.error().retry_after, seconds(6));
  EXPECT_TRUE(gate.enter(key, start + seconds(10)).has_value());
  EXPECT_FALSE(gate.enter(key, start + seconds(11)).has_value());
  // A clock that stands still or goes back gives nothing away.
  EXPECT_FALSE(gate.enter(key, start).has_value());
  const KeyEntry free{.id = "00000002"};
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(gate.enter(free, start).has_value());
}

TEST(KeyGate, RequestsAtATime) {
  KeyGate gate;
  const KeyEntry key{.id = "00000001", .concurrent = 2};
  auto one = gate.enter(key);
  {
    auto two = gate.enter(key);
    ASSERT_TRUE(one && two);
    const auto refused = gate.enter(key);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ApiErrorKind::key_busy);
    gate.keep_only({});
    EXPECT_FALSE(gate.enter(key).has_value()) << "forgotten while it runs";
  }
  EXPECT_TRUE(gate.enter(key).has_value());
  KeyGate::Lease moved = std::move(*one);
  KeyGate::Lease again;
  again = std::move(moved);
  auto second = gate.enter(key);
  EXPECT_TRUE(second.has_value());
  EXPECT_FALSE(gate.enter(key).has_value());
}

}  // namespace
}  // namespace hearth::server
