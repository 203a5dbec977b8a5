// SPDX-License-Identifier: Apache-2.0
//
// What `hearth serve` can be told, in llama-server's spellings where it has
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compute_options.h"
#include "model_source.h"
#include "server/exposure.h"
#include "server/keys.h"
#include "server/models.h"
#include "template_options.h"

namespace hearth::app {

struct ServeOptions {
  ModelArgument model;
  ComputeOptions compute;
  TemplateOptions chat_template;
  std::vector<std::string> aliases;
  std::uint32_t n_parallel = 4;
  std::uint32_t max_queue = 512;
  std::int64_t cache_ram_mib = -1;
  bool caches_prompts = true, caches_no_prompts = false;
  std::string pooling_name;
  bool embeds = true;  // always: llama-server's flag is understood

  std::string host = "127.0.0.1";
  std::uint32_t port = 8080;
  std::vector<std::string> api_keys;
  std::string api_key_file;
  bool no_key_on_purpose = false;
  std::vector<std::string> allowed_hosts, allowed_origins;
  std::string trusted_proxies;
  std::uint32_t drain_seconds = 30;
  bool no_sandbox = false;

  void declare(Flags& flags);

  // Where to listen: what systemd hands over, a path for a Unix socket, or host
  // and port.
  Result<std::vector<server::Listener>> listeners() const;
  // The keys of `hearth key add`, of --api-key and of --api-key-file.
  Result<server::KeyRing> keys() const;
  server::ExposurePolicy exposure() const;
  // What the prefix cache may hold; none: all that requests leave free.
  Result<std::optional<std::uint64_t>> prefix_cache_bytes() const;
  Result<wire::Pooling> pooling() const;
};

// Where `hearth key` keeps its keys.
Result<std::string> key_file();

}  // namespace hearth::app
