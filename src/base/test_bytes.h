// SPDX-License-Identifier: Apache-2.0
//
// Contents of files for tests, and their hashes. Not part of any product.
#pragma once

#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace hearth::test {

inline std::string sha256_of(std::string_view text) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return hash.finish_hex();
}

// The same for the same seed.
inline std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

}  // namespace hearth::test
