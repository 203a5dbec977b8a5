// SPDX-License-Identifier: Apache-2.0
#include "text/bpe.h"

#include "text/byte_alphabet.h"

namespace hearth::text {
namespace {

constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";
constexpr std::size_t kLongWord = 48;  // from here on it pays to look for places no merge crosses

std::string without_plain_spaces(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == ' ')
      escaped += kSpaceMark;
    else
      escaped.push_back(c);
  }
  return escaped;
}

}  // namespace

BpeTokenizer::BpeTokenizer(Vocab vocab) : TokenizerBase(std::move(vocab)), pre_(*vocab_.pre) {
  for (std::size_t i = 0; i < vocab_.size(); ++i) {
    const std::string_view spelling = vocab_.spelled.at(i);
    const auto bytes = pre_.raw_bytes ? decode_byte_alphabet(spelling) : std::string(spelling);
    if (!bytes) continue;  // no text can spell it
    pieces_.add(*bytes);
    token_of_piece_.push_back(static_cast<TokenId>(i));
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<std::uint8_t>(byte);
    const char raw = static_cast<char>(value);
    byte_pieces_[byte] = static_cast<std::uint32_t>(pieces_.intern(std::string_view(&raw, 1)));
    byte_tokens_[byte] = {kNoToken, kNoToken};
    if (!pre_.raw_bytes) {
      byte_tokens_[byte][0] = vocab_.find(spelling_of_byte(value));
      continue;
    }
    // llama.cpp looks each byte of the alphabet's UTF-8 character up by itself.
    std::string spelled;
    append_plain(spelled, byte_to_rune(value));
    for (std::size_t i = 0; i < spelled.size(); ++i)
      byte_tokens_[byte][i] = vocab_.find(std::string_view(spelled).substr(i, 1));
  }
}

Result<std::shared_ptr<const Tokenizer>> BpeTokenizer::make(const format::Gguf& gguf, Vocab vocab) {
  const auto merges = TRY(gguf.get_array(kMergesKey, format::ValueType::string));
  if (!merges && vocab.pre_name != "kimi-k2")
    return fail(ErrorCode::integrity, "{}: {} is missing", gguf.file_name(), kMergesKey);
  const std::shared_ptr<BpeTokenizer> tokenizer(new BpeTokenizer(std::move(vocab)));
  if (merges) {
    for (std::size_t i = 0; i < merges->size(); ++i)
      tokenizer->add_merge(merges->string_at(i), static_cast<std::uint32_t>(i));
  }
  return tokenizer;
}

// "left right". A merge without a space, or with characters that no text has, never applies.
void BpeTokenizer::add_merge(std::string_view merge, std::uint32_t rank) {
  const std::size_t space = merge.find(' ', 1);
  if (space == std::string_view::npos || space + 1 == merge.size()) return;
  std::string left(merge.substr(0, space));
  std::string right(merge.substr(space + 1));
  if (pre_.raw_bytes) {
    const auto left_bytes = decode_byte_alphabet(left);
    const auto right_bytes = decode_byte_alphabet(right);
    if (!left_bytes || !right_bytes) return;
    left = *left_bytes;
    right = *right_bytes;
    joins_.add(static_cast<unsigned char>(left.back()), static_cast<unsigned char>(right.front()));
  } else {
    PackedSymbol last = {};
    for (std::size_t at = 0; at < left.size(); at += last.size) last = pack_symbol(left, at);
    joins_.add(last.value, pack_symbol(right, 0).value);
  }
  const auto piece = [this](const std::string& bytes) {
    return static_cast<std::uint32_t>(pieces_.intern(bytes));
  };
  const std::uint32_t left_piece = piece(left);
  const std::uint32_t right_piece = piece(right);
  merges_.add(left_piece, right_piece, {rank, piece(left + right)});
}

void BpeTokenizer::encode_text(std::string_view text, bool, Scratch& scratch,
                               std::vector<TokenId>& out) const {
  if (vocab_.escape_spaces) {
    scratch.text = without_plain_spaces(text);
    text = scratch.text;
  }
  if (vocab_.model_name != "whitespace") return cut_and_encode(text, scratch, out);
  // Models of kind "whitespace" drop white space and may fold case.
  std::string& word = scratch.word;
  word.clear();
  while (!text.empty()) {
    const LenientRune next = decode_lenient(text);
    text.remove_prefix(next.length);
    const bool space = (rune_class(next.rune) & kWhiteSpace) != 0;
    if (!space) append_plain(word, vocab_.lower_case ? lower_case(next.rune) : next.rune);
    if (!space && !text.empty()) continue;
    cut_and_encode(word, scratch, out);
    word.clear();
  }
}

void BpeTokenizer::cut_and_encode(std::string_view text, Scratch& scratch,
                                  std::vector<TokenId>& out) const {
  scratch.runes.assign(text);
  cut_words(pre_, scratch.runes, scratch.ends, scratch.spare_ends);
  const std::string_view bytes = scratch.runes.bytes();
  std::size_t rune = 0;
  std::size_t begin = 0;
  for (const std::size_t end_rune : scratch.ends) {
    std::size_t end = begin;
    for (; rune < end_rune; ++rune) end += plain_length(scratch.runes.runes()[rune]);
    const std::string_view word = bytes.substr(begin, end - begin);
    begin = end;
    if (word.empty() || scratch.cache.find(word, out)) continue;
    const std::size_t first = out.size();
    encode_word(word, scratch, out);
    scratch.cache.store(word, out.data() + first, out.size() - first);
  }
}

void BpeTokenizer::encode_word(std::string_view word, Scratch& scratch,
                               std::vector<TokenId>& out) const {
  // llama.cpp pull request 21343: Gemma 4's runs of newlines are tokens that no merge makes.
  if (pre_.ignore_merges || (pre_.gemma4 && word.front() == '\n')) {
    if (const TokenId id = whole_token(word); id != kNoToken) return out.push_back(id);
  }
  if (word.size() < kLongWord) return encode_part(word, scratch, out);
  // No merge crosses a boundary between symbols that no merge joins, so the parts are independent.
  std::size_t part = 0;
  PackedSymbol last = {};
  for (std::size_t at = 0; at < word.size(); at += last.size) {
    const PackedSymbol symbol = pre_.raw_bytes
                                    ? PackedSymbol{static_cast<unsigned char>(word[at]), 1}
                                    : pack_symbol(word, at);
    if (at > part && !joins_.has(last.value, symbol.value)) {
      encode_part(word.substr(part, at - part), scratch, out);
      part = at;
    }
    last = symbol;
  }
  encode_part(word.substr(part), scratch, out);
}

void BpeTokenizer::encode_part(std::string_view part, Scratch& scratch,
                               std::vector<TokenId>& out) const {
  if (scratch.cache.find(part, out)) return;
  const std::size_t first = out.size();
  Merger& merger = scratch.merger;
  merger.clear();
  for (std::size_t at = 0; at < part.size();) {
    const auto size = pre_.raw_bytes ? 1u : pack_symbol(part, at).size;
    const std::uint32_t piece =
        size == 1 ? byte_pieces_[static_cast<unsigned char>(part[at])]
                  : static_cast<std::uint32_t>(pieces_.find(part.substr(at, size)));
    merger.add(static_cast<std::uint32_t>(at), size, piece);
    at += size;
  }
  merger.run([this](const MergeSymbol& left,
                    const MergeSymbol& right) { return merges_.find(left.piece, right.piece); },
             [&](const MergeSymbol& symbol) {
               const TokenId id = token_of(symbol.piece);
               if (id != kNoToken)
                 out.push_back(id);
               else
                 emit_bytes(part.substr(symbol.begin, symbol.size), out);
             });
  scratch.cache.store(part, out.data() + first, out.size() - first);
}

void BpeTokenizer::emit_bytes(std::string_view bytes, std::vector<TokenId>& out) const {
  for (const char c : bytes) {
    for (const TokenId id : byte_tokens_[static_cast<unsigned char>(c)]) {
      if (id != kNoToken) out.push_back(id);
    }
  }
}

Result<std::shared_ptr<const Tokenizer>> make_bpe(const format::Gguf& gguf, Vocab vocab) {
  return BpeTokenizer::make(gguf, std::move(vocab));
}

}  // namespace hearth::text
