// SPDX-License-Identifier: Apache-2.0
//
// Base64 as RFC 4648 has it in section 4: its usual alphabet, padded, in one line.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace hearth {

std::string to_base64(std::span<const std::byte> bytes);

}  // namespace hearth
