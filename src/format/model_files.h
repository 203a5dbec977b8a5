// SPDX-License-Identifier: Apache-2.0
//
// All files of one model, mapped and parsed. Takes descriptors, opens nothing: the process that
// parses models has no file system. Immutable; shared by everything that looks into the model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/mapped_file.h"
#include "format/gguf.h"

namespace hearth::format {

struct NamedFd {
  UniqueFd fd;
  std::string name;  // as the user gave it: messages say this
};

class ModelFiles {
 public:
  // shards in order; see Gguf::parse for what is refused.
  static Result<std::shared_ptr<const ModelFiles>> map(std::vector<NamedFd> shards);

  const Gguf& gguf() const { return gguf_; }
  std::uint64_t total_bytes() const;
  // Descriptors of the shards, in order, open as long as this lives: for who reads instead.
  std::vector<int> fds() const;

 private:
  ModelFiles() = default;
  std::vector<MappedFile> files_;
  std::vector<UniqueFd> fds_;
  Gguf gguf_;
};

}  // namespace hearth::format
