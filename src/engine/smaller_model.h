// SPDX-License-Identifier: Apache-2.0
//
// Whether one file could stand in for another that does not fit: the same model in a smaller
// quantisation. Files say what they are in general.basename, general.size_label and
// general.finetune, older ones in general.name alone, often with the quantisation as a word of it;
// and two models that share all sizes may still be different fine-tunes, so sizes alone prove
// nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "format/model_files.h"
#include "model/plan.h"

namespace hearth::engine {

struct LoadOptions;

// Asked when a model does not fit in the bytes that are available: the name of a smaller one that
// would do instead when loaded with these options, or nothing. Whoever loads knows where models
// are; the engine does not.
using FindSmaller = std::function<std::string(const format::ModelFiles& refused,
                                              const LoadOptions& options, std::uint64_t available)>;

// Whether both files name the same model, whatever the types of their weights.
bool is_same_name(const format::Gguf& a, const format::Gguf& b);

// The same name, architecture and sizes.
bool is_same_model(const format::Gguf& a, const format::Gguf& b);

// Whether candidate is the same model as refused, smaller, and fits when it is loaded with options.
bool would_do_instead(const format::ModelFiles& refused, const format::ModelFiles& candidate,
                      const LoadOptions& options, std::uint64_t available_bytes);

// A model that could do instead, its files open.
struct Candidate {
  std::string name;
  std::vector<format::NamedFd> shards;
};
// Finds the first of these that would do. They are parsed when it is asked, which it can be once.
FindSmaller smaller_among(std::vector<Candidate> candidates);

}  // namespace hearth::engine
