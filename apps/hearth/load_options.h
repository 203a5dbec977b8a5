// SPDX-License-Identifier: Apache-2.0
//
// How weights come into memory: llama.cpp's --load-mode with its older spellings, and the prepared
// copies of packed weights that lie beside the store.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "engine/loaded_model.h"
#include "fetch/find_model.h"
#include "flags.h"
#include "store/prepared.h"

namespace hearth::app {

// What a prepared copy of the model would be called. The instruction set is in the name through
// what it makes of weights: today all of them want the same panels.
store::PreparedName prepared_name(const store::Manifest& manifest);

class LoadFlags {
 public:
  void declare(Flags& machine);
  // usage if a value makes no sense.
  Result<model::LoadMode> mode() const;
  // For a model of the store: a copy to read, or else a file to write one into, where the budget
  // and the disk have room. Nothing for other models, whose contents have no hash here.
  engine::PreparedOffer offer(const fetch::FoundModel& found) const;
  bool uses_prepared() const { return !no_prepared_ && budget_gib_ > 0; }

 private:
  std::string mode_ = "auto";
  bool mmap_ = false, no_mmap_ = false, mlock_ = false, dio_ = false, no_dio_ = false;
  bool no_prepared_ = false, no_warmup_ = false;
  std::uint32_t budget_gib_ = 20;
};

}  // namespace hearth::app
