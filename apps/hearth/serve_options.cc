// SPDX-License-Identifier: Apache-2.0
#include "serve_options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "state_folder.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxKeyFile = std::size_t{1} << 20;

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

constexpr std::pair<std::string_view, wire::Pooling> kPoolings[] = {
    {"mean", wire::Pooling::mean}, {"cls", wire::Pooling::cls}, {"last", wire::Pooling::last}};

std::vector<std::string> pooling_names() {
  std::vector<std::string> names;
  for (const auto& [name, pooling] : kPoolings) names.emplace_back(name);
  return names;
}

}  // namespace

void ServeOptions::declare(Flags& flags) {
  model.declare(flags);
  flags.add("-a,--alias", aliases, "a name that clients may use for the model; may be repeated")
      .value("NAME")
      .variable("ALIAS");
  flags
      .add("--host", host,
           "address to listen on, or the path of a Unix socket (default "
           "127.0.0.1: this machine "
           "alone)")
      .variable("HOST");
  flags.add("--port", port, "port to listen on (default 8080; 0: any that is free)")
      .variable("PORT");
  flags
      .add("--api-key", api_keys,
           "a key that clients must send; several by commas (hearth key add "
           "makes better ones)")
      .value("KEY")
      .variable("API_KEY");
  flags.add("--api-key-file", api_key_file, "a file with a key a line")
      .value("FILE")
      .variable("API_KEY_FILE");
  flags.add("--no-key", no_key_on_purpose,
            "yes, anybody who can reach this address may use the model");
  flags
      .add("-np,--parallel", n_parallel,
           "requests that are computed at once, each with the whole context "
           "(default 4)")
      .variable("N_PARALLEL");
  flags.add("--max-queue", max_queue,
            "requests that may be answered and wait together; more get a 429 "
            "(default 512)");
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
  flags
      .add("--allowed-host", allowed_hosts,
           "a name that clients reach this server by, where no key is asked for")
      .value("NAME")
      .rare();
  flags.add("--cors-origin", allowed_origins, "a web page's origin that may use this server")
      .value("ORIGIN")
      .rare();
  flags
      .add("--drain", drain_seconds,
           "seconds that running requests have to end after SIGTERM (default "
           "30)")
      .value("SECONDS")
      .rare();
  flags.add("--no-sandbox", no_sandbox, "let the model's process do what this one may")
      .variable("NO_SANDBOX")
      .rare();
  compute.declare(flags, "context of each request in tokens (default: the model's, or what fits)");
  chat_template.declare(flags);
}

Result<std::vector<server::Listener>> ServeOptions::listeners() const {
  auto inherited = TRY(server::Listener::inherited());
  if (!inherited.empty()) return inherited;
  if (host.starts_with('/') || host.ends_with(".sock")) {
    std::vector<server::Listener> one;
    one.push_back(TRY(server::Listener::unix_socket(host)));
    return one;
  }
  if (port > 65535) return fail(ErrorCode::usage, "--port {}: ports end at 65535", port);
  return server::Listener::tcp(host, static_cast<std::uint16_t>(port));
}

Result<server::KeyRing> ServeOptions::keys() const {
  server::KeyList named = TRY(server::read_key_file(TRY(key_file())));
  std::vector<std::string> plain = all_of(api_keys);
  if (!api_key_file.empty()) {
    std::string lines = TRY(read_file(api_key_file, kMaxKeyFile));
    std::ranges::replace(lines, '\n', ',');
    std::erase(lines, '\r');
    const std::size_t before = plain.size();
    split_by_commas(lines, plain);
    if (plain.size() == before)
      return fail(ErrorCode::usage, "--api-key-file {}: there is no key in it",
                  printable(api_key_file));
  }
  return server::KeyRing(std::move(named), plain);
}

server::ExposurePolicy ServeOptions::exposure() const {
  return {.needs_key = false,
          .allowed_hosts = all_of(allowed_hosts),
          .allowed_origins = all_of(allowed_origins)};
}

Result<std::optional<std::uint64_t>> ServeOptions::prefix_cache_bytes() const {
  constexpr std::int64_t kMostMib = std::int64_t{1} << 40;
  if (cache_ram_mib < -1 || cache_ram_mib > kMostMib)
    return fail(ErrorCode::usage, "-cram {}: -1 for no limit, 0 for no cache, or MiB",
                cache_ram_mib);
  if (cache_ram_mib == -1) return std::nullopt;
  return static_cast<std::uint64_t>(cache_ram_mib) << 20;
}

Result<wire::Pooling> ServeOptions::pooling() const {
  if (pooling_name.empty()) return wire::Pooling::of_model;
  for (const auto& [name, pooling] : kPoolings)
    if (name == pooling_name) return pooling;
  return fail(ErrorCode::usage, "--pooling {}: it is one of {}", printable(pooling_name, 40),
              fmt::join(pooling_names(), ", "));
}

Result<std::string> key_file() {
  return TRY(state_folder())
  +"/keys.json";
}

}  // namespace hearth::app
