// SPDX-License-Identifier: Apache-2.0
#include "text/rwkv_escape.h"

#include <cstddef>

namespace hearth::text {
namespace {

// As llama.cpp reads it: anything below 'a' counts from '0', so nonsense gives some byte, never a
// fault.
unsigned hex_value(char c) {
  return static_cast<unsigned>(c >= 'a' ? c - 'a' + 10 : c - '0');
}

}  // namespace

std::string unescape_rwkv(std::string_view spelling) {
  std::string bytes;
  for (std::size_t i = 0; i < spelling.size(); ++i) {
    if (spelling[i] != '\\') {
      bytes.push_back(spelling[i]);
      continue;
    }
    if (++i == spelling.size()) break;
    switch (spelling[i]) {
      case 't':
        bytes.push_back('\t');
        break;
      case 'n':
        bytes.push_back('\n');
        break;
      case 'r':
        bytes.push_back('\r');
        break;
      case 'x':
        if (i + 2 >= spelling.size()) return bytes;
        bytes.push_back(
            static_cast<char>(hex_value(spelling[i + 1]) * 16 + hex_value(spelling[i + 2])));
        i += 2;
        break;
      default:
        bytes.push_back(spelling[i]);
    }
  }
  return bytes;
}

}  // namespace hearth::text
