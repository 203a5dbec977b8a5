// SPDX-License-Identifier: Apache-2.0
//
// The name of the JSON type for headers that only pass it on; base/json.h, which takes seconds to
// compile, defines it.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace hearth {

// Objects keep the order of their keys, since chat templates print them in it.
using Json = nlohmann::ordered_json;

}  // namespace hearth
