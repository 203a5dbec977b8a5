// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>

#include "base/utf8.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/layout.h"
#include "text/jinja/text_index.h"
#include "text/jinja/unicode.h"

namespace hearth::text::jinja {
namespace {

bool is_blank(char32_t rune) {
  return rune == ' ' || (rune >= 9 && rune <= 13);
}
bool is_word(char32_t rune) {
  return rune == '_' || has(rune, kAlpha | kDecimal | kDigit | kNumeric);
}
bool is_letter(char32_t rune) {
  return is_word(rune) && !has(rune, kDecimal);
}

// Cuts a paragraph into words and white space; words also at hyphens and before and after dashes.
class Chunker {
 public:
  explicit Chunker(std::u32string_view text) : text_(text) {}

  std::deque<std::u32string_view> run(bool break_on_hyphens) {
    std::deque<std::u32string_view> chunks;
    for (std::size_t i = 0; i < text_.size();) {
      std::size_t end = i + 1;
      if (is_blank(text_[i])) {
        while (end < text_.size() && is_blank(text_[end])) ++end;
      } else if (!break_on_hyphens) {
        while (end < text_.size() && !is_blank(text_[end])) ++end;
      } else if (is_dash(i)) {
        while (text_[end] == '-') ++end;
      } else {
        end = word_end(i);
      }
      chunks.push_back(text_.substr(i, end - i));
      i = end;
    }
    return chunks;
  }

 private:
  bool letter_at(std::size_t i) const { return i < text_.size() && is_letter(text_[i]); }

  // Two or more hyphens after a word or punctuation and before a word.
  bool is_dash(std::size_t i) const {
    if (i == 0 || i >= text_.size() || text_[i] != '-') return false;
    if (!is_word(text_[i - 1]) &&
        std::u32string_view(U"!\"'&.,?").find(text_[i - 1]) == std::u32string_view::npos)
      return false;
    std::size_t end = i;
    while (end < text_.size() && text_[end] == '-') ++end;
    return end - i >= 2 && end < text_.size() && is_word(text_[end]);
  }

  // A hyphen inside of a word: after two letters (or letter-hyphen-letter), before two likewise.
  bool is_hyphen(std::size_t i) const {
    if (text_[i] != '-' || i < 2 || !letter_at(i - 1)) return false;
    const bool before = letter_at(i - 2) || (i >= 3 && text_[i - 2] == '-' && letter_at(i - 3));
    if (!before || !letter_at(i + 1)) return false;
    return letter_at(i + 2) || (i + 2 < text_.size() && text_[i + 2] == '-' && letter_at(i + 3));
  }

  std::size_t word_end(std::size_t start) const {
    for (std::size_t end = start + 1;; ++end) {
      if (end >= text_.size() || is_blank(text_[end]) || is_dash(end)) return end;
      if (is_hyphen(end)) return end + 1;
    }
  }

  std::u32string_view text_;
};

bool is_white(std::u32string_view chunk) {
  return std::all_of(chunk.begin(), chunk.end(), is_space);
}

// How much of a word that is too long goes on a line that has room for so much.
std::size_t cut_of(std::u32string_view word, std::size_t room, bool on_hyphens) {
  if (!on_hyphens || word.size() <= room) return room;
  const std::size_t hyphen = room == 0 ? std::u32string_view::npos : word.rfind(U'-', room - 1);
  if (hyphen == std::u32string_view::npos || hyphen == 0) return room;
  const std::u32string_view before = word.substr(0, hyphen);
  return before.find_first_not_of(U'-') == std::u32string_view::npos ? room : hyphen + 1;
}

}  // namespace

Result<std::vector<std::string>> wrap_text(std::string_view source, const WrapOptions& options) {
  const std::u32string text = decoded(source);
  std::deque<std::u32string_view> chunks = Chunker(text).run(options.break_on_hyphens);
  const auto width = static_cast<std::size_t>(options.width);
  std::vector<std::string> lines;
  while (!chunks.empty()) {
    std::vector<std::u32string_view> line;
    std::size_t size = 0;
    if (!lines.empty() && is_white(chunks.front())) chunks.pop_front();
    while (!chunks.empty() && size + chunks.front().size() <= width) {
      size += chunks.front().size();
      line.push_back(chunks.front());
      chunks.pop_front();
    }
    if (!chunks.empty() && chunks.front().size() > width) {
      if (options.break_long_words) {
        if (!options.width_is_index)
          return raised("slice indices must be integers or None or have an __index__ method");
        const std::size_t cut = cut_of(chunks.front(), width - size, options.break_on_hyphens);
        line.push_back(chunks.front().substr(0, cut));
        chunks.front().remove_prefix(std::min(cut, chunks.front().size()));
      } else if (line.empty()) {
        line.push_back(chunks.front());
        chunks.pop_front();
      }
    }
    if (!line.empty() && is_white(line.back())) line.pop_back();
    if (line.empty()) continue;
    std::string& out = lines.emplace_back();
    for (const std::u32string_view chunk : line)
      for (const char32_t rune : chunk) append_rune(out, rune);
  }
  return lines;
}

}  // namespace hearth::text::jinja
