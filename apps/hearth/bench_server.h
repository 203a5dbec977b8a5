// SPDX-License-Identifier: Apache-2.0
//
// `bench --server URL`: how an OpenAI server behaves under load, ours or another's, in the manner
// of `vllm bench serve` and under its names. What is sent and measured is src/traffic; here are the
// flags, the progress and the printing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "flags.h"

namespace hearth::app {

// What `bench` declares for models and for servers alike: -m, -p, -n, -np, -o and so on.
struct SharedBenchFlags {
  std::vector<std::string> models;
  std::vector<std::string> n_prompt, n_gen, n_parallel;
  std::string format = "md";
  bool no_warmup = false, shows_progress = false;
};

struct ServerBenchOptions {
  std::string url;  // empty: no load on a server was asked for
  std::vector<std::string> mixes, goodput;
  std::string request_rate = "inf", prompt_file, extra_body, api_key, seed;
  float burstiness = 1, range_ratio = 0;
  std::uint32_t n_prompts = 0;  // 0: 100, or as many as the file has
  std::uint32_t n_shared = 0, n_warmups = 1, silence_seconds = 600;
  bool is_chat = false, ignores_end = true, with_details = false;

  void declare(Flags flags);
  // A flag of these without which one is given but for --server; empty: none.
  std::string flag_without_server() const;
};

// Prints the report, after Ctrl-C that of what was measured until then. The exit status is 1 when
// no request was answered.
Result<int> run_server_bench(const ServerBenchOptions& options, const SharedBenchFlags& shared);

}  // namespace hearth::app
