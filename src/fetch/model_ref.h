// SPDX-License-Identifier: Apache-2.0
//
// What a person may write for a model that is to be fetched, taken apart. Text alone: nothing is
// looked up, so a reference that parses may still name nothing. Values; any thread.
//
//   smollm2                          a short name: a known model, or one of the store
//   hf:ORG/REPO[:QUANT]              a repository of the hub; also hf.co/..., huggingface.co/...,
//                                    and the address of its page in a browser
//   https://host/path/model.gguf     one file; http too. A /blob/ page of the hub means its file
//   ollama:llama3.2:1b               a model of another program; see store/elsewhere.h
//   ./model.gguf                     a path: has a slash or ends in .gguf, and is none of the above
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth::fetch {

enum class RefKind : std::uint8_t { name, hub, url, elsewhere, path };

struct ModelRef {
  RefKind kind = RefKind::name;
  std::string text;   // name, elsewhere: the name; url: the address; path: the path; hub: ORG/REPO
  std::string quant;  // hub only: as it was written, e.g. "Q4_K_M" or a file's name; empty: any
};

// usage, with what would be right, for text that is none of these. An address must not carry a user
// name or password: it would end up in manifests and logs.
Result<ModelRef> parse_model_ref(std::string_view text);

}  // namespace hearth::fetch
