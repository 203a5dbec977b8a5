// SPDX-License-Identifier: Apache-2.0
//
// Models that this program knows by name, with the hash their file must have. Data alone: nothing
// is fetched here. The first is the default, the one that ./try runs and the tests of the whole
// use.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hearth::store {

struct KnownModel {
  std::string_view name;
  std::string_view file_name;
  std::uint64_t bytes = 0;
  std::string_view sha256;
  std::string_view licence;  // SPDX
  std::string_view source;   // for the manifest
  std::string_view how_to_get;
};

std::span<const KnownModel> known_models();
const KnownModel* find_known_model(std::string_view name);  // nullptr if unknown

}  // namespace hearth::store
