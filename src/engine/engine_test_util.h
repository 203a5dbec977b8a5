// SPDX-License-Identifier: Apache-2.0
//
// What several tests of the engine need.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "format/model_files.h"
#include "text/tokenizer.h"

namespace hearth::engine {

inline std::shared_ptr<const text::Tokenizer> tiny_tokenizer() {
  const std::string path =
      std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/tiny-llama-f32.gguf";
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  return text::Tokenizer::load(format::ModelFiles::map(std::move(shards)).value()->gguf()).value();
}

}  // namespace hearth::engine
