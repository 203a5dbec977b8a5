// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace hearth {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = parse_json(text, limits);
  if (parsed) return "no error";
  EXPECT_EQ(parsed.error().code, ErrorCode::usage);
  return parsed.error().message;
}

TEST(Json, RoundTripKeepsTheOrderOfKeys) {
  const std::string text =
      R"({"z":1,"a":[true,false,null,-2,3.5,"x"],"m":{"y":{},"b":[]},"big":18446744073709551615})";
  EXPECT_EQ(to_json_text(parse_json(text).value()), text);
  EXPECT_EQ(to_json_text(parse_json(" [1 , 2]\n").value()), "[1,2]");
  EXPECT_EQ(to_json_text(parse_json("{\"a\":1}").value(), 2), "{\n  \"a\": 1\n}");
}

TEST(Json, ScalarsAtTheTop) {
  EXPECT_EQ(parse_json("7").value(), 7);
  EXPECT_EQ(parse_json("\"\\u00e9\\ud83d\\udd25\"").value(), "\xC3\xA9\xF0\x9F\x94\xA5");
  EXPECT_TRUE(parse_json("null").value().is_null());
}

TEST(Json, LastOfEqualKeysWinsAndKeepsTheFirstPlace) {
  EXPECT_EQ(to_json_text(parse_json(R"({"a":1,"b":2,"a":{"c":3}})").value()),
            R"({"a":{"c":3},"b":2})");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += fmt::format("\"k{}\":{},", i % 50, i);
  const Json value = parse_json(many + "\"end\":0}").value();
  EXPECT_EQ(value.size(), 51u);
  EXPECT_EQ(value["k0"], 50);
  EXPECT_EQ(value["k49"], 99);
  EXPECT_EQ(value.begin().key(), "k0");
}

TEST(Json, NamesTheByteOfTheFault) {
  EXPECT_THAT(error_of("[1,2,x]"), HasSubstr("at byte 5"));
  EXPECT_THAT(error_of("{\"a\":1} x"), HasSubstr("at byte 8"));
  EXPECT_THAT(error_of("[1,]"), HasSubstr("at byte 3"));
  EXPECT_THAT(error_of("\"a\xFF\""), HasSubstr("at byte 2"));
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"",         " ",
                                      "[",        "{",
                                      "{\"a\"",   "{\"a\":",
                                      "[1",       "nul",
                                      "01",       "1.",
                                      "+1",       "NaN",
                                      "Infinity", "'a'",
                                      "{a:1}",    "[1] [2]",
                                      "// c\n1",  "\"a\nb\"",
                                      "\"\\x\"",  "\"\\ud800\"",
                                      "\"",       "]",
                                      "}",        "1e999",
                                      "\xFF",     "\"\xED\xA0\x80\"",
                                      "[1}",      "{\"a\":1]"})
    EXPECT_NE(error_of(text), "no error") << text;
}

TEST(Json, ErrorsAreSafeToPrint) {
  for (const char c : error_of("[\x1b[2J")) EXPECT_GE(c, 0x20);
}

TEST(Json, LimitsOnBytesAndDepth) {
  EXPECT_THAT(error_of("[1,2]", {.max_bytes = 4}), HasSubstr("larger than the limit of 4"));
  const JsonLimits three{.max_depth = 3};
  EXPECT_TRUE(parse_json(R"([[["[[[["]],{"a":{}}])", three).has_value());
  EXPECT_THAT(error_of("[[[[]]]]", three), HasSubstr("deeper than 3"));
  EXPECT_TRUE(parse_json(R"(["\"[[[[",["\\"]])", three).has_value());
  EXPECT_THAT(error_of(std::string(1'000'000, '[')), HasSubstr("deeper than 128"));
  EXPECT_THAT(error_of(std::string(128, '[')), HasSubstr("too early"));
}

TEST(Json, LimitOnValues) {
  const JsonLimits four{.max_values = 4};
  EXPECT_TRUE(parse_json(R"({"a":[1,2]})", four).has_value());
  EXPECT_THAT(error_of(R"({"a":[1,2,3]})", four), HasSubstr("more than 4 values"));
  EXPECT_THAT(error_of("[[],[],[],{}]", four), HasSubstr("more than 4 values"));
}

TEST(Json, KeysThatAppearTwice) {
  EXPECT_EQ(to_json_text(parse_json(R"({"a":1,"b":2,"a":3})").value()), R"({"a":3,"b":2})");
  const JsonLimits unique{.unique_keys = true};
  EXPECT_THAT(error_of(R"({"a":1,"b":2,"a":3})", unique), HasSubstr("'a' appears twice"));
  EXPECT_THAT(error_of(R"({"x":{"\u0061":1,"a":3}})", unique), HasSubstr("'a' appears twice"));
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":{"a":2}}])", unique).has_value());
}

TEST(Json, ManyKeysTakeLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += fmt::format("\"key {}\":{},", i, i);
  text += "\"end\":0}";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(parse_json(text).value().size(), 100'001u);
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(20));  // scanning: minutes
}

TEST(Json, TextOutNeverThrows) {
  EXPECT_EQ(to_json_text(Json("a\xFF")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(to_json_text(Json("\x1b")), "\"\\u001b\"");
}

}  // namespace
}  // namespace hearth
