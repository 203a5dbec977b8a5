// SPDX-License-Identifier: Apache-2.0
//
// Which path and method is answered by what: a table that can be listed, so that a test holds the
// documentation to it. Paths are plain, or have segments in braces: "/v1/models/{model}" takes one
// segment, "/v1/models/{model*}" at the end all that is left (names of models contain slashes).
// What is taken is handed over with percent signs decoded. The first row that fits wins.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/message.h"
#include "server/http/task.h"
#include "server/http/writer.h"

namespace hearth::server {

// What a key must be allowed to do. Bits, since a key has several.
enum class Scope : std::uint8_t {
  open = 0,          // anybody, also without a key: /health alone
  infer = 1 << 0,    // ask models
  observe = 1 << 1,  // look at metrics, properties and slots
  manage = 1 << 2,   // load and unload models
};
inline constexpr unsigned kAllScopes = 7;
std::string_view name_of(Scope scope);

// What a handler gets. References live until its task has ended.
struct Call {
  HttpRequest& request;
  ResponseWriter& writer;
  std::vector<std::pair<std::string_view, std::string>> params = {};  // by the names in braces
  // Who asks: requests of one id share the machine's time as one, and what is cached. Empty where
  // no key is needed; the id of a key otherwise, with the listener's number where it is known to
  // that alone.
  std::string key_id = {};
  // The ids of the models that may be asked by this way; empty: all. See Models.
  std::span<const std::string> models = {};

  // The value of a segment in braces; empty if there is no such.
  std::string_view param(std::string_view name) const;
};

struct Route {
  Method method = Method::get;
  std::string_view path;
  Scope scope = Scope::infer;
  std::function<Task<void>(Call&)> handler;
  std::string_view summary;  // one line for docs/api.md
};

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  // null: nothing fits
    std::vector<std::pair<std::string_view, std::string>> params;
    std::vector<Method> allowed;  // if the path exists with other methods
  };
  // A path of a target. HEAD is answered by what answers GET.
  Match match(Method method, std::string_view path) const;

  std::span<const Route> routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

// "GET, HEAD, POST": the value of Allow.
std::string allow_text(std::span<const Method> methods);

// %XX decoded; a percent sign without two hex digits stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace hearth::server
