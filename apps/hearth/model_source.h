// SPDX-License-Identifier: Apache-2.0
//
// From what the user calls a model to open files: the one place of the command line that knows
// where models are and opens their paths.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "fetch/find_model.h"
#include "flags.h"
#include "format/model_files.h"

namespace hearth::app {

// What MODEL means (fetch::find_model, aliases included). What is not here but can be fetched (a
// known name, hf:..., an address) is pulled first, with progress on standard error, unless
// `offline` or HF_HUB_OFFLINE forbids it.
Result<fetch::FoundModel> locate_model(const std::string& model, bool offline);

// Opens its files, of a split model all. Messages name the file as `model` has it.
Result<std::vector<format::NamedFd>> open_found(const fetch::FoundModel& found,
                                                const std::string& model);

// Both in one.
Result<std::vector<format::NamedFd>> open_model(const std::string& model, bool offline);

// Declares MODEL as a positional argument and as -m, -hf and -mu, as llama.cpp has them, and
// --offline; the action then calls take(), which is a usage error when none was given.
class ModelArgument {
 public:
  void declare(Flags& flags, bool positional = true);
  // For a command of several models: as many MODELs and -m as one likes.
  void declare_several(Flags& flags);
  Result<std::string> take() const;
  // All of them, of declare_several(); empty where none was given.
  Result<std::vector<std::string>> take_all() const;
  bool given() const;
  bool offline() const { return offline_; }

 private:
  void declare_elsewhere(Flags& flags);
  std::string hub_model() const;

  std::vector<std::string> several_;
  std::string positional_, flag_, hub_repo_, hub_file_, url_;
  bool offline_ = false;
};

}  // namespace hearth::app
