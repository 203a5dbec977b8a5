// SPDX-License-Identifier: Apache-2.0
#include "server/front.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/escape.h"

namespace hearth::server {
namespace {

struct Admission {
  std::optional<ApiError> refusal;
  const KeyEntry* key = nullptr;  // null: none is needed
};

Admission check_key(const ListenerPolicy& policy, const Route& route, const HttpRequest& request) {
  if (route.scope == Scope::open || !policy.exposure.needs_key) return {};
  const std::string_view presented = presented_key(request);
  const KeyEntry* const key = policy.keys ? policy.keys->find(presented) : nullptr;
  if (key == nullptr)
    return {.refusal =
                ApiError{ApiErrorKind::no_key,
                         presented.empty() ? "an API key is needed: Authorization: Bearer KEY"
                                           : "this API key is not known here",
                         "",
                         {}}};
  if ((key->scopes & static_cast<unsigned>(route.scope)) == 0)
    return {.refusal =
                ApiError{ApiErrorKind::forbidden,
                         "this API key has no scope '" + std::string(name_of(route.scope)) + "'",
                         "",
                         {}}};
  return {.key = key};
}

// Counts a request of a listener as long as it runs.
class Place {
 public:
  explicit Place(std::atomic<std::size_t>& n_running)
      : n_running_(n_running), n_before_(n_running.fetch_add(1)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { n_running_.fetch_sub(1); }

  bool is_beyond(std::size_t most) const { return most > 0 && n_before_ >= most; }

 private:
  std::atomic<std::size_t>& n_running_;
  const std::size_t n_before_;
};

bool asks_for_keys(const ListenerPolicy& policy) {
  return policy.exposure.needs_key || (policy.keys && !policy.keys->is_empty());
}

}  // namespace

std::string_view presented_key(const HttpRequest& request) {
  if (const std::string* authorization = request.header("Authorization")) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view text = *authorization;
    if (text.size() <= kBearer.size() || !same_token(text.substr(0, kBearer.size()), kBearer))
      return {};
    const std::size_t first = text.find_first_not_of(' ', kBearer.size());
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
  }
  const std::string* key = request.header("X-Api-Key");
  return key == nullptr ? std::string_view() : std::string_view(*key);
}

Front::Front(Router router, std::vector<ListenerPolicy> policies)
    : router_(std::move(router)), n_running_(policies.size()) {
  for (ListenerPolicy& policy : policies) {
    policy.exposure.needs_key = asks_for_keys(policy);
    policies_.push_back(std::make_shared<const ListenerPolicy>(std::move(policy)));
  }
}

HttpApp Front::app(std::function<void(const RequestRecord&)> on_done) {
  return {.check_head = [this](const HttpRequest& request) { return check_head(request); },
          .handle = [this](HttpRequest& request,
                           ResponseWriter& writer) { return handle(request, writer); },
          .on_done = std::move(on_done),
          .client_of =
              [this](const HttpRequest& request) {
                return policy_of(request.listener)->proxies.client_of(request);
              }};
}

void Front::replace(std::size_t listener, ListenerPolicy policy) {
  const std::lock_guard lock(mutex_);
  CHECK(listener < policies_.size());
  policy.exposure.needs_key = asks_for_keys(policy) || policies_[listener]->exposure.needs_key;
  policies_[listener] = std::make_shared<const ListenerPolicy>(std::move(policy));
  std::vector<std::shared_ptr<const KeyRing>> rings;
  for (const SharedPolicy& one : policies_) rings.push_back(one->keys);
  gate_.keep_only(rings);
}

Front::SharedPolicy Front::policy_of(std::size_t listener) const {
  const std::lock_guard lock(mutex_);
  CHECK(listener < policies_.size());
  return policies_[listener];
}

std::optional<HttpResponse> Front::check_head(const HttpRequest& request) const {
  const SharedPolicy shared = policy_of(request.listener);
  const ListenerPolicy& policy = *shared;
  const auto refused = [&](const ApiError& error) {
    HttpResponse response = to_response(error);
    std::ranges::move(cors_headers(policy.exposure, request), std::back_inserter(response.headers));
    return response;
  };
  if (const auto error = check_host_and_origin(policy.exposure, request)) return refused(*error);
  if (auto preflight = preflight_response(policy.exposure, request)) return preflight;
  const Router::Match match = router_.match(request.method, request.path);
  if (match.route == nullptr && match.allowed.empty())
    return refused(
        {ApiErrorKind::unknown_route, "there is no route " + printable(request.path, 200), "", {}});
  if (match.route == nullptr) {
    HttpResponse response =
        refused({ApiErrorKind::wrong_method,
                 printable(request.path, 200) + " takes " + allow_text(match.allowed),
                 "",
                 {}});
    response.headers.push_back({"Allow", allow_text(match.allowed)});
    return response;
  }
  if (const auto admission = check_key(policy, *match.route, request); admission.refusal)
    return refused(*admission.refusal);
  return std::nullopt;
}

Task<void> Front::handle(HttpRequest& request, ResponseWriter& writer) {
  // All was checked with the header, but keys may have been replaced while the body came.
  const SharedPolicy shared = policy_of(request.listener);
  const ListenerPolicy& policy = *shared;
  for (Header& header : cors_headers(policy.exposure, request))
    writer.add_header(std::move(header));
  Router::Match match = router_.match(request.method, request.path);
  CHECK(match.route != nullptr);
  const Admission admission = check_key(policy, *match.route, request);
  if (admission.refusal) {
    writer.send(to_response(*admission.refusal));
    co_return;
  }
  Call call{.request = request,
            .writer = writer,
            .params = std::move(match.params),
            .key_id = policy.sharing,
            .models = policy.models};
  std::optional<Place> place;
  if (match.route->scope != Scope::open) {
    place.emplace(n_running_[request.listener]);
    if (place->is_beyond(policy.max_concurrent)) {
      writer.send(to_response(
          {ApiErrorKind::queue_full,
           "this address answers " + std::to_string(policy.max_concurrent) + " requests at a time",
           "",
           {}}));
      co_return;
    }
  }
  KeyGate::Lease lease;
  if (admission.key != nullptr) {
    auto entered = gate_.enter(*admission.key);
    if (!entered) {
      writer.send(to_response(entered.error()));
      co_return;
    }
    lease = std::move(*entered);
    call.key_id = admission.key->id;
  }
  co_await match.route->handler(call);
}

}  // namespace hearth::server
