// SPDX-License-Identifier: Apache-2.0
//
// A file that appears whole or not at all: written without a name and put in its place by commit(),
// so that whatever ends the process leaves nothing behind (where the file system cannot do that,
// under a name of its own, which only a killed process leaves). "-" is standard output; a device or
// pipe is written in place. One thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace hearth::app {

class OutputFile {
 public:
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&&) = default;
  ~OutputFile();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> commit();
  int fd() const { return fd_.get(); }  // for writers that take a descriptor

 private:
  OutputFile() = default;
  // Opens a file in the folder of path_ that is to become path_.
  void open_new();

  UniqueFd fd_;
  std::string path_;
  std::string temporary_;  // what is renamed to path_; empty where nothing is
  bool named_ = false;     // whether temporary_ exists already
};

}  // namespace hearth::app
