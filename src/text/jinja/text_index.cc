// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/text_index.h"

#include "base/utf8.h"

namespace hearth::text::jinja {

std::size_t rune_offset(std::string_view text, std::size_t n) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (n == 0) return i;
    --n;
  }
  return text.size();
}

std::size_t rune_offset_from_end(std::string_view text, std::size_t n) {
  std::size_t at = text.size();
  while (n > 0 && at > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) --n;
  }
  return at;
}

std::u32string decoded(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const DecodedRune rune = decode_rune(text);
    out.push_back(rune.rune);
    text.remove_prefix(rune.length);
  }
  return out;
}

std::string sliced_text(const Value& text, const RangeObject& places, std::size_t n) {
  const std::string_view bytes = text.as_text();
  if (places.step == 1) {
    const std::size_t first = rune_offset(text, static_cast<std::size_t>(places.start));
    const std::string_view rest = bytes.substr(first);
    return std::string(rest.substr(0, text.is_ascii() ? n : rune_offset(rest, n)));
  }
  std::string out;
  if (text.is_ascii()) {
    for (std::size_t i = 0; i < n; ++i)
      out.push_back(bytes[static_cast<std::size_t>(places.at(i))]);
    return out;
  }
  const std::u32string runes = decoded(bytes);
  for (std::size_t i = 0; i < n; ++i)
    append_rune(out, runes[static_cast<std::size_t>(places.at(i))]);
  return out;
}

}  // namespace hearth::text::jinja
