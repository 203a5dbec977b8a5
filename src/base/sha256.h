// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4) through OpenSSL, incremental. One thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hearth {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  // The digest as 64 lower-case hex digits; the object must not be used afterwards.
  std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// True for exactly 64 hex digits of either case.
bool is_sha256_hex(std::string_view text);

// The same digits with a to f in lower case.
std::string to_lower_hex(std::string_view hex);

}  // namespace hearth
