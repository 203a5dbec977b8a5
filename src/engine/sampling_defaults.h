// SPDX-License-Identifier: Apache-2.0
//
// What a model is sampled with when the user chose nothing: the file's own values, its family's, or
// the general ones (sample/defaults.h says which, and from where).
#pragma once

#include "format/gguf.h"
#include "sample/defaults.h"

namespace hearth::engine {

// Pure; never fails: a value that cannot be used is passed over and named in the warnings.
sample::ChosenDefaults sampling_defaults(const format::Gguf& gguf);

}  // namespace hearth::engine
