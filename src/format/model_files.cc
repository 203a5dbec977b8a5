// SPDX-License-Identifier: Apache-2.0
#include "format/model_files.h"

#include <utility>

namespace hearth::format {

Result<std::shared_ptr<const ModelFiles>> ModelFiles::map(std::vector<NamedFd> shards) {
  std::shared_ptr<ModelFiles> files(new ModelFiles);
  std::vector<FileBytes> bytes;
  for (NamedFd& shard : shards) {
    files->files_.push_back(TRY(MappedFile::map(shard.fd.get(), shard.name)));
    files->fds_.push_back(std::move(shard.fd));
  }
  for (const MappedFile& file : files->files_) bytes.push_back({file.name(), file.bytes()});
  files->gguf_ = TRY(Gguf::parse(bytes));
  return files;
}

std::uint64_t ModelFiles::total_bytes() const {
  std::uint64_t total = 0;
  for (const MappedFile& file : files_) total += file.bytes().size();
  return total;
}

std::vector<int> ModelFiles::fds() const {
  std::vector<int> fds;
  for (const UniqueFd& fd : fds_) fds.push_back(fd.get());
  return fds;
}

}  // namespace hearth::format
