// SPDX-License-Identifier: Apache-2.0
#include "check_is_model.h"

#include "base/file.h"
#include "format/model_files.h"

namespace hearth::app {

Result<void> check_is_model(const std::vector<std::string>& paths) {
  std::vector<format::NamedFd> shards;
  for (const std::string& path : paths) {
    auto fd = TRY(open_for_read(path));
    shards.push_back({std::move(fd), path});
  }
  TRY(format::ModelFiles::map(std::move(shards)));
  return {};
}

}  // namespace hearth::app
