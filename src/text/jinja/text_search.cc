// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/text_search.h"

#include <cstdint>
#include <cstring>
#include <vector>

namespace hearth::text::jinja {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

// A text read from its start, or from its end.
template <bool kReverse>
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  std::size_t size() const { return text_.size(); }
  char operator[](std::size_t i) const { return text_[kReverse ? text_.size() - 1 - i : i]; }

  // The next place of a character from here on.
  std::size_t next(char c, std::size_t from) const {
    if (from >= size()) return kNone;
    const void* found = kReverse ? memrchr(text_.data(), c, size() - from)
                                 : std::memchr(text_.data() + from, c, size() - from);
    if (!found) return kNone;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - text_.data());
    return kReverse ? size() - 1 - at : at;
  }
  bool has(std::string_view what, std::size_t at) const {
    const std::size_t first = kReverse ? size() - at - what.size() : at;
    return std::memcmp(text_.data() + first, what.data(), what.size()) == 0;
  }

 private:
  std::string_view text_;
};

// Knuth, Morris and Pratt's search: border[i] is the longest proper prefix of what that ends at i.
template <bool kReverse>
std::size_t search_by_borders(Reader<kReverse> text, std::string_view wanted, std::size_t from) {
  const Reader<kReverse> what(wanted);
  std::vector<std::uint32_t> border(what.size());
  const auto advance = [&](std::size_t matched, char c) {
    while (matched > 0 && what[matched] != c) matched = border[matched - 1];
    return matched + (what[matched] == c ? 1 : 0);
  };
  for (std::size_t i = 1; i < what.size(); ++i)
    border[i] = static_cast<std::uint32_t>(advance(border[i - 1], what[i]));
  std::size_t matched = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    matched = advance(matched, text[i]);
    if (matched == what.size()) return i + 1 - what.size();
  }
  return kNone;
}

// Tries each place of the first character while that costs little, as it does in prose.
template <bool kReverse>
std::size_t search(std::string_view in, std::string_view what) {
  if (what.empty()) return 0;
  if (what.size() > in.size()) return kNone;
  const Reader<kReverse> text(in);
  const char first = Reader<kReverse>(what)[0];
  const std::size_t cost = 8 + what.size() / 16;
  std::size_t spent = 0;
  for (std::size_t at = 0;; ++at) {
    at = text.next(first, at);
    if (at == kNone || at + what.size() > in.size()) return kNone;
    if (text.has(what, at)) return at;
    spent += cost;
    if (spent > at + 1024) return search_by_borders(text, what, at + 1);
  }
}

}  // namespace

std::size_t find_text(std::string_view text, std::string_view what) {
  return search<false>(text, what);
}

std::size_t rfind_text(std::string_view text, std::string_view what) {
  const std::size_t at = search<true>(text, what);
  return at == kNone ? kNone : text.size() - at - what.size();
}

std::size_t count_text(std::string_view text, std::string_view what, std::size_t limit) {
  std::size_t n = 0;
  while (n < limit) {
    const std::size_t at = find_text(text, what);
    if (at == kNone) break;
    text.remove_prefix(at + what.size());
    ++n;
  }
  return n;
}

}  // namespace hearth::text::jinja
