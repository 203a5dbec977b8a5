// SPDX-License-Identifier: Apache-2.0
//
// Models that this program knows by name, each with its licence and where it comes from. Data
// alone: nothing is fetched here. The first is the default, the one that ./try runs and the tests
// of the whole use; its hash is written down here. Of the others the hub names the hash, when one
// is fetched.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hearth::store {

struct KnownModel {
  std::string_view name;
  std::string_view file_name = {};
  std::uint64_t bytes = 0;
  std::string_view sha256 = {};
  std::string_view licence;      // SPDX, LicenseRef-... where it is nobody else's
  std::string_view source = {};  // for the manifest
  std::string_view hub = {};     // ORG/REPO of the Hugging Face hub; empty: it is not fetched there
  std::string_view quant = {};   // which of the repository's files; empty: the usual one
  // The name of the architecture in its file, for those that not every version of this program
  // runs.
  std::string_view architecture = {};
};

std::span<const KnownModel> known_models();
// The command that fetches it.
std::string how_to_get(const KnownModel& model);
const KnownModel* find_known_model(std::string_view name);  // nullptr if unknown

}  // namespace hearth::store
