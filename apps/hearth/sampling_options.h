// SPDX-License-Identifier: Apache-2.0
//
// The sampling flags, with llama.cpp's names and defaults.
#pragma once

#include "base/error.h"
#include "flags.h"
#include "sample/params.h"

namespace hearth::app {

class SamplingOptions {
 public:
  void declare(Flags& flags);
  Result<sample::SamplingParams> take() const;

 private:
  sample::SamplingParams params_;
  std::int64_t seed_ = -1;
  bool greedy_ = false;
};

}  // namespace hearth::app
