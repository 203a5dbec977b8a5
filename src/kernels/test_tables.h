// SPDX-License-Identifier: Apache-2.0
//
// The tables that tests compare: what this machine can run, and what is emulated on it.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "kernels/emulated/functions.h"
#include "kernels/kernels.h"

namespace hearth::kernels {

inline bool is_usable(std::string_view name) {
  size_t n;
  const IsaChoice* all = all_isas(&n);
  return std::any_of(all, all + n,
                     [&](const IsaChoice& c) { return c.usable && name == c.table->name; });
}

inline std::vector<const Kernels*> usable_tables() {
  size_t n;
  const IsaChoice* all = all_isas(&n);
  std::vector<const Kernels*> out;
  for (size_t i = 0; i < n; ++i) {
    if (all[i].usable) out.push_back(all[i].table);
  }
#if defined(__x86_64__)
  if (is_usable("avx512vnni")) out.push_back(&amx_emulated::table);
  if (is_usable("avx2")) {
    out.push_back(&avxvnni_emulated::table);
    out.push_back(&avx512vnni_emulated::table);
    out.push_back(&amx_all_emulated::table);
  }
#endif
  return out;
}

// Those of them that differ in what `of` gives of a table: the first of each.
template <class Of>
std::vector<const Kernels*> tables_that_differ(Of of) {
  std::vector<const Kernels*> out;
  for (const Kernels* table : usable_tables()) {
    const auto is_known = [&](const Kernels* other) { return of(*other) == of(*table); };
    if (std::none_of(out.begin(), out.end(), is_known)) out.push_back(table);
  }
  return out;
}

}  // namespace hearth::kernels
