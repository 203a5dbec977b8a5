// SPDX-License-Identifier: Apache-2.0
//
// The sampling flags, with llama.cpp's names and Ollama's beside them where they differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "flags.h"
#include "sample/params.h"

namespace hearth::app {

class SamplingOptions {
 public:
  SamplingOptions();
  void declare(Flags& flags);
  // The defaults with what the user asked for laid over them; usage for a value that makes no
  // sense. Whether it does depends on no model, so commands ask once before they look for one.
  Result<sample::SamplingParams> over(sample::SamplingParams defaults) const;
  // Sets what the flag of this name sets ("temperature" is --temperature, "top_k" is --top-k), to
  // be judged by over(). usage for a name that is not a flag with one number, or of the samplers.
  Result<void> set(std::string_view name, std::string value);
  // Each number by its name in the HTTP API (sample/fields.h) and its value as text.
  static std::vector<std::pair<std::string, std::string>> describe(
      const sample::SamplingParams& params);
  // The texts that end a repetition for DRY.
  std::vector<std::string> dry_breakers() const;

 private:
  std::vector<std::optional<std::string>> values_;  // one for each row of the table in the source
  std::optional<std::string> seed_, samplers_, sampler_letters_;
  std::vector<std::string> logit_bias_, dry_breakers_;
  bool greedy_ = false;
};

}  // namespace hearth::app
