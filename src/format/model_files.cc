// SPDX-License-Identifier: Apache-2.0
#include "format/model_files.h"

namespace hearth::format {

Result<std::shared_ptr<const ModelFiles>> ModelFiles::map(std::vector<NamedFd> shards) {
  std::shared_ptr<ModelFiles> files(new ModelFiles);
  std::vector<FileBytes> bytes;
  for (const NamedFd& shard : shards)
    files->files_.push_back(TRY(MappedFile::map(shard.fd.get(), shard.name)));
  for (const MappedFile& file : files->files_) bytes.push_back({file.name(), file.bytes()});
  files->gguf_ = TRY(Gguf::parse(bytes));
  return files;
}

std::uint64_t ModelFiles::total_bytes() const {
  std::uint64_t total = 0;
  for (const MappedFile& file : files_) total += file.bytes().size();
  return total;
}

}  // namespace hearth::format
