// SPDX-License-Identifier: Apache-2.0
//
// The cuts that pre-tokenizers are composed of. The expression that each one stands for is in
// expressions.inc, where the tests read it and hold the function to it.
#pragma once

#include "text/pretokenize/pretokenizer.h"

namespace hearth::text {

#define HEARTH_CUT(name, expression, subject) \
  void name(const RuneText& text, std::size_t begin, std::size_t end, WordEnds& ends);
#include "text/pretokenize/expressions.inc"
#undef HEARTH_CUT

}  // namespace hearth::text
