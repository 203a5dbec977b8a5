// SPDX-License-Identifier: Apache-2.0
//
// What the store itself does with prepared copies.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/error.h"

namespace hearth::store {

std::string prepared_dir(const std::string& root);

// Deletes the copies of models that have none of these keys, under the store's lock; tells how many
// bytes that freed.
Result<std::uint64_t> sweep_prepared(const std::string& root, const std::set<std::string>& keys);

}  // namespace hearth::store
