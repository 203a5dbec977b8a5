// SPDX-License-Identifier: Apache-2.0
//
// What stands between the sockets and the routes: every request passes Host and Origin, then the
// router, then its key, before its body is read; then the key's limits, before its handler runs.
// The order is the same for all routes, and only those of Scope::open go without a key.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/exposure.h"
#include "server/http/server.h"
#include "server/key_gate.h"
#include "server/keys.h"
#include "server/router.h"

namespace hearth::server {

// What holds for the requests of one listener.
struct ListenerPolicy {
  ExposurePolicy exposure;
  std::shared_ptr<const KeyRing> keys;   // empty or null: no key is asked for
  std::vector<std::string> models = {};  // ids of those that may be asked; empty: all
  TrustedProxies proxies = {};
  std::size_t max_concurrent = 0;  // requests at a time, but for those of Scope::open; 0: unbounded
  std::string sharing = {};        // Call::key_id of requests that need no key
};

class Front {
 public:
  // policies[i] is that of listener i. A listener whose ring has keys needs one of them;
  // exposure.needs_key says that it does even without any (then nobody gets in).
  Front(Router router, std::vector<ListenerPolicy> policies);

  // The application for an HttpServer. The front must outlive the server.
  HttpApp app(std::function<void(const RequestRecord&)> on_done = {});

  // Another policy from now on (SIGHUP); requests that run go on. A listener that asked for keys
  // asks for them ever after, also if the new ring is empty: revoking the last key opens nothing.
  void replace(std::size_t listener, ListenerPolicy policy);

  const Router& router() const { return router_; }

 private:
  using SharedPolicy = std::shared_ptr<const ListenerPolicy>;
  SharedPolicy policy_of(std::size_t listener) const;
  std::optional<HttpResponse> check_head(const HttpRequest& request) const;
  Task<void> handle(HttpRequest& request, ResponseWriter& writer);

  Router router_;
  mutable std::mutex mutex_;  // for policies_
  std::vector<SharedPolicy> policies_;
  std::deque<std::atomic<std::size_t>> n_running_;  // of each listener
  KeyGate gate_;
};

// The key that a request presents: "Authorization: Bearer KEY", or X-Api-Key. Empty: none.
std::string_view presented_key(const HttpRequest& request);

}  // namespace hearth::server
