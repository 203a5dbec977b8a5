// SPDX-License-Identifier: Apache-2.0
#include "text/unigram.h"

#include <algorithm>
#include <limits>

namespace hearth::text {
namespace {

constexpr float kUnknownPenalty = 10.0F;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

UnigramTokenizer::UnigramTokenizer(Vocab vocab, Charsmap charsmap)
    : TokenizerBase(std::move(vocab)), charsmap_(std::move(charsmap)) {
  float lowest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < vocab_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view spelling = vocab_.spelled.at(i);
    if (vocab_.has(id, kAttrNormal)) lowest = std::min(lowest, vocab_.score(id));
    if (vocab_.has(id, kAttrUserDefined)) user_defined_.add(spelling, id);
    if (!vocab_.has(id, kAttrNormal | kAttrUserDefined | kAttrUnused)) continue;
    pieces_.add(spelling, id);
    PackedSymbol last = {};
    for (std::size_t at = 0; at < spelling.size(); at += last.size) {
      const PackedSymbol symbol = pack_symbol(spelling, at);
      if (at > 0) joins_.add(last.value, symbol.value);
      last = symbol;
    }
  }
  unknown_score_ = lowest - kUnknownPenalty;
  for (unsigned byte = 1; byte < 128; ++byte) {
    const char c = static_cast<char>(byte);
    plain_[byte] =
        user_defined_.child(ByteTrie::kRoot, c) == ByteTrie::kRoot && !charsmap_.begins_with(c);
  }
}

// What the front of the text becomes. As in llama.cpp, the longest beginning of any user-defined
// token is kept as it is, even where the whole token does not follow.
std::string_view UnigramTokenizer::normalize_front(std::string_view text,
                                                   std::size_t& consumed) const {
  consumed = 1;
  if (plain_[static_cast<unsigned char>(text[0])]) return text.substr(0, 1);
  std::size_t kept = 0;
  for (ByteTrie::Node node = ByteTrie::kRoot; kept < text.size(); ++kept) {
    node = user_defined_.child(node, text[kept]);
    if (node == ByteTrie::kRoot) break;
  }
  if (kept > 0) {
    consumed = kept;
    return text.substr(0, kept);
  }
  std::string_view replacement;
  if (const std::size_t covered = charsmap_.match(text, replacement); covered > 0) {
    consumed = covered;
    return replacement;
  }
  consumed = decode_lenient(text).length;
  const bool broken = consumed == 1 && static_cast<unsigned char>(text[0]) >= 0x80;
  return broken ? kReplacement : text.substr(0, consumed);
}

void UnigramTokenizer::normalize(std::string_view text, std::string& out) const {
  const std::string_view space = vocab_.escape_spaces ? kSpaceMark : std::string_view(" ");
  bool space_before_first = false;
  bool in_word = false;
  out.clear();
  while (!text.empty()) {
    std::size_t consumed = 0;
    for (const char c : normalize_front(text, consumed)) {
      if (c == ' ') {
        in_word = false;
        if (!vocab_.remove_extra_spaces) out += space;
        continue;
      }
      if (!in_word) {
        in_word = true;
        if ((vocab_.add_space_prefix && !space_before_first) || vocab_.remove_extra_spaces) {
          out += space;
          space_before_first = true;
        }
      }
      out.push_back(c);
    }
    text.remove_prefix(consumed);
  }
}

void UnigramTokenizer::encode_text(std::string_view text, bool, Scratch& scratch,
                                   std::vector<TokenId>& out) const {
  normalize(text, scratch.text);
  const std::string_view whole = scratch.text;
  if (whole.empty()) return;
  const std::size_t first = out.size();
  std::vector<Best> best;
  // Where no token has two neighbouring symbols inside it, every way through the text passes
  // between them, so what follows is solved by itself, starting from the score so far.
  double score = 0;
  std::size_t part = 0;
  PackedSymbol last = {};
  for (std::size_t at = 0; at < whole.size(); at += last.size) {
    const PackedSymbol symbol = pack_symbol(whole, at);
    if (at > part && !joins_.has(last.value, symbol.value)) {
      score = encode_part(whole.substr(part, at - part), score, best, scratch.steps, out);
      part = at;
    }
    last = symbol;
  }
  encode_part(whole.substr(part), score, best, scratch.steps, out);
  // A run of unknown tokens is one.
  const auto same_unknown = [this](TokenId a, TokenId b) { return a == b && a == vocab_.unknown; };
  out.erase(std::unique(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), same_unknown),
            out.end());
  if (vocab_.unknown == kNoToken) std::erase(out, kNoToken);
}

double UnigramTokenizer::encode_part(std::string_view part, double score, std::vector<Best>& best,
                                     std::uint64_t& steps, std::vector<TokenId>& out) const {
  best.assign(part.size() + 1, {-std::numeric_limits<double>::max(), vocab_.unknown, 0});
  best[0].score = score;
  const auto offer = [&](std::size_t begin, std::size_t end, TokenId id, double token_score) {
    const double total = best[begin].score + token_score;
    if (total > best[end].score) best[end] = {total, id, static_cast<std::uint32_t>(begin)};
  };
  for (std::size_t at = 0; at < part.size();) {
    const std::size_t symbol = pack_symbol(part, at).size;
    bool symbol_known = false;
    ByteTrie::Node node = ByteTrie::kRoot;
    for (std::size_t i = at; i < part.size(); ++i) {
      node = pieces_.child(node, part[i]);
      ++steps;
      if (node == ByteTrie::kRoot) break;
      const TokenId id = pieces_.value(node);
      if (id == ByteTrie::kNoValue) continue;
      symbol_known = symbol_known || i + 1 - at == symbol;
      const bool user_defined = vocab_.has(id, kAttrUserDefined);
      offer(at, i + 1, id, user_defined ? 0.0 : double{vocab_.score(id)});
    }
    if (!symbol_known) offer(at, at + symbol, vocab_.unknown, unknown_score_);
    at += symbol;
  }
  const std::size_t first = out.size();
  for (std::size_t end = part.size(); end > 0; end = best[end].begin) out.push_back(best[end].id);
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  return best[part.size()].score;
}

Result<std::shared_ptr<const Tokenizer>> make_unigram(const format::Gguf& gguf, Vocab vocab) {
  Charsmap charsmap = TRY(Charsmap::load(gguf));
  return std::make_shared<const UnigramTokenizer>(std::move(vocab), std::move(charsmap));
}

}  // namespace hearth::text
