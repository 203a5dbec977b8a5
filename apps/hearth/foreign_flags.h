// SPDX-License-Identifier: Apache-2.0
//
// The flags of llama.cpp's programs (and a few of its fork ik_llama.cpp and of Ollama) that Hearth
// does not have: what becomes of each. A command line that somebody has in a script or found in a
// guide is understood as a whole, and nothing that would change the answer is ignored in silence.
#pragma once

#include <span>
#include <string_view>

namespace hearth::app {

struct ForeignFlag {
  enum class Takes {
    nothing,
    one,
    two,
    perhaps,  // the next word, if it is on, off, auto, 0 or 1
  };
  enum class Fate {
    always,     // asks for what is always so: accepted in silence
    no_effect,  // about devices or tuning that are not here: accepted, and said so
    retired,    // the same, and llama.cpp itself has another name for it now
    not_yet,    // would change the answer: refused by name
    server,     // belongs to the server, which is not here yet: refused by name
    elsewhere,  // something else does it: refused with that advice
  };

  std::string_view names;  // divided by commas
  Takes takes;
  Fate fate;
  std::string_view variable;  // LLAMA_ARG_variable does the same in llama.cpp; may be empty
  std::string_view neutral;   // a value with which it changes nothing; may be empty
  std::string_view about;  // what it is about; of elsewhere: the advice; of retired: the new name
};

// All rows of foreign_flags.inc.
std::span<const ForeignFlag> foreign_flags();

// Null if nobody knows the name.
const ForeignFlag* find_foreign_flag(std::string_view name);

}  // namespace hearth::app
