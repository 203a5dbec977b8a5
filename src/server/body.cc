// SPDX-License-Identifier: Apache-2.0
#include "server/body.h"

#include "base/escape.h"
#include "base/json.h"

namespace hearth::server {

std::expected<Json, ApiError> read_body(const HttpRequest& request, const BodyLimits& limits) {
  const std::string* encoding = request.header("Content-Encoding");
  if (encoding != nullptr && !same_token(*encoding, "identity"))
    return std::unexpected(ApiError{
        ApiErrorKind::not_supported,
        "Content-Encoding '" + printable(*encoding, 40) + "' is not taken; send the plain text",
        "",
        {}});
  if (request.body.empty())
    return std::unexpected(ApiError{
        ApiErrorKind::bad_request, "the request has no body; a JSON object is needed", "", {}});
  auto value = parse_json(request.body, {.max_bytes = request.body.size(),
                                         .max_depth = limits.max_depth,
                                         .max_values = limits.max_values,
                                         .unique_keys = true});
  if (!value)
    return std::unexpected(
        ApiError{ApiErrorKind::bad_request, "the body: " + value.error().message, "", {}});
  if (!value->is_object())
    return std::unexpected(
        ApiError{ApiErrorKind::bad_request, "the body must be a JSON object", "", {}});
  return std::move(*value);
}

}  // namespace hearth::server
