// SPDX-License-Identifier: Apache-2.0
//
// From what the user calls a model to open files: the one place of the command line that knows the
// store and opens models' paths.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "flags.h"
#include "format/model_files.h"

namespace hearth::app {

// A store name, or the path of a GGUF file (of any one shard of a split model: all are opened).
// Messages name the file as it was given.
Result<std::vector<format::NamedFd>> open_model(const std::string& model);

// Declares MODEL as a positional argument and as -m/--model, as llama.cpp has it; the action then
// calls take(), which is a usage error when neither was given.
class ModelArgument {
 public:
  void declare(Flags& flags, bool positional = true);
  Result<std::string> take() const;
  bool given() const { return !positional_.empty() || !flag_.empty(); }

 private:
  std::string positional_, flag_;
};

}  // namespace hearth::app
