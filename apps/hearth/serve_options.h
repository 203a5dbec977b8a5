// SPDX-License-Identifier: Apache-2.0
//
// What `hearth serve` can be told, in llama-server's spellings where it has them: on the command
// line, in the environment, and under the same names in a configuration file (serve_config.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compute_options.h"
#include "model_source.h"
#include "template_options.h"
#include "wire/messages.h"

namespace hearth::app {

// What holds for a model: for each of them, or in a table [[model]] for that one.
struct ModelFlags {
  std::vector<std::string> aliases;
  std::uint32_t n_parallel = 4;
  std::uint32_t max_queue = 512;
  std::int64_t cache_ram_mib = -1;
  bool caches_prompts = true, caches_no_prompts = false;
  std::string pooling_name;
  bool embeds = true;  // always: llama-server's flag is understood
  bool no_sandbox = false;
  ComputeOptions compute;
  TemplateOptions chat_template;

  void declare(Flags& flags);
  // What the prefix cache may hold; none: all that requests leave free.
  Result<std::optional<std::uint64_t>> prefix_cache_bytes() const;
  Result<wire::Pooling> pooling() const;
  bool caches() const { return caches_prompts && !caches_no_prompts; }
};

// What holds for an address that is listened on, or in a table [[listener]] for that one.
struct ListenerFlags {
  std::string host = "127.0.0.1";
  std::uint32_t port = 8080;
  std::vector<std::string> api_keys;
  std::string api_key_file;
  std::vector<std::string> key_names;  // of `hearth key`; see takes_all_named_keys
  bool no_key_on_purpose = false;
  std::vector<std::string> allowed_models, allowed_hosts, allowed_origins;
  std::string trusted_proxies;
  std::string certificate_file, certificate_key_file;
  std::uint32_t max_concurrent = 0;
  std::uint32_t max_connections = 2048;
  std::uint32_t max_body_mib = 32;

  // Without names: every key of `hearth key` is taken. False where a table has keys of its own.
  bool takes_all_named_keys = true;

  void declare(Flags& flags);
  bool is_unix_socket() const { return host.starts_with('/') || host.ends_with(".sock"); }
};

// All that the top level of a configuration file may say.
struct ServeFlags {
  ModelArgument model;
  ModelFlags of_models;
  ListenerFlags of_listeners;
  std::uint32_t drain_seconds = 30;

  void declare(Flags& flags);
};

// The command line and the environment as they are parsed.
struct ServeOptions {
  ServeFlags said;
  GivenFlags given;  // of those the ones that were said
  std::string config_file;
  bool checks_config = false, json = false;

  void declare(Flags& flags);
};

}  // namespace hearth::app
