// SPDX-License-Identifier: Apache-2.0
//
// What an API client is told when something goes wrong: one table from kinds of errors to statuses
// and to the words of OpenAI's body, {"error": {"message", "type", "param", "code"}}.
//
// Official clients repeat a request after 408, 409, 429 and every 5xx, unless x-should-retry says
// otherwise (openai-python, _base_client.py). So each kind says whether trying again can help:
// what would fail the same way again is never repeated at the cost of a whole prompt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/message.h"

namespace hearth::server {

enum class ApiErrorKind : std::uint8_t {
  bad_request,            // malformed, or a parameter is wrong: named in param
  context_length,         // the prompt does not fit the model's context
  not_supported,          // a field or a route that a later version may bring
  no_key,                 // no API key, or one that is not known
  forbidden,              // the key may not do this, or the page may not (Host, Origin)
  unknown_route,          // no such path
  unknown_model,          // no such model
  wrong_method,           // the path exists, with other methods
  timeout,                // the request took too long to arrive
  body_too_large,         // above max_body_bytes
  target_too_long,        // the path and query
  header_too_large,       // above max_header_bytes or max_headers
  key_rate,               // the key's requests for a minute are used up
  key_busy,               // as many of the key's requests run as may
  queue_full,             // the server's waiting room is full
  loading,                // the model is not ready yet
  overloaded,             // too many connections or bytes in flight
  stopping,               // the server is going down
  worker_lost,            // the model's process ended under the request
  model_broken,           // the model's file cannot be used
  cancelled,              // somebody asked to stop; seen in logs alone
  internal,               // ours
  not_implemented,        // of HTTP
  version_not_supported,  // of HTTP
};
inline constexpr int kApiErrorKinds = 24;

struct ApiError {
  ApiErrorKind kind = ApiErrorKind::internal;
  std::string message;  // a sentence for a person
  std::string param;    // the field at fault, "messages[2].role"; empty: none
  std::optional<std::chrono::seconds> retry_after;  // empty: what the table says
};

// A row of the table.
struct ApiErrorRow {
  ApiErrorKind kind;
  int status;
  std::string_view type;
  std::string_view code;  // empty: null
  bool should_retry;
  int retry_after_s;  // 0: no Retry-After
};
const ApiErrorRow& row_of(ApiErrorKind kind);

// The kind that stands for a status of the HTTP layer (400, 408, 413, 414, 431, 501, 503, 505).
ApiErrorKind kind_of_status(int status);

// {"error": {...}} in one line, for bodies and for events of a stream.
std::string error_json(const ApiError& error);

// With Retry-After and x-should-retry where they belong, and WWW-Authenticate with 401.
HttpResponse to_response(const ApiError& error);

}  // namespace hearth::server
