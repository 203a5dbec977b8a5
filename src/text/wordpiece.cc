// SPDX-License-Identifier: Apache-2.0
//
// BERT's WordPiece as llama.cpp runs it (llm_tokenizer_wpm_session): text is normalised and cut at
// white space and around punctuation, then each word is the longest tokens from left to right, or
// the unknown token as a whole. In the vocabulary, words begin with U+2581 and continuations are
// bare.
#include "text/byte_trie.h"
#include "text/tokenizer_base.h"

namespace hearth::text {
namespace {

bool is_chinese(char32_t rune) {
  if (rune < 0x3400) return false;
  // The sixth range begins at 2B920 and not at 2B820 as in the original, which everybody copied.
  return (rune >= 0x4E00 && rune <= 0x9FFF) || (rune >= 0x3400 && rune <= 0x4DBF) ||
         (rune >= 0x20000 && rune <= 0x2A6DF) || (rune >= 0x2A700 && rune <= 0x2B73F) ||
         (rune >= 0x2B740 && rune <= 0x2B81F) || (rune >= 0x2B920 && rune <= 0x2CEAF) ||
         (rune >= 0xF900 && rune <= 0xFAFF) || (rune >= 0x2F800 && rune <= 0x2FA1F);
}

class WordPieceTokenizer final : public TokenizerBase {
 public:
  explicit WordPieceTokenizer(Vocab vocab) : TokenizerBase(std::move(vocab)) {
    for (std::size_t i = 0; i < vocab_.size(); ++i)
      pieces_.add(vocab_.spelled.at(i), static_cast<std::int32_t>(i));
  }

 protected:
  void encode_text(std::string_view text, bool, Scratch& scratch,
                   std::vector<TokenId>& out) const override {
    std::string& word = scratch.word;
    word = kSpaceMark;
    while (!text.empty()) {
      const LenientRune next = decode_lenient(text);
      text.remove_prefix(next.length);
      // Accents go with the decomposition's tail: only its first code point is kept, as in
      // llama.cpp.
      const char32_t rune = vocab_.strip_accents ? base_rune(next.rune) : next.rune;
      const std::uint8_t bits = rune_class(rune);
      if (bits & kWhiteSpace) {
        encode_word(scratch, out);
        continue;
      }
      if (rune == 0 || rune == 0xFFFD || (bits & kControl)) continue;
      if (vocab_.strip_accents && (bits & kMark)) continue;
      const bool alone =
          (bits & kPunctuation) || (rune < 0x7F && (bits & kSymbol)) || is_chinese(rune);
      if (alone) encode_word(scratch, out);
      append_plain(word, vocab_.lower_case ? lower_case(rune) : rune);
      if (alone) encode_word(scratch, out);
    }
    encode_word(scratch, out);
  }

 private:
  // Takes the word gathered in scratch after its U+2581.
  void encode_word(Scratch& scratch, std::vector<TokenId>& out) const {
    std::string& word = scratch.word;
    if (word.size() == kSpaceMark.size()) return;
    if (!scratch.cache.find(word, out)) {
      const std::size_t first = out.size();
      if (!match(word, scratch, out)) {
        out.resize(first);
        if (vocab_.unknown != kNoToken) out.push_back(vocab_.unknown);
      }
      scratch.cache.store(word, out.data() + first, out.size() - first);
    }
    word = kSpaceMark;
  }

  bool match(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const {
    for (std::size_t at = 0; at < word.size();) {
      std::size_t longest = at;
      TokenId id = kNoToken;
      ByteTrie::Node node = ByteTrie::kRoot;
      for (std::size_t i = at; i < word.size(); ++i) {
        node = pieces_.child(node, word[i]);
        ++scratch.steps;
        if (node == ByteTrie::kRoot) break;
        if (pieces_.value(node) == ByteTrie::kNoValue) continue;
        id = pieces_.value(node);
        longest = i + 1;
      }
      if (id == kNoToken) return false;
      out.push_back(id);
      at = longest;
    }
    return true;
  }

  ByteTrie pieces_;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_wordpiece(Vocab vocab) {
  return std::make_shared<const WordPieceTokenizer>(std::move(vocab));
}

}  // namespace hearth::text
