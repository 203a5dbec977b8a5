// SPDX-License-Identifier: Apache-2.0
#include "store/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hearth::store {
namespace {

using testing::HasSubstr;

Manifest sample() {
  return {.name = "tiny:q4",
          .files = {{.sha256 = std::string(64, 'a'), .bytes = 5, .name = "t-00001-of-00002.gguf"},
                    {.sha256 = std::string(64, 'b'), .bytes = 7, .name = "t-00002-of-00002.gguf"}},
          .source = "a \"quoted\" place",
          .licence = "MIT",
          .created = "2026-01-02T03:04:05Z"};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(Manifest, RoundTrip) {
  const Manifest read = parse_manifest(to_text(sample()), "tiny:q4").value();
  EXPECT_EQ(read.files, sample().files);
  EXPECT_EQ(read.source, sample().source);
  EXPECT_EQ(read.licence, "MIT");
  EXPECT_EQ(read.created, sample().created);
  EXPECT_EQ(read.total_bytes(), 12u);
}

TEST(Manifest, RefusesWhatIsNotOne) {
  const std::string good = to_text(sample());
  const std::string a_hash(64, 'a');
  const struct {
    std::string text;
    std::string reason;
  } cases[] = {
      {"", "not JSON"},
      {"[]", "not an object"},
      {good.substr(0, good.size() / 2), "not JSON"},
      {replaced(good, "\"version\": 1", "\"version\": 3"), "another version"},
      {replaced(good, "tiny:q4", "other"), "names the model 'other'"},
      {replaced(good, a_hash, "../../../etc/passwd"), "not a hash"},
      {replaced(good, a_hash, std::string(64, 'A')), "not a hash"},
      {replaced(good, "\"bytes\": 5", "\"bytes\": -5"), "not a count"},
      {replaced(good, "\"bytes\": 5", "\"bytes\": \"5\""), "not a count"},
      {replaced(good, "\"bytes\": 5", "\"bytes\": 18446744073709551615"), "overflow"},
      {replaced(good, "\"source\"", "\"sauce\""), "\"source\" is missing"},
      {replaced(good, "\"files\"", "\"fails\""), "lists no files"},
      {R"({"version":1,"name":"tiny:q4","source":"","licence":"","created":"","files":[]})",
       "lists no files"},
      {R"({"version":1,"name":"tiny:q4","source":"","licence":"","created":"","files":[3]})",
       "not an object"},
      {std::string(2 << 20, ' '), "larger than"},
  };
  for (const auto& one : cases) {
    const auto parsed = parse_manifest(one.text, "tiny:q4");
    ASSERT_FALSE(parsed.has_value()) << one.reason;
    EXPECT_EQ(parsed.error().code, ErrorCode::integrity);
    EXPECT_THAT(parsed.error().message, HasSubstr(one.reason));
  }
}

}  // namespace
}  // namespace hearth::store
