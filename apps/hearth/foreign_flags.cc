// SPDX-License-Identifier: Apache-2.0
#include "foreign_flags.h"

namespace hearth::app {
namespace {

using enum ForeignFlag::Takes;
using enum ForeignFlag::Fate;

constexpr ForeignFlag kForeignFlags[] = {
#define FOREIGN(names, takes, fate, variable, neutral, about) \
  {names, takes, fate, variable, neutral, about},
#include "foreign_flags.inc"
#undef FOREIGN
};

// Whether NAMES, divided by commas, hold NAME.
bool holds(std::string_view names, std::string_view name) {
  for (std::size_t at = names.find(name); at != std::string_view::npos;
       at = names.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || names[at - 1] == ',') && (end == names.size() || names[end] == ','))
      return true;
  }
  return false;
}

}  // namespace

std::span<const ForeignFlag> foreign_flags() {
  return kForeignFlags;
}

const ForeignFlag* find_foreign_flag(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const ForeignFlag& flag : kForeignFlags)
    if (holds(flag.names, name)) return &flag;
  return nullptr;
}

}  // namespace hearth::app
