// SPDX-License-Identifier: Apache-2.0
#include "server/exposure.h"

#include <algorithm>
#include <utility>

#include "base/escape.h"

namespace hearth::server {
namespace {

constexpr std::size_t kMaxRequestedHeaders = 2048;

bool is_listed(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::any_of(
      list, [&](const std::string& one) { return one == "*" || same_token(one, value); });
}

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool host_is_safe(const ExposurePolicy& policy, std::string_view host) {
  if (policy.needs_key) return true;
  std::string_view name = host_without_port(host);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return false;
  if (parse_ip(name) || same_token(name, "localhost")) return true;
  constexpr std::string_view kBelow = ".localhost";  // RFC 6761, 6.3
  if (name.size() > kBelow.size() && same_token(name.substr(name.size() - kBelow.size()), kBelow))
    return true;
  return is_listed(policy.allowed_hosts, name);
}

// "http://host:port" of the very host that the request names.
bool is_own_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return same_token(origin.substr(scheme.size()), host);
  return false;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.size(), text.find_first_not_of(" \t"));
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Header names and commas: what may be echoed in Access-Control-Allow-Headers.
bool is_list_of_names(std::string_view text) {
  return text.size() <= kMaxRequestedHeaders && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

Result<void> check_listener(const Listener& listener, bool needs_key, bool open_on_purpose) {
  if (listener.is_loopback() || needs_key || open_on_purpose) return {};
  return fail(
      ErrorCode::usage,
      "{} can be reached from other machines, and no API key is set: whoever reaches it could "
      "use the models. Make a key (hearth key add NAME), listen on 127.0.0.1, or say --no-key",
      listener.name());
}

std::string_view host_without_port(std::string_view host) {
  std::string_view name = host;
  std::string_view behind;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return {};
    name = host.substr(0, close + 1);
    behind = host.substr(close + 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    behind = host.substr(colon);
  }
  if (!behind.empty() && (behind[0] != ':' || !is_digits(behind.substr(1)))) return {};
  return name;
}

std::optional<ApiError> check_host_and_origin(const ExposurePolicy& policy,
                                              const HttpRequest& request) {
  // No browser reaches a Unix socket, and its clients put anything into Host.
  const bool from_browser_world = request.peer != "unix";
  if (from_browser_world && !(request.is_http_1_0 && request.host.empty()) &&
      !host_is_safe(policy, request.host))
    return ApiError{ApiErrorKind::forbidden,
                    "this server does not answer to the name '" + printable(request.host, 100) +
                        "' (against DNS rebinding); allow it, or use an address",
                    "",
                    {}};
  if (const std::string* origin = request.header("Origin")) {
    if (!is_own_origin(*origin, request.host) && !is_listed(policy.allowed_origins, *origin))
      return ApiError{ApiErrorKind::forbidden,
                      "pages of '" + printable(*origin, 100) + "' may not use this server",
                      "",
                      {}};
  }
  return std::nullopt;
}

std::vector<Header> cors_headers(const ExposurePolicy& policy, const HttpRequest& request) {
  if (policy.allowed_origins.empty()) return {};
  const std::string* origin = request.header("Origin");
  if (origin == nullptr || !is_listed(policy.allowed_origins, *origin)) return {{"Vary", "Origin"}};
  return {{"Vary", "Origin"},
          {"Access-Control-Allow-Origin", *origin},
          {"Access-Control-Expose-Headers", "x-request-id, retry-after, x-should-retry"}};
}

std::optional<HttpResponse> preflight_response(const ExposurePolicy& policy,
                                               const HttpRequest& request) {
  const std::string* origin = request.header("Origin");
  if (request.method != Method::options || origin == nullptr ||
      request.header("Access-Control-Request-Method") == nullptr ||
      !is_listed(policy.allowed_origins, *origin))
    return std::nullopt;
  HttpResponse response;
  response.status = 204;
  response.content_type.clear();
  response.headers = cors_headers(policy, request);
  response.headers.push_back({"Access-Control-Allow-Methods", "GET, POST, DELETE"});
  const std::string* names = request.header("Access-Control-Request-Headers");
  response.headers.push_back(
      {"Access-Control-Allow-Headers", names != nullptr && is_list_of_names(*names)
                                           ? *names
                                           : "authorization, content-type, x-api-key"});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
  return response;
}

Result<TrustedProxies> TrustedProxies::parse(std::string_view list) {
  TrustedProxies proxies;
  while (!list.empty()) {
    const std::size_t end = std::min(list.size(), list.find(','));
    const std::string_view one = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(list.size(), end + 1));
    if (one == "unix") {
      proxies.trusts_unix_ = true;
    } else if (const auto range = parse_ip_range(one)) {
      proxies.ranges_.push_back(*range);
    } else {
      return fail(ErrorCode::usage, "'{}' is no address, range of addresses, or 'unix'",
                  printable(one, 100));
    }
  }
  return proxies;
}

bool TrustedProxies::trusts(std::string_view address) const {
  if (address == "unix") return trusts_unix_;
  const auto parsed = parse_ip(address);
  return parsed && std::ranges::any_of(
                       ranges_, [&](const IpRange& range) { return range.contains(*parsed); });
}

std::string TrustedProxies::client_of(const HttpRequest& request) const {
  std::string client = request.peer;
  std::string chain;
  for (const Header& field : request.headers)
    if (same_token(field.name, "X-Forwarded-For"))
      chain += (chain.empty() ? "" : ",") + field.value;
  std::string_view rest = chain;
  // Each proxy appends whom it was called by, so only the right end is anyone's word we trust.
  while (trusts(client) && !rest.empty()) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view last =
        trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    if (!parse_ip(last)) break;
    client = std::string(last);
  }
  return client;
}

}  // namespace hearth::server
