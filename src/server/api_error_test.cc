// SPDX-License-Identifier: Apache-2.0
#include "server/api_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "server/models.h"

namespace hearth::server {
namespace {

std::string value_of(const HttpResponse& response, std::string_view name) {
  for (const Header& header : response.headers)
    if (same_token(header.name, name)) return header.value;
  return "";
}

TEST(ApiErrors, TheTableIsComplete) {
  for (int i = 0; i < kApiErrorKinds; ++i) {
    const ApiErrorRow& row = row_of(static_cast<ApiErrorKind>(i));
    EXPECT_GE(row.status, 400);
    EXPECT_LT(row.status, 600);
    EXPECT_NE(reason_of(row.status), "Unknown") << row.status;
    EXPECT_FALSE(row.type.empty());
    // What clients repeat by themselves has a time to wait, but for 408, where nothing is busy.
    EXPECT_EQ(row.retry_after_s > 0, row.should_retry && row.status != 408) << row.code;
  }
}

TEST(ApiErrors, TheBodyIsOpenAi) {
  const ApiError error{ApiErrorKind::context_length, "9 tokens, 8 fit \"here\"", "messages", {}};
  EXPECT_EQ(error_json(error),
            R"({"error":{"message":"9 tokens, 8 fit \"here\"","type":"invalid_request_error",)"
            R"("param":"messages","code":"context_length_exceeded"}})");
  const Json body = parse_json(error_json({ApiErrorKind::bad_request, "no", "", {}})).value();
  EXPECT_TRUE(body["error"]["param"].is_null());
  EXPECT_TRUE(body["error"]["code"].is_null());
}

TEST(ApiErrors, WhatClientsMayRepeat) {
  const HttpResponse busy = to_response({ApiErrorKind::queue_full, "later", "", {}});
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(value_of(busy, "Retry-After"), "1");
  EXPECT_EQ(value_of(busy, "x-should-retry"), "true");
  const HttpResponse known =
      to_response({ApiErrorKind::key_rate, "later", "", std::chrono::seconds(17)});
  EXPECT_EQ(value_of(known, "Retry-After"), "17");
  const HttpResponse loading = to_response({ApiErrorKind::loading, "soon", "", {}});
  EXPECT_EQ(loading.status, 503);
  EXPECT_EQ(value_of(loading, "x-should-retry"), "true");
  // A failure that would come again is not computed again.
  EXPECT_EQ(value_of(to_response({ApiErrorKind::internal, "", "", {}}), "x-should-retry"), "false");
  EXPECT_EQ(value_of(to_response({ApiErrorKind::bad_request, "", "", {}}), "x-should-retry"), "");
  EXPECT_EQ(value_of(to_response({ApiErrorKind::no_key, "", "", {}}), "WWW-Authenticate"),
            "Bearer realm=\"hearth\"");
}

TEST(ApiErrors, WhatAWorkerRefusesOrLoses) {
  const auto row = [](ErrorCode code) { return row_of(api_error_of(Error{code, "m"}).kind); };
  EXPECT_EQ(row(ErrorCode::usage).status, 400);
  EXPECT_EQ(row(ErrorCode::does_not_fit).code, "context_length_exceeded");
  EXPECT_EQ(row(ErrorCode::unsupported).status, 400);
  EXPECT_EQ(row(ErrorCode::io).code, "worker_lost");
  EXPECT_EQ(row(ErrorCode::io).status, 503);
  EXPECT_EQ(row(ErrorCode::cancelled).code, "stopping");
  EXPECT_EQ(row(ErrorCode::failed).status, 500);
  EXPECT_EQ(row(ErrorCode::integrity).status, 500);
  const ApiError error = api_error_of(wire::Failed{1, ErrorCode::usage, "say this", "top_k"});
  EXPECT_EQ(error.message, "say this");
  EXPECT_EQ(error.param, "top_k");
}

TEST(ApiErrors, StatusesOfTheHttpLayer) {
  for (const int status : {400, 408, 413, 414, 431, 501, 503, 505})
    EXPECT_EQ(row_of(kind_of_status(status)).status, status);
  EXPECT_EQ(row_of(kind_of_status(299)).status, 500);
}

}  // namespace
}  // namespace hearth::server
