// SPDX-License-Identifier: Apache-2.0
//
// From what was read to what is written: metadata of one file for another.
#pragma once

#include "format/gguf.h"
#include "format/gguf_writer.h"

namespace hearth::format {

// The same value, of the same type, in memory of its own.
WriteValue write_value(const Value& value);

}  // namespace hearth::format
