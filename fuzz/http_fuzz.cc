// SPDX-License-Identifier: Apache-2.0
//
// What strangers send to the server: bytes of a connection. The first byte says in pieces of which
// size they come. Requests are parsed one after the other, as a connection does; each is checked,
// routed, and its body read and compared with a schema.
// Beyond not crashing: pieces of any size give the same requests, limits hold, every error is
// well-formed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "server/body.h"
#include "server/exposure.h"
#include "server/front.h"
#include "server/http/request_parser.h"
#include "server/keys.h"
#include "server/schema.h"

namespace hearth::server {
namespace {

constexpr std::string_view kRoles[] = {"system", "user", "assistant"};
constexpr Field kFields[] = {
    {.name = "model", .types = kString, .is_required = true, .max_size = 100},
    {.name = "temperature", .types = kNumber, .min = 0, .max = 2},
    {.name = "n", .types = kInteger, .min = 1, .max = 8},
    {.name = "role", .types = kString, .values = kRoles},
    {.name = "stop", .types = kString | kArray, .max_size = 16},
    {.name = "user", .kind = FieldKind::harmless},
    {.name = "tools", .kind = FieldKind::refused, .idle_value = "[]"},
};

HttpLimits small_limits() {
  HttpLimits limits;
  limits.max_header_bytes = 1024;
  limits.max_headers = 16;
  limits.max_target_bytes = 256;
  limits.max_body_bytes = 4096;
  return limits;
}

void check_error(const ApiError& error) {
  const auto parsed = parse_json(error_json(error));
  CHECK(parsed && (*parsed)["error"]["message"].is_string());
  const std::string head = head_text(to_response(error), {});
  CHECK(head.find("\r\n\r\n") == head.size() - 4);
}

void look_at(const HttpRequest& request) {
  const HttpLimits limits = small_limits();
  CHECK(request.path.starts_with('/') || request.path == "*");
  CHECK(request.path.size() + request.query.size() <= limits.max_target_bytes + 1);
  CHECK(request.headers.size() <= limits.max_headers);
  CHECK(request.body.size() <= limits.max_body_bytes);
  const ExposurePolicy policy{.allowed_origins = {"https://chat.example"}};
  if (const auto error = check_host_and_origin(policy, request)) check_error(*error);
  if (const auto response = preflight_response(policy, request))
    CHECK(head_text(*response, {}).find("\r\n\r\n") == head_text(*response, {}).size() - 4);
  (void)TrustedProxies::parse("127.0.0.0/8,unix")->client_of(request);
  CHECK(KeyRing({}, {"a key"}).find(presented_key(request)) == nullptr ||
        presented_key(request) == "a key");
  static const Router router(
      {{Method::get, "/v1/models/{model*}", Scope::infer, [](Call&) -> Task<void> { co_return; },
        ""},
       {Method::post, "/slots/{id}", Scope::infer, [](Call&) -> Task<void> { co_return; }, ""}});
  (void)router.match(request.method, request.path);

  const auto body = read_body(request, {.max_depth = 8, .max_values = 200});
  if (!body) return check_error(body.error());
  for (const UnknownFields unknown : {UnknownFields::refuse, UnknownFields::ignore})
    if (const auto error = check_fields(*body, kFields, unknown, "messages[0]"))
      check_error(*error);
}

struct Ended {
  std::vector<std::string> bodies;
  int status = 0;                 // of the failure, if there was one
  bool is_inside_header = false;  // the text ended there
};

Ended serve(std::string_view text, std::size_t n_at_once) {
  const HttpLimits limits = small_limits();
  Ended ended;
  std::string inbox;
  while (true) {
    RequestParser parser(limits);
    using State = RequestParser::State;
    while (parser.state() == State::header || parser.state() == State::body) {
      const std::size_t n = inbox.empty() ? 0 : parser.feed(inbox);
      CHECK(n <= inbox.size());
      CHECK(parser.n_body_bytes() <= limits.max_body_bytes);
      inbox.erase(0, n);
      if (parser.state() == State::done || parser.state() == State::failed) break;
      if (n > 0 && !inbox.empty()) continue;
      if (text.empty()) {
        ended.is_inside_header = parser.state() == State::header;
        return ended;
      }
      inbox += text.substr(0, n_at_once);
      text.remove_prefix(std::min(text.size(), n_at_once));
    }
    if (parser.state() == State::failed) {
      ended.status = parser.failure().status;
      check_error({kind_of_status(ended.status), parser.failure().message, "", {}});
      return ended;
    }
    const HttpRequest request = parser.take();
    look_at(request);
    ended.bodies.push_back(request.path + " " + request.body);
  }
}

}  // namespace

void take_connection(std::uint8_t n_at_once, std::string_view text) {
  const Ended whole = serve(text, SIZE_MAX);
  const Ended pieces = serve(text, std::size_t{n_at_once} + 1);
  CHECK(whole.bodies == pieces.bodies);
  // Which of a header's faults is found first, and whether before it is complete, may differ.
  CHECK((whole.status == 0) == (pieces.status == 0) || whole.is_inside_header ||
        pieces.is_inside_header);
}

}  // namespace hearth::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  hearth::server::take_connection(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
