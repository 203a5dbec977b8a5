// SPDX-License-Identifier: Apache-2.0
#include "compute_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/escape.h"
#include "kernels/kernels.h"
#include "smaller_in_store.h"

namespace hearth::app {

std::vector<std::string> kv_type_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kernels::kKvTypes; ++i)
    names.emplace_back(kernels::kv_type_name(static_cast<kernels::KvType>(i)));
  return names;
}

Result<kernels::KvType> parse_kv_type(std::string_view flag, const std::string& name) {
  kernels::KvType type = {};
  if (kernels::find_kv_type(name.c_str(), &type)) return type;
  return fail(ErrorCode::usage, "{} {}: a KV cache can be {}", flag, printable(name, 40),
              fmt::join(kv_type_names(), ", "));
}

Result<void> choose_isa(const std::string& name) {
  if (name.empty() || kernels::select_isa(name.c_str())) return {};
  std::string known;
  std::size_t n = 0;
  const kernels::IsaChoice* choices = kernels::all_isas(&n);
  for (std::size_t i = 0; i < n; ++i) {
    if (name == choices[i].table->name)
      return fail(ErrorCode::usage, "--isa {}: not on this machine: {}", name, choices[i].missing);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", choices[i].table->name);
  }
  return fail(ErrorCode::usage, "--isa {}: unknown; there are {}", printable(name, 40), known);
}

void ComputeOptions::declare(Flags& flags, const char* ctx_help) {
  Flags machine = flags.under("Machine");
  threads_.declare(machine);
  machine.add("-c,--ctx-size,--num-ctx", n_ctx_, ctx_help).variable("CTX_SIZE");
  machine.add("-b,--batch-size", n_batch_, "tokens handed over at once (default 2048)")
      .variable("BATCH")
      .rare();
  machine.add("-ub,--ubatch-size", n_ubatch_, "tokens computed in one step (default 512)")
      .variable("UBATCH")
      .rare();
  machine.add("-ctk,--cache-type-k", k_type_, "type of cached keys: f16, q8_0, ... (default f16)")
      .value("TYPE")
      .choices(kv_type_names())
      .variable("CACHE_TYPE_K");
  machine.add("-ctv,--cache-type-v", v_type_, "type of cached values: f16, q8_0, ... (default f16)")
      .value("TYPE")
      .choices(kv_type_names())
      .variable("CACHE_TYPE_V");
  machine
      .add("--isa", isa_,
           "instruction set of the kernels (default: the best; 'hearth version --verbose')")
      .variable("ISA")
      .rare();
  load_.declare(machine);
}

Result<engine::LoadOptions> ComputeOptions::take() const {
  if (n_batch_ == 0 || n_ubatch_ == 0)
    return fail(ErrorCode::usage, "-b and -ub must be at least 1");
  engine::LoadOptions options;
  options.n_ctx = n_ctx_;
  options.n_ubatch = std::min({n_batch_, n_ubatch_, 65536u});
  options.k_type = TRY(parse_kv_type("-ctk", k_type_));
  options.v_type = TRY(parse_kv_type("-ctv", v_type_));
  TRY(choose_isa(isa_));
  options.crews = TRY(threads_.take());
  options.load_mode = TRY(load_.mode());
  options.find_smaller = smaller_in_store;
  return options;
}

}  // namespace hearth::app
