// SPDX-License-Identifier: Apache-2.0
#include "serve_listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "base/file.h"
#include "state_folder.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxPlainKeyFile = std::size_t{1} << 20;
constexpr std::uint32_t kMaxBodyMib = 256;  // HttpLimits::max_total_body_bytes

void split_by_commas(const std::string& text, std::vector<std::string>& out) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

std::vector<std::string> all_of(const std::vector<std::string>& lists) {
  std::vector<std::string> all;
  for (const std::string& list : lists) split_by_commas(list, all);
  return all;
}

// Those of `hearth key` that this listener takes.
Result<server::KeyList> named_keys(const ListenerFlags& listener,
                                   std::vector<std::string>& missing) {
  const std::vector<std::string> wanted = all_of(listener.key_names);
  if (wanted.empty() && !listener.takes_all_named_keys) return server::KeyList();
  server::KeyList all = TRY(server::read_key_file(TRY(key_file())));
  if (wanted.empty()) return all;
  server::KeyList chosen;
  for (const std::string& name : wanted) {
    auto found = std::ranges::find(all, name, &server::KeyEntry::name);
    if (found == all.end()) found = std::ranges::find(all, name, &server::KeyEntry::id);
    if (found == all.end())
      missing.push_back(name);
    else
      chosen.push_back(*found);
  }
  return chosen;
}

bool is_to_have_keys(const ListenerFlags& listener) {
  return !listener.takes_all_named_keys || !listener.api_keys.empty() ||
         !listener.api_key_file.empty() || !listener.key_names.empty();
}

}  // namespace

Result<std::string> key_file() {
  const std::string folder = TRY(state_folder());
  return folder + "/keys.json";
}

Result<ListenerKeys> keys_of(const ListenerFlags& listener) {
  ListenerKeys keys;
  server::KeyList named = TRY(named_keys(listener, keys.missing));
  std::vector<std::string> plain = all_of(listener.api_keys);
  if (!listener.api_key_file.empty()) {
    std::string lines = TRY(read_file(listener.api_key_file, kMaxPlainKeyFile));
    std::ranges::replace(lines, '\n', ',');
    std::erase(lines, '\r');
    const std::size_t before = plain.size();
    split_by_commas(lines, plain);
    if (plain.size() == before)
      return fail(ErrorCode::usage, "--api-key-file {}: there is no key in it",
                  printable(listener.api_key_file));
  }
  keys.ring = std::make_shared<const server::KeyRing>(std::move(named), plain);
  return keys;
}

Result<server::ListenerPolicy> policy_of(const ServeConfig& config, std::size_t index,
                                         const ListenerKeys& keys) {
  const ListenerFlags& listener = config.listeners[index];
  server::ListenerPolicy policy;
  policy.exposure = {.needs_key = is_to_have_keys(listener),
                     .allowed_hosts = all_of(listener.allowed_hosts),
                     .allowed_origins = all_of(listener.allowed_origins)};
  policy.keys = keys.ring;
  for (const std::string& name : all_of(listener.allowed_models)) {
    const auto model = std::ranges::find_if(
        config.models, [&](const ModelToServe& one) { return one.is_called(name); });
    if (model == config.models.end())
      return fail(ErrorCode::usage, "--allowed-model {}: no model of that name is served",
                  printable(name, 100));
    policy.models.push_back(model->id);
  }
  const auto proxies = server::TrustedProxies::parse(listener.trusted_proxies);
  if (!proxies) return fail(ErrorCode::usage, "--trust-proxy: {}", proxies.error().message);
  policy.proxies = *proxies;
  policy.max_concurrent = listener.max_concurrent;
  // Those who need no key share what is cached with nobody of another listener.
  if (index > 0) policy.sharing = fmt::format("listener-{}", index);
  return policy;
}

Result<server::ListenerOptions> transport_of(const ListenerFlags& listener) {
  if (listener.max_body_mib == 0 || listener.max_body_mib > kMaxBodyMib)
    return fail(ErrorCode::usage, "--max-body {}: from 1 to {} MiB", listener.max_body_mib,
                kMaxBodyMib);
  if (listener.max_connections == 0)
    return fail(ErrorCode::usage, "--max-connections 0: nobody could connect");
  server::ListenerOptions options;
  server::HttpLimits limits;
  limits.max_connections = listener.max_connections;
  limits.max_body_bytes = std::size_t{listener.max_body_mib} << 20;
  options.limits = limits;
  const bool has_certificate = !listener.certificate_file.empty();
  if (has_certificate != !listener.certificate_key_file.empty())
    return fail(ErrorCode::usage, "{} needs {} beside it",
                has_certificate ? "--ssl-cert-file" : "--ssl-key-file",
                has_certificate ? "--ssl-key-file" : "--ssl-cert-file");
  if (has_certificate)
    options.tls = TRY(server::TlsServer::load(
        {.certificate = listener.certificate_file, .key = listener.certificate_key_file}));
  return options;
}

std::string place_of(const ListenerFlags& listener) {
  if (listener.is_unix_socket()) return "unix:" + printable(listener.host);
  const bool is_v6 = listener.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", printable(listener.host, 100), is_v6 ? "]" : "",
                     listener.port);
}

Result<std::vector<server::Listener>> open_sockets(const ListenerFlags& listener) {
  if (listener.is_unix_socket()) {
    std::vector<server::Listener> one;
    one.push_back(TRY(server::Listener::unix_socket(listener.host)));
    return one;
  }
  if (listener.port > 65535)
    return fail(ErrorCode::usage, "--port {}: ports end at 65535", listener.port);
  return server::Listener::tcp(listener.host, static_cast<std::uint16_t>(listener.port));
}

Result<Listening> open_listeners(const ServeConfig& config) {
  const std::size_t n_listeners = config.listeners.size();
  auto inherited = TRY(server::Listener::inherited());
  if (!inherited.empty() && n_listeners > 1 && inherited.size() != n_listeners)
    return fail(ErrorCode::usage, "{} sockets are handed over for {} listeners", inherited.size(),
                n_listeners);
  Listening all;
  for (std::size_t i = 0; i < n_listeners; ++i) {
    const ListenerFlags& listener = config.listeners[i];
    const ListenerKeys keys = TRY(keys_of(listener));
    if (!keys.missing.empty())
      return fail(ErrorCode::not_found, "--key-name: there is no key '{}'",
                  printable(keys.missing.front(), 100));
    const server::ListenerPolicy policy = TRY(policy_of(config, i, keys));
    const server::ListenerOptions options = TRY(transport_of(listener));
    std::vector<server::Listener> sockets;
    if (inherited.empty()) {
      sockets = TRY(open_sockets(listener));
    } else if (n_listeners == 1) {
      sockets = std::move(inherited);
    } else {
      sockets.push_back(std::move(inherited[i]));
    }
    for (server::Listener& socket : sockets) {
      TRY(server::check_listener(socket, policy.exposure.needs_key || !keys.ring->is_empty(),
                                 listener.no_key_on_purpose));
      all.addresses.push_back(
          socket.is_unix() ? socket.name()
                           : fmt::format("{}://{}", options.tls ? "https" : "http", socket.name()));
      all.sockets.push_back(std::move(socket));
      all.owners.push_back(i);
      all.policies.push_back(policy);
      all.options.push_back(options);
    }
  }
  return all;
}

}  // namespace hearth::app
