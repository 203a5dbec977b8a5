// SPDX-License-Identifier: Apache-2.0
//
// GPT-2's byte alphabet: every byte has a printable character of its own, so that vocabularies of
// byte strings can be written as text. Bytes that are printable in Latin-1 stand for themselves;
// the other 68 are U+0100 onwards, in order (bytes_to_unicode in OpenAI's gpt-2 encoder.py).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::text {

char32_t byte_to_rune(std::uint8_t byte);
std::optional<std::uint8_t> rune_to_byte(char32_t rune);

// The bytes that a spelling stands for; nothing if one of its characters is outside the alphabet.
std::optional<std::string> decode_byte_alphabet(std::string_view spelling);
// The same, with characters outside the alphabet standing for themselves.
std::string from_byte_alphabet(std::string_view spelling);

}  // namespace hearth::text
