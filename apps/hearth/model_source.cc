// SPDX-License-Identifier: Apache-2.0
#include "model_source.h"

#include <unistd.h>

#include "store/shards.h"
#include "store/store.h"

namespace hearth::app {
namespace {

// A bare word that names a file in this folder is a path too, unless the store knows it as a model.
bool is_file_here(const std::string& word) {
  return ::access(word.c_str(), F_OK) == 0;
}

Result<std::vector<format::NamedFd>> open_paths(const std::vector<std::string>& paths,
                                                const std::string& shown) {
  std::vector<format::NamedFd> shards;
  for (const std::string& path : paths) {
    UniqueFd fd = TRY(open_for_read(path));
    shards.push_back({std::move(fd), paths.size() == 1 ? shown : path});
  }
  return shards;
}

}  // namespace

Result<std::vector<format::NamedFd>> open_model(const std::string& model) {
  const store::Store store = TRY(store::Store::open_default());
  auto resolved = store.resolve(model);
  if (resolved) return open_paths(resolved->paths, model);
  if (resolved.error().code == ErrorCode::not_found && is_file_here(model))
    return open_paths(TRY(store::all_shards(model)), model);
  return std::unexpected(resolved.error());
}

void ModelArgument::declare(Flags& flags, bool positional) {
  if (positional)
    flags.add("MODEL", positional_, "a name from 'hearth list' or the path of a GGUF file");
  flags.add("-m,--model", flag_, "the same as MODEL").value("MODEL").variable("MODEL");
  flags.take_foreign_flags();
}

Result<std::string> ModelArgument::take() const {
  if (positional_.empty() && flag_.empty())
    return fail(ErrorCode::usage, "give a model: a name or -m FILE");
  if (!positional_.empty() && !flag_.empty() && positional_ != flag_)
    return fail(ErrorCode::usage, "two models given: {} and {}", positional_, flag_);
  return flag_.empty() ? positional_ : flag_;
}

}  // namespace hearth::app
