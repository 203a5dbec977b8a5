// SPDX-License-Identifier: Apache-2.0
//
// Models that other programs keep on this machine, used where they lie: nothing of theirs is ever
// written, moved or deleted.
//
//   hf:ORG/REPO:QUANT        the cache of the Hugging Face hub (and of newer llama.cpp)
//   ollama:NAME:TAG          the store of Ollama; ollama:OWNER/NAME:TAG, ollama:HOST/OWNER/NAME:TAG
//   llama.cpp:FILE           the flat cache of older llama.cpp; hf:... where it says what a file is
//   lmstudio:ORG/REPO:QUANT  the folder of LM Studio
//
// None of it is trusted: folders are listed to a bound, manifests are read to a bound, and a path
// that leads out of its store is left out. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::store {

struct ElsewhereModel {
  std::string name;                // as above; unique but for two programs with the same hf: model
  std::string short_name;          // what `hearth pull` or Ollama would call it
  std::string owner;               // "Hugging Face", "Ollama", "llama.cpp", "LM Studio"
  std::string repo;                // ORG/REPO for hf: names; empty otherwise
  std::vector<std::string> files;  // names in the repository, in shard order
  std::vector<std::string> paths;  // to open, in the same order
  std::uint64_t bytes = 0;
};

// The folders to look into. A folder that does not exist has no models.
struct ElsewhereRoots {
  std::vector<std::string> hub_caches, ollama, llama_cpp, lm_studio;
};

// HF_HUB_CACHE, HF_HOME, LLAMA_CACHE, OLLAMA_MODELS, XDG_CACHE_HOME and HOME say where; none at all
// with HEARTH_ELSEWHERE=0.
ElsewhereRoots elsewhere_from_environment();

struct ElsewhereListing {
  std::vector<ElsewhereModel> models;  // sorted by name within each program
  std::vector<std::string> problems;
};

ElsewhereListing list_elsewhere(const ElsewhereRoots& roots);

// The model of that full or short name. not_found if there is none; usage, with the full names, if
// a short name means different ones. "NAME" and "NAME:latest" are the same for Ollama's.
Result<ElsewhereModel> find_elsewhere(const ElsewhereListing& listing, std::string_view name);

// Whether a word starts as the names of other programs' models do (ollama:, llama.cpp:, lmstudio:).
bool is_elsewhere_name(std::string_view word);

// The SHA-256 of the GGUF file that a manifest of Ollama lists. not_found if it lists none (an
// adapter, a remote model); integrity if it is no manifest.
Result<std::string> ollama_model_digest(std::string_view text);

}  // namespace hearth::store
