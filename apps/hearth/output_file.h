// SPDX-License-Identifier: Apache-2.0
//
// A file that appears whole or not at all: written beside its place and renamed by commit(). "-" is
// standard output; a device or pipe is written in place. One thread.
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
  UniqueFd fd_;
  std::string path_, temporary_;  // temporary_ is empty where nothing is to be renamed
};

}  // namespace hearth::app
