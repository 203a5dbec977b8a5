// SPDX-License-Identifier: Apache-2.0
//
// One HTTP GET at a time through libcurl, from servers that are not trusted: headers, redirects,
// silence and bodies are bounded. Proxies come from the environment, as libcurl reads it
// (https_proxy, no_proxy, ...).
//
// The token goes to the origin (scheme, host and port) of the request's address and to no other,
// wherever redirects lead; a redirect from https to http is refused.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::fetch {

struct ByteRange {
  std::uint64_t first = 0, last = 0;  // both inside, as in RFC 9110
};

struct HttpRequest {
  std::string url;
  std::string token;  // sent as "Authorization: Bearer"; empty: none
  std::optional<ByteRange> range;
};

struct HttpReply {
  int status = 0;
  // Lower-case names, of the last hop; besides those, the "x-" headers of earlier hops on the
  // request's own origin. The hub announces hash and size beside its redirect.
  std::map<std::string, std::string, std::less<>> headers;

  std::string_view header(std::string_view name) const;  // empty if it was not sent
};

struct HttpFailure {
  Error error;
  bool transient = false;  // the same request may succeed later
  std::chrono::milliseconds retry_after{0};
};

template <class T>
using HttpResult = std::expected<T, HttpFailure>;

// Takes the body of a 2xx reply piece by piece; an error ends the transfer and comes back from
// get() as a failure that is not transient.
using BodySink = std::function<Result<void>(const HttpReply&, std::span<const std::byte>)>;

// One connection, kept open between requests. One thread at a time.
class HttpClient {
 public:
  explicit HttpClient(std::chrono::seconds stall = std::chrono::seconds(60));
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // not_found for 404 and 410; failed for everything else that the server or the network refuses;
  // cancelled when the token asks. Transient: 408, 429, 5xx, a lost connection, a short body,
  // nothing received for the stall time.
  HttpResult<HttpReply> get(const HttpRequest& request, const BodySink& sink,
                            const std::stop_token& stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether two addresses have the same scheme, host and port.
bool same_origin(std::string_view a, std::string_view b);

// An address for messages: without its query, which may hold a signature as good as a password.
std::string shown_url(std::string_view url);

// How often and how patiently a transient failure is met.
struct RetryPolicy {
  int tries = 6;
  std::chrono::milliseconds first_wait{500};  // doubled each time
  std::chrono::milliseconds longest_wait{30'000};
};

// Waits before try number `failures` + 1; at least what the server asked for, at most the longest
// wait. False if no further try is due or the stop token asks to end.
bool wait_for_retry(const RetryPolicy& policy, int failures, const HttpFailure& failure,
                    const std::stop_token& stop);

// The whole body of a small reply, retried; does_not_fit above max_bytes.
Result<std::string> get_text(HttpClient& client, const HttpRequest& request, std::size_t max_bytes,
                             const RetryPolicy& policy, const std::stop_token& stop);

}  // namespace hearth::fetch
