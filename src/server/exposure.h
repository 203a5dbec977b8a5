// SPDX-License-Identifier: Apache-2.0
//
// Who may reach the server by which name. A web page that somebody opens may send requests to any
// address his machine can reach, also to 127.0.0.1. Three walls, none of which a program that is
// not a browser ever meets:
//   - Host (DNS rebinding: the page's own name is made to point at us). Without keys the Host must
//     be an IP address, localhost, or listed. With keys any name will do, since a page has none.
//   - Origin: a request that a page sent is refused unless the page came from us or is listed.
//   - CORS: no page may read an answer, unless it is listed.
// And one before anything is listened on: an address that others can reach needs a key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/api_error.h"
#include "server/http/listen.h"
#include "server/http/message.h"
#include "server/ip_address.h"

namespace hearth::server {

struct ExposurePolicy {
  bool needs_key = false;                    // some key is wanted on every route
  std::vector<std::string> allowed_hosts;    // names without ports; "*" is any
  std::vector<std::string> allowed_origins;  // "https://chat.example.org"; "*" is any
};

// usage if the listener can be reached from elsewhere and nothing asks for a key, unless somebody
// said that this is meant. The message says what to do.
Result<void> check_listener(const Listener& listener, bool needs_key, bool open_on_purpose);

// The host of "name:port", "[::1]:port" or "name"; empty if it is none of these.
std::string_view host_without_port(std::string_view host);

// Nothing if the request may be looked at, else why not (forbidden).
std::optional<ApiError> check_host_and_origin(const ExposurePolicy& policy,
                                              const HttpRequest& request);

// What a page that is listed needs to read the answer; empty for all others.
std::vector<Header> cors_headers(const ExposurePolicy& policy, const HttpRequest& request);
// The answer to a preflight (OPTIONS with Access-Control-Request-Method) of a listed page.
std::optional<HttpResponse> preflight_response(const ExposurePolicy& policy,
                                               const HttpRequest& request);

// Whose X-Forwarded-For is believed: "127.0.0.1,10.0.0.0/8,unix".
class TrustedProxies {
 public:
  TrustedProxies() = default;
  static Result<TrustedProxies> parse(std::string_view list);

  // The address that a request came from: the peer, or, if that is trusted, the last address of
  // X-Forwarded-For that is not itself a trusted proxy. For logs and limits alone: it opens
  // nothing.
  std::string client_of(const HttpRequest& request) const;

 private:
  bool trusts(std::string_view address) const;
  std::vector<IpRange> ranges_;
  bool trusts_unix_ = false;
};

}  // namespace hearth::server
