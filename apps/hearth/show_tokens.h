// SPDX-License-Identifier: Apache-2.0
//
// How a text was cut into tokens, for people: the text itself with every other token shaded (on a
// terminal), then one line for each token with its id, kind, bytes and text.
#pragma once

#include <span>
#include <string>

#include "base/json_fwd.h"
#include "text/tokenizer.h"

namespace hearth::app {

// Whatever a token holds, nothing but our own colours reaches the terminal as a control character.
std::string show_tokens(const text::Tokenizer& tokenizer, std::span<const text::TokenId> ids,
                        bool coloured);

// [{"id", "kind", "text", "bytes"}, ...]: text with U+FFFD where it is not UTF-8, bytes as an array
// of numbers.
Json tokens_to_json(const text::Tokenizer& tokenizer, std::span<const text::TokenId> ids);

}  // namespace hearth::app
