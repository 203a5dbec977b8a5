// SPDX-License-Identifier: Apache-2.0
#include "server/api_error.h"

#include <iterator>

#include "base/check.h"
#include "base/json.h"

namespace hearth::server {
namespace {

using Kind = ApiErrorKind;

constexpr std::string_view kInvalid = "invalid_request_error";
constexpr std::string_view kServer = "server_error";
constexpr std::string_view kLimit = "rate_limit_error";
constexpr std::string_view kUnavailable = "unavailable_error";

constexpr ApiErrorRow kApiErrorRows[] = {
    {Kind::bad_request, 400, kInvalid, "", false, 0},
    {Kind::context_length, 400, kInvalid, "context_length_exceeded", false, 0},
    {Kind::not_supported, 400, kInvalid, "not_supported", false, 0},
    {Kind::no_key, 401, "authentication_error", "invalid_api_key", false, 0},
    {Kind::forbidden, 403, "permission_error", "forbidden", false, 0},
    {Kind::unknown_route, 404, kInvalid, "unknown_route", false, 0},
    {Kind::unknown_model, 404, kInvalid, "model_not_found", false, 0},
    {Kind::wrong_method, 405, kInvalid, "method_not_allowed", false, 0},
    {Kind::timeout, 408, kInvalid, "request_timeout", true, 0},
    {Kind::body_too_large, 413, kInvalid, "body_too_large", false, 0},
    {Kind::target_too_long, 414, kInvalid, "target_too_long", false, 0},
    {Kind::header_too_large, 431, kInvalid, "header_too_large", false, 0},
    {Kind::key_rate, 429, kLimit, "rate_limit_exceeded", true, 1},
    {Kind::key_busy, 429, kLimit, "concurrency_limit_exceeded", true, 1},
    {Kind::queue_full, 429, kLimit, "queue_full", true, 1},
    {Kind::loading, 503, kUnavailable, "model_loading", true, 2},
    {Kind::overloaded, 503, kUnavailable, "overloaded", true, 1},
    {Kind::stopping, 503, kUnavailable, "stopping", true, 5},
    {Kind::worker_lost, 503, kUnavailable, "worker_lost", true, 1},
    {Kind::model_broken, 500, kServer, "model_broken", false, 0},
    {Kind::cancelled, 499, kInvalid, "cancelled", false, 0},
    {Kind::internal, 500, kServer, "internal_error", false, 0},
    {Kind::not_implemented, 501, kInvalid, "not_implemented", false, 0},
    {Kind::version_not_supported, 505, kInvalid, "http_version", false, 0},
};
static_assert(std::size(kApiErrorRows) == kApiErrorKinds);

}  // namespace

const ApiErrorRow& row_of(ApiErrorKind kind) {
  const auto& row = kApiErrorRows[static_cast<std::size_t>(kind)];
  CHECK(row.kind == kind);
  return row;
}

ApiErrorKind kind_of_status(int status) {
  switch (status) {
    case 400:
      return Kind::bad_request;
    case 408:
      return Kind::timeout;
    case 413:
      return Kind::body_too_large;
    case 414:
      return Kind::target_too_long;
    case 431:
      return Kind::header_too_large;
    case 501:
      return Kind::not_implemented;
    case 503:
      return Kind::overloaded;
    case 505:
      return Kind::version_not_supported;
    default:
      return Kind::internal;
  }
}

std::string error_json(const ApiError& error) {
  const ApiErrorRow& row = row_of(error.kind);
  Json body;
  body["message"] = error.message;
  body["type"] = row.type;
  body["param"] = error.param.empty() ? Json() : Json(error.param);
  body["code"] = row.code.empty() ? Json() : Json(row.code);
  Json whole;
  whole["error"] = std::move(body);
  return to_json_text(whole);
}

HttpResponse to_response(const ApiError& error) {
  const ApiErrorRow& row = row_of(error.kind);
  HttpResponse response;
  response.status = row.status;
  response.body = error_json(error);
  const auto wait_s = error.retry_after ? error.retry_after->count() : row.retry_after_s;
  if (wait_s > 0) response.headers.push_back({"Retry-After", std::to_string(wait_s)});
  // Where clients would repeat the request by themselves, they are told whether it helps.
  if (row.status >= 500 || row.status == 408 || row.status == 429)
    response.headers.push_back({"x-should-retry", row.should_retry ? "true" : "false"});
  if (row.status == 401)
    response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"hearth\""});
  return response;
}

}  // namespace hearth::server
