// SPDX-License-Identifier: Apache-2.0
//
// Whether one file could stand in for another that does not fit: the same model in a smaller
// quantisation. Files say what they are in general.basename, general.size_label and
// general.finetune, older ones in general.name alone, often with the quantisation as a word of it;
// and two models that share all sizes may still be different fine-tunes, so sizes alone prove
// nothing.
#pragma once

#include <cstdint>

#include "format/model_files.h"
#include "model/plan.h"

namespace hearth::engine {

struct LoadOptions;

// Whether both files name the same model, whatever the types of their weights.
bool is_same_name(const format::Gguf& a, const format::Gguf& b);

// The same name, architecture and sizes.
bool is_same_model(const format::Gguf& a, const format::Gguf& b);

// Whether candidate is the same model as refused, smaller, and fits when it is loaded with options.
bool would_do_instead(const format::ModelFiles& refused, const format::ModelFiles& candidate,
                      const LoadOptions& options, std::uint64_t available_bytes);

}  // namespace hearth::engine
