// SPDX-License-Identifier: Apache-2.0
//
// The options that every command which computes shares, with llama.cpp's spellings.
#pragma once

#include "base/error.h"
#include "engine/loaded_model.h"
#include "flags.h"
#include "load_options.h"
#include "thread_options.h"

namespace hearth::app {

class ComputeOptions {
 public:
  void declare(Flags& flags, const char* ctx_help =
                                 "context length in tokens (default: the model's, or what fits)");
  // usage if a value makes no sense. Chooses the instruction set as a side effect, before any
  // thread computes.
  Result<engine::LoadOptions> take() const;
  // Fills in the prepared copy of that model, once what MODEL means is known.
  void offer_prepared(const fetch::FoundModel& found, engine::LoadOptions& load) const {
    load.prepared = load_.offer(found);
  }
  const LoadFlags& load() const { return load_; }
  // One line for --verbose: how what was taken is going to compute.
  std::string describe(const engine::LoadOptions& taken) const {
    return taken.crews ? threads_.describe(*taken.crews) : std::string();
  }

 private:
  ThreadOptions threads_;
  LoadFlags load_;
  std::uint32_t n_ctx_ = 0;
  std::uint32_t n_batch_ = 2048;
  std::uint32_t n_ubatch_ = 512;
  std::string k_type_ = "f16", v_type_ = "f16";
  std::string isa_;
};

// The pieces, for a command with lists of values.
// "f32", "f16", ...: what -ctk and -ctv take.
std::vector<std::string> kv_type_names();
// A type of cached keys or values; `flag` is named in messages.
Result<kernels::KvType> parse_kv_type(std::string_view flag, const std::string& name);
// Makes the table of that name compute; an empty name changes nothing.
Result<void> choose_isa(const std::string& name);

}  // namespace hearth::app
