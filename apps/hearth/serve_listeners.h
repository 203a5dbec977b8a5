// SPDX-License-Identifier: Apache-2.0
//
// From what was said of listeners to sockets, and to what the front holds for each: keys, models,
// limits, TLS. One listener may have several sockets, since a name may have several addresses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve_config.h"
#include "server/front.h"

namespace hearth::app {

// The keys that a listener takes now. `missing` are names that were asked for and are no key.
struct ListenerKeys {
  std::shared_ptr<const server::KeyRing> ring;
  std::vector<std::string> missing;
};
Result<ListenerKeys> keys_of(const ListenerFlags& listener);

// What holds for requests of the index-th listener of the configuration. A listener that is to have
// keys asks for one also when none is left. usage for a model that is not served.
Result<server::ListenerPolicy> policy_of(const ServeConfig& config, std::size_t index,
                                         const ListenerKeys& keys);

// Its limits and its TLS. usage, not_found or io for what is wrong with the certificate.
Result<server::ListenerOptions> transport_of(const ListenerFlags& listener);

// Where it listens, as a person would say it: "127.0.0.1:8080".
std::string place_of(const ListenerFlags& listener);
Result<std::vector<server::Listener>> open_sockets(const ListenerFlags& listener);

// All of a configuration. The vectors are of one size: an entry for each socket.
struct Listening {
  std::vector<server::Listener> sockets;
  std::vector<std::size_t> owners;  // whose socket it is: an index of ServeConfig::listeners
  std::vector<server::ListenerPolicy> policies;
  std::vector<server::ListenerOptions> options;
  std::vector<std::string> addresses;  // "https://127.0.0.1:8080"
};
// Sockets that systemd hands over stand for --host and --port: all for the only listener there is,
// or one for each.
Result<Listening> open_listeners(const ServeConfig& config);

// Where `hearth key` keeps its keys.
Result<std::string> key_file();

}  // namespace hearth::app
