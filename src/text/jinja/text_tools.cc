// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/text_tools.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/jinja/text_search.h"
#include "text/jinja/unicode.h"
#include "text/jinja/value.h"

namespace hearth::text::jinja {
namespace {

// The start of the last code point.
std::size_t last_rune(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

bool is_line_end(char32_t rune) {
  return (rune >= 0x0A && rune <= 0x0D) || (rune >= 0x1C && rune <= 0x1E) || rune == 0x85 ||
         rune == 0x2028 || rune == 0x2029;
}

std::size_t find_space(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const DecodedRune rune = decode_rune(text.substr(i));
    if (is_space(rune.rune)) return i;
    i += rune.length;
  }
  return text.size();
}

// The start of the run without white space at the end.
std::size_t last_word(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0) {
    const std::size_t before = last_rune(text.substr(0, at));
    if (is_space(decode_rune(text.substr(before)).rune)) break;
    at = before;
  }
  return at;
}

// Some code points, found fast however many they are.
class RuneSet {
 public:
  explicit RuneSet(std::string_view text) {
    while (!text.empty()) {
      const DecodedRune rune = decode_rune(text);
      if (rune.rune < ascii_.size())
        ascii_[rune.rune] = true;
      else
        others_.push_back(rune.rune);
      text.remove_prefix(rune.length);
    }
    std::sort(others_.begin(), others_.end());
  }
  bool has(char32_t rune) const {
    if (rune < ascii_.size()) return ascii_[rune];
    return std::binary_search(others_.begin(), others_.end(), rune);
  }

 private:
  std::array<bool, 128> ascii_{};
  std::u32string others_;
};

}  // namespace

std::string_view stripped(std::string_view text, Side side, std::optional<std::string_view> chars) {
  const RuneSet set(chars.value_or(""));
  const auto goes = [&](std::string_view rune) {
    return chars ? set.has(decode_rune(rune).rune) : is_space(decode_rune(rune).rune);
  };
  while (side != Side::right && !text.empty()) {
    const std::size_t length = decode_rune(text).length;
    if (!goes(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (side != Side::left && !text.empty()) {
    const std::size_t at = last_rune(text);
    if (!goes(text.substr(at))) break;
    text = text.substr(0, at);
  }
  return text;
}

std::vector<std::string_view> split_space(std::string_view text, std::ptrdiff_t max_splits,
                                          bool from_right, std::size_t most) {
  std::vector<std::string_view> parts;
  text = stripped(text, from_right ? Side::right : Side::left);
  while (!text.empty() && parts.size() <= most) {
    if (max_splits >= 0 && static_cast<std::ptrdiff_t>(parts.size()) == max_splits) {
      parts.push_back(text);
      break;
    }
    if (from_right) {
      const std::size_t start = last_word(text);
      parts.push_back(text.substr(start));
      text = stripped(text.substr(0, start), Side::right);
    } else {
      const std::size_t end = find_space(text);
      parts.push_back(text.substr(0, end));
      text = stripped(text.substr(end), Side::left);
    }
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator,
                                       std::ptrdiff_t max_splits, bool from_right,
                                       std::size_t most) {
  std::vector<std::string_view> parts;
  while (parts.size() <= most &&
         (max_splits < 0 || static_cast<std::ptrdiff_t>(parts.size()) < max_splits)) {
    const std::size_t at = from_right ? rfind_text(text, separator) : find_text(text, separator);
    if (at == std::string_view::npos) break;
    if (from_right) {
      parts.push_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      parts.push_back(text.substr(0, at));
      text = text.substr(at + separator.size());
    }
  }
  parts.push_back(text);
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends, std::size_t most) {
  std::vector<std::string_view> lines;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size() && lines.size() <= most;) {
    const DecodedRune rune = decode_rune(text.substr(i));
    std::size_t end = i + rune.length;
    if (is_line_end(rune.rune)) {
      if (rune.rune == '\r' && end < text.size() && text[end] == '\n') ++end;
      lines.push_back(text.substr(start, (keep_ends ? end : i) - start));
      start = end;
    }
    i = end;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

std::size_t replaced_size(std::string_view text, std::string_view from, std::string_view to,
                          std::ptrdiff_t at_most) {
  std::size_t n = 0;
  const std::size_t limit =
      at_most < 0 ? std::string_view::npos : static_cast<std::size_t>(at_most);
  if (from.empty()) {
    n = std::min(limit, count_runes(text) + 1);
  } else {
    n = count_text(text, from, limit);
  }
  return text.size() - n * from.size() + n * to.size();
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     std::ptrdiff_t at_most) {
  std::string out;
  out.reserve(replaced_size(text, from, to, at_most));
  std::size_t left = at_most < 0 ? std::string_view::npos : static_cast<std::size_t>(at_most);
  if (from.empty()) {
    // Before every code point and at the end.
    for (; left > 0; --left) {
      out += to;
      if (text.empty()) return out;
      const std::size_t length = decode_rune(text).length;
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
    return out += text;
  }
  while (left > 0) {
    const std::size_t at = find_text(text, from);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
    --left;
  }
  return out += text;
}

}  // namespace hearth::text::jinja
