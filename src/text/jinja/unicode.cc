// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/unicode.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "base/utf8.h"

namespace hearth::text::jinja {
namespace {

struct FlagRun {
  char32_t first;
  std::uint16_t flags;
};
struct CaseRun {
  char32_t first;
  char32_t last;
  std::uint8_t stride;
  std::int32_t delta;
};
struct CaseString {
  char32_t rune;
  char32_t mapped[3];
};

#include "text/jinja/generated/unicode_tables.inc"

struct CaseTable {
  std::span<const CaseRun> runs;
  std::span<const CaseString> strings;
};

CaseTable table_of(CaseMap map) {
  switch (map) {
    case CaseMap::lower:
      return {kLowerRuns, kLowerStrings};
    case CaseMap::upper:
      return {kUpperRuns, kUpperStrings};
    case CaseMap::title:
      return {kTitleRuns, kTitleStrings};
    case CaseMap::fold:
      break;
  }
  return {kFoldRuns, kFoldStrings};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char upper_ascii(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

// A capital sigma is final after a cased letter and before none, looking through ignorable runes.
bool is_final_sigma(std::string_view text, std::size_t at) {
  std::size_t i = at;
  bool cased_before = false;
  while (i > 0) {
    do --i;
    while (i > 0 && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80);
    const std::uint16_t flags = flags_of(decode_rune(text.substr(i)).rune);
    if (flags & kIgnorable) continue;
    cased_before = (flags & kCased) != 0;
    break;
  }
  if (!cased_before) return false;
  for (i = at + 2; i < text.size();) {
    const DecodedRune next = decode_rune(text.substr(i));
    const std::uint16_t flags = flags_of(next.rune);
    if (!(flags & kIgnorable)) return !(flags & kCased);
    i += next.length;
  }
  return true;
}

void append_lower(std::string& out, std::string_view text, std::size_t at, char32_t rune) {
  if (rune == 0x3A3)
    append_rune(out, is_final_sigma(text, at) ? 0x3C2 : 0x3C3);
  else
    append_mapped(out, rune, CaseMap::lower);
}

template <class Visit>
std::string mapped_runes(std::string_view text, Visit visit) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const DecodedRune decoded = decode_rune(text.substr(at));
    visit(out, at, decoded.rune);
    at += decoded.length;
  }
  return out;
}

std::uint16_t looked_up_flags(char32_t rune) {
  const auto* run =
      std::upper_bound(std::begin(kFlagRuns), std::end(kFlagRuns), rune,
                       [](char32_t value, const FlagRun& r) { return value < r.first; });
  return std::prev(run)->flags;
}

}  // namespace

std::uint16_t flags_of(char32_t rune) {
  static const std::array<std::uint16_t, 128> kAscii = [] {
    std::array<std::uint16_t, 128> table{};
    for (char32_t i = 0; i < table.size(); ++i) table[i] = looked_up_flags(i);
    return table;
  }();
  return rune < kAscii.size() ? kAscii[rune] : looked_up_flags(rune);
}

int decimal_value(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9' ? static_cast<int>(rune - '0') : -1;
  if (!has(rune, kDecimal)) return -1;
  // Decimal digits come in blocks of ten; blocks that touch start at a multiple of ten from the
  // first.
  char32_t first = rune;
  while (has(first - 1, kDecimal)) --first;
  return static_cast<int>((rune - first) % 10);
}

void append_mapped(std::string& out, char32_t rune, CaseMap map) {
  if (rune < 0x80) {
    const bool lowers = map == CaseMap::lower || map == CaseMap::fold;
    out += lowers ? lower_ascii(static_cast<char>(rune)) : upper_ascii(static_cast<char>(rune));
    return;
  }
  const CaseTable table = table_of(map);
  const auto many =
      std::lower_bound(table.strings.begin(), table.strings.end(), rune,
                       [](const CaseString& s, char32_t value) { return s.rune < value; });
  if (many != table.strings.end() && many->rune == rune) {
    for (const char32_t mapped : many->mapped)
      if (mapped != 0) append_rune(out, mapped);
    return;
  }
  const auto after =
      std::upper_bound(table.runs.begin(), table.runs.end(), rune,
                       [](char32_t value, const CaseRun& r) { return value < r.first; });
  if (after != table.runs.begin()) {
    const CaseRun& run = *std::prev(after);
    if (rune <= run.last && (rune - run.first) % run.stride == 0)
      rune = static_cast<char32_t>(static_cast<std::int32_t>(rune) + run.delta);
  }
  append_rune(out, rune);
}

std::string to_lower(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_ascii);
    return out;
  }
  return mapped_runes(text, [text](std::string& out, std::size_t at, char32_t rune) {
    append_lower(out, text, at, rune);
  });
}

std::string to_upper(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), upper_ascii);
    return out;
  }
  return mapped_runes(text, [](std::string& out, std::size_t, char32_t rune) {
    append_mapped(out, rune, CaseMap::upper);
  });
}

std::string to_folded(std::string_view text) {
  return mapped_runes(text, [](std::string& out, std::size_t, char32_t rune) {
    append_mapped(out, rune, CaseMap::fold);
  });
}

std::string to_title(std::string_view text) {
  bool after_cased = false;
  return mapped_runes(text, [&](std::string& out, std::size_t at, char32_t rune) {
    if (after_cased)
      append_lower(out, text, at, rune);
    else
      append_mapped(out, rune, CaseMap::title);
    after_cased = has(rune, kCased);
  });
}

std::string to_capitalized(std::string_view text) {
  return mapped_runes(text, [text](std::string& out, std::size_t at, char32_t rune) {
    if (at == 0)
      append_mapped(out, rune, CaseMap::title);
    else
      append_lower(out, text, at, rune);
  });
}

std::string to_swapped(std::string_view text) {
  return mapped_runes(text, [text](std::string& out, std::size_t at, char32_t rune) {
    const std::uint16_t flags = flags_of(rune);
    if (flags & kUpper)
      append_lower(out, text, at, rune);
    else if (flags & kLower)
      append_mapped(out, rune, CaseMap::upper);
    else
      append_rune(out, rune);
  });
}

bool is_cased_text(std::string_view text, bool upper) {
  bool any = false;
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    const std::uint16_t flags = flags_of(decoded.rune);
    if (flags & (kTitle | (upper ? kLower : kUpper))) return false;
    any = any || (flags & (upper ? kUpper : kLower)) != 0;
    text.remove_prefix(decoded.length);
  }
  return any;
}

}  // namespace hearth::text::jinja
