// SPDX-License-Identifier: Apache-2.0
//
// JSON bodies of requests, read strictly: one object, bounded in depth and in the number of values,
// no key twice (whoever checks a request before us, and we, must see the same one).
//
// The Content-Type is not looked at, since much that is sent with curl says that it is a form; what
// a page in a browser could abuse that for is stopped by the check of Origin.
#pragma once

#include <expected>

#include "base/json_fwd.h"
#include "server/api_error.h"
#include "server/http/message.h"

namespace hearth::server {

struct BodyLimits {
  int max_depth = 64;
  std::size_t max_values = 1'000'000;
};

// bad_request (saying where), or not_supported for a compressed body.
std::expected<Json, ApiError> read_body(const HttpRequest& request, const BodyLimits& limits = {});

}  // namespace hearth::server
