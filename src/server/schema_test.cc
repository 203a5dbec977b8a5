// SPDX-License-Identifier: Apache-2.0
#include "server/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "server/body.h"

namespace hearth::server {
namespace {

using testing::HasSubstr;

constexpr std::string_view kRoles[] = {"system", "user"};
constexpr Field kExample[] = {
    {.name = "model", .types = kString, .is_required = true, .min_size = 1, .max_size = 10},
    {.name = "temperature", .types = kNumber, .min = 0, .max = 2},
    {.name = "n", .types = kInteger, .min = 1, .max = 8},
    {.name = "seed", .types = kInteger},
    {.name = "min_p", .types = kNumber, .min = 0},
    {.name = "stop", .types = kString | kArray, .max_size = 4},
    {.name = "role", .types = kString, .values = kRoles},
    {.name = "stream", .types = kBoolean},
    {.name = "options", .types = kObject},
    {.name = "user", .kind = FieldKind::harmless},
    {.name = "tools", .kind = FieldKind::refused, .idle_value = "[]", .note = "a later version"},
};

struct Fault {
  std::string param, message;
  ApiErrorKind kind = ApiErrorKind::bad_request;
};

Fault fault_in(std::string_view text, UnknownFields unknown = UnknownFields::refuse,
               std::string_view place = {}) {
  const auto error = check_fields(parse_json(text).value(), kExample, unknown, place);
  if (!error) return {"none", "none"};
  return {error->param, error->message, error->kind};
}

bool is_fine(std::string_view members) {
  return fault_in(R"({"model":"m",)" + std::string(members) + "}").param == "none";
}

std::string bad_param(std::string_view members) {
  return fault_in(R"({"model":"m",)" + std::string(members) + "}").param;
}

TEST(Schema, TakesWhatFits) {
  EXPECT_TRUE(
      is_fine(R"("temperature":0,"n":8,"seed":-1,"stop":"x","role":"user","stream":false)"));
  EXPECT_TRUE(is_fine(R"("temperature":2.0,"n":1.0,"stop":["a","b"],"options":{},"min_p":1e300)"));
  EXPECT_TRUE(is_fine(R"("temperature":null,"n":null,"stop":null,"stream":null,"tools":null)"));
  EXPECT_TRUE(is_fine(R"("seed":18446744073709551615)"));
}

TEST(Schema, NamesWhatDoesNotFit) {
  EXPECT_EQ(bad_param(R"("temperature":"hot")"), "temperature");
  EXPECT_EQ(bad_param(R"("temperature":-0.1)"), "temperature");
  EXPECT_EQ(bad_param(R"("temperature":2.1)"), "temperature");
  EXPECT_EQ(bad_param(R"("n":0)"), "n");
  EXPECT_EQ(bad_param(R"("n":1.5)"), "n");
  EXPECT_EQ(bad_param(R"("n":true)"), "n");
  EXPECT_EQ(bad_param(R"("seed":"1")"), "seed");
  EXPECT_EQ(bad_param(R"("stop":5)"), "stop");
  EXPECT_EQ(bad_param(R"("stop":"12345")"), "stop");
  EXPECT_EQ(bad_param(R"("stop":[1,2,3,4,5])"), "stop");
  EXPECT_EQ(bad_param(R"("role":"narrator")"), "role");
  EXPECT_EQ(bad_param(R"("stream":1)"), "stream");
  EXPECT_EQ(bad_param(R"("options":[])"), "options");
  EXPECT_THAT(fault_in(R"({"model":"m","n":9})").message, HasSubstr("from 1 to 8"));
  EXPECT_THAT(fault_in(R"({"model":"m","min_p":-1})").message, HasSubstr("at least 0"));
  EXPECT_THAT(fault_in(R"({"model":"m","stop":1})").message, HasSubstr("a string or an array"));
  EXPECT_THAT(fault_in(R"({"model":"m","role":"x"})").message, HasSubstr("system, user"));
}

TEST(Schema, WhatMustBeThere) {
  EXPECT_EQ(fault_in("{}").param, "model");
  EXPECT_EQ(fault_in(R"({"model":null})").param, "model");
  EXPECT_EQ(fault_in(R"({"model":""})").param, "model");
  EXPECT_EQ(fault_in(R"({"model":"12345678901"})").param, "model");
}

TEST(Schema, HarmlessRefusedAndUnknown) {
  EXPECT_TRUE(is_fine(R"("user":{"any":["thing"]})"));
  EXPECT_TRUE(is_fine(R"("tools":[])")) << "asks for nothing";
  const Fault refused = fault_in(R"({"model":"m","tools":[1]})");
  EXPECT_EQ(refused.param, "tools");
  EXPECT_EQ(refused.kind, ApiErrorKind::not_supported);
  EXPECT_THAT(refused.message, HasSubstr("a later version"));
  const Fault misspelt = fault_in(R"({"model":"m","temprature":1})");
  EXPECT_EQ(misspelt.param, "temprature");
  EXPECT_THAT(misspelt.message, HasSubstr("'temperature'"));
  EXPECT_EQ(fault_in(R"({"model":"m","zzzzzzzz":1})").message.find("meant"), std::string::npos);
  EXPECT_EQ(fault_in(R"({"model":"m","zzzzzzzz":1})", UnknownFields::ignore).param, "none");
  for (const char c : fault_in("{\"\\u001b[2J\":1}").message) EXPECT_GE(c, 0x20);
}

TEST(Schema, Places) {
  EXPECT_EQ(fault_in(R"({"model":1})", UnknownFields::refuse, "messages[2]").param,
            "messages[2].model");
  EXPECT_EQ(fault_in("[]", UnknownFields::refuse, "messages[2]").param, "messages[2]");
}

HttpRequest with_body(std::string body, std::vector<Header> headers = {}) {
  HttpRequest request;
  request.body = std::move(body);
  request.headers = std::move(headers);
  return request;
}

TEST(Body, OneStrictObject) {
  EXPECT_EQ(read_body(with_body(R"({"a":[1]})")).value()["a"][0], 1);
  EXPECT_TRUE(read_body(with_body("{}", {{"Content-Encoding", "identity"}})).has_value());
  const auto message_of = [](HttpRequest request) {
    const auto read = read_body(request, {.max_depth = 3, .max_values = 10});
    if (read) return std::string("none");
    return read.error().message;
  };
  EXPECT_THAT(message_of(with_body("")), HasSubstr("no body"));
  EXPECT_THAT(message_of(with_body("[1]")), HasSubstr("object"));
  EXPECT_THAT(message_of(with_body("{\"a\":}")), HasSubstr("byte 5"));
  EXPECT_THAT(message_of(with_body("{} {}")), HasSubstr("byte 3"));
  EXPECT_THAT(message_of(with_body("{\"a\":1,\"a\":2}")), HasSubstr("'a' appears twice"));
  EXPECT_THAT(message_of(with_body("{\"a\":[[[1]]]}")), HasSubstr("deeper"));
  EXPECT_THAT(message_of(with_body("{\"a\":[1,2,3,4,5,6,7,8,9,0]}")), HasSubstr("values"));
  EXPECT_THAT(message_of(with_body("{\"a\":\"\xff\"}")), HasSubstr("not JSON"));
  EXPECT_THAT(message_of(with_body("{}", {{"Content-Encoding", "gzip"}})), HasSubstr("gzip"));
}

}  // namespace
}  // namespace hearth::server
