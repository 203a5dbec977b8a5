// SPDX-License-Identifier: Apache-2.0
//
// RWKV vocabularies spell arbitrary bytes in a string literal's escapes: \t \n \r \xHH, and
// \ before any other character for that character (llama-vocab.cpp, llama_unescape_rwkv_token).
#pragma once

#include <string>
#include <string_view>

namespace hearth::text {

std::string unescape_rwkv(std::string_view spelling);

}  // namespace hearth::text
