// SPDX-License-Identifier: Apache-2.0
#include "serve_options.h"

#include <fmt/ranges.h>

#include <utility>

#include "base/escape.h"

namespace hearth::app {
namespace {

constexpr std::pair<std::string_view, wire::Pooling> kPoolings[] = {
    {"mean", wire::Pooling::mean}, {"cls", wire::Pooling::cls}, {"last", wire::Pooling::last}};

std::vector<std::string> pooling_names() {
  std::vector<std::string> names;
  for (const auto& [name, pooling] : kPoolings) names.emplace_back(name);
  return names;
}

}  // namespace

void ModelFlags::declare(Flags& flags) {
  flags.add("-a,--alias", aliases, "a name that clients may use for the model; may be repeated")
      .value("NAME")
      .variable("ALIAS");
  flags
      .add("-np,--parallel", n_parallel,
           "requests that are computed at once, each with the whole context (default 4)")
      .variable("N_PARALLEL");
  flags.add("--max-queue", max_queue,
            "requests that may be answered and wait together; more get a 429 (default 512)");
  flags
      .add("-cram,--cache-ram", cache_ram_mib,
           "what the prefix cache may hold of the KV cache, in MiB (default -1: all that requests "
           "leave free; 0: nothing)")
      .value("MIB")
      .variable("CACHE_RAM");
  flags
      .add("--no-cache-prompt", caches_no_prompts,
           "no prompt uses the prefix cache, unless its request says \"cache_prompt\": true")
      .rare();
  flags.add("--cache-prompt", caches_prompts, "the opposite (default)")
      .variable("CACHE_PROMPT")
      .rare();
  flags
      .add("--pooling", pooling_name,
           "what an embedding is made of: mean, cls (the first token) or last (default: as the "
           "model's file says, else last)")
      .value("TYPE")
      .choices(pooling_names())
      .variable("POOLING");
  flags.add("--embeddings,--embedding", embeds, "answer /v1/embeddings, which is always so")
      .variable("EMBEDDINGS")
      .rare();
  flags.add("--no-sandbox", no_sandbox, "let the model's process do what this one may")
      .variable("NO_SANDBOX")
      .rare();
  compute.declare(flags, "context of each request in tokens (default: the model's, or what fits)");
  chat_template.declare(flags);
}

Result<std::optional<std::uint64_t>> ModelFlags::prefix_cache_bytes() const {
  constexpr std::int64_t kMostMib = std::int64_t{1} << 40;
  if (cache_ram_mib < -1 || cache_ram_mib > kMostMib)
    return fail(ErrorCode::usage, "-cram {}: -1 for no limit, 0 for no cache, or MiB",
                cache_ram_mib);
  if (cache_ram_mib == -1) return std::nullopt;
  return static_cast<std::uint64_t>(cache_ram_mib) << 20;
}

Result<wire::Pooling> ModelFlags::pooling() const {
  if (pooling_name.empty()) return wire::Pooling::of_model;
  for (const auto& [name, pooling] : kPoolings)
    if (name == pooling_name) return pooling;
  return fail(ErrorCode::usage, "--pooling {}: it is one of {}", printable(pooling_name, 40),
              fmt::join(pooling_names(), ", "));
}

void ListenerFlags::declare(Flags& flags) {
  flags
      .add("--host", host,
           "address to listen on, or the path of a Unix socket (default 127.0.0.1: this machine "
           "alone)")
      .variable("HOST");
  flags.add("--port", port, "port to listen on (default 8080; 0: any that is free)")
      .variable("PORT");
  flags
      .add("--api-key", api_keys,
           "a key that clients must send; several by commas (hearth key add makes better ones)")
      .value("KEY")
      .variable("API_KEY");
  flags.add("--api-key-file", api_key_file, "a file with a key a line")
      .value("FILE")
      .variable("API_KEY_FILE");
  flags
      .add("--key-name", key_names,
           "of the keys of hearth key, take this one alone; may be repeated (default: all)")
      .value("NAME")
      .rare();
  flags.add("--no-key", no_key_on_purpose,
            "yes, anybody who can reach this address may use the model");
  flags
      .add("--ssl-cert-file,--tls-cert", certificate_file,
           "speak TLS, with the certificate in this file (PEM, its chain behind it)")
      .value("FILE")
      .variable("SSL_CERT_FILE");
  flags.add("--ssl-key-file,--tls-key", certificate_key_file, "the key of the certificate (PEM)")
      .value("FILE")
      .variable("SSL_KEY_FILE");
  flags
      .add("--allowed-model", allowed_models,
           "serve only this model here; may be repeated (default: all)")
      .value("NAME")
      .rare();
  flags
      .add("--allowed-host", allowed_hosts,
           "a name that clients reach this server by, where no key is asked for")
      .value("NAME")
      .rare();
  flags.add("--cors-origin", allowed_origins, "a web page's origin that may use this server")
      .value("ORIGIN")
      .rare();
  flags
      .add("--trust-proxy", trusted_proxies,
           "proxies whose X-Forwarded-For is believed: addresses, ranges, or 'unix', by commas")
      .value("LIST")
      .rare();
  flags
      .add("--max-concurrent", max_concurrent,
           "requests that are answered here at a time; more get a 429 (default 0: any number)")
      .rare();
  flags.add("--max-connections", max_connections, "connections that may be open (default 2048)")
      .rare();
  flags.add("--max-body", max_body_mib, "largest body of a request (default 32)")
      .value("MIB")
      .rare();
}

void ServeFlags::declare(Flags& flags) {
  model.declare_several(flags);
  Flags listening = flags.under("Listening");
  of_listeners.declare(listening);
  flags
      .add("--drain", drain_seconds,
           "seconds that running requests have to end after SIGTERM (default 30)")
      .value("SECONDS")
      .rare();
  of_models.declare(flags);
}

void ServeOptions::declare(Flags& flags) {
  said.declare(flags);
  flags
      .add("--config", config_file,
           "a file of settings in TOML (default: $XDG_CONFIG_HOME/hearth/serve.toml, where it is)")
      .value("FILE")
      .variable("CONFIG");
  flags.add("--check-config", checks_config,
            "look at all that was said and at every file it names, say what would be served, end");
  flags.add("--json", json, "with --check-config: print JSON").rare();
  flags.remember_given(given);
}

}  // namespace hearth::app
