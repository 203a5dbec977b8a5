// SPDX-License-Identifier: Apache-2.0
//
// Token ids as people write them: decimal, divided by blanks or commas.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hearth::app {

// usage, naming the word, for what is not a number of that range. n_vocab 0: any non-negative id.
Result<std::vector<std::int32_t>> parse_token_ids(std::string_view text, std::size_t n_vocab);

class Flags;

// Declares --tokens and --tokens-file; take() is a usage error unless one of them was given and
// names at least one token.
class TokenListArgument {
 public:
  void declare(Flags& flags);
  Result<std::vector<std::int32_t>> take() const;

 private:
  std::string list_, file_;
};

}  // namespace hearth::app
