// SPDX-License-Identifier: Apache-2.0
#include "text/spm.h"

#include <bit>

namespace hearth::text {
namespace {

// Floats in descending order as unsigned integers in ascending order; -0 and 0 are the same.
std::uint32_t descending_key(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
  const std::uint32_t ascending = (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
  return ~ascending;
}

}  // namespace

SpmTokenizer::SpmTokenizer(Vocab vocab) : TokenizerBase(std::move(vocab)) {
  merge_keys_.reserve(vocab_.size());
  for (std::size_t i = 0; i < vocab_.size(); ++i) {
    merge_keys_.push_back(descending_key(vocab_.scores[i]));
    const std::string_view spelling = vocab_.spelled.at(i);
    PackedSymbol last = {};
    for (std::size_t at = 0; at < spelling.size(); at += last.size) {
      const PackedSymbol symbol = pack_symbol(spelling, at);
      if (at > 0) joins_.add(last.value, symbol.value);
      last = symbol;
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char raw = static_cast<char>(byte);
    TokenId& id = byte_tokens_[byte];
    id = vocab_.find(spelling_of_byte(static_cast<std::uint8_t>(byte)));
    if (id == kNoToken) id = vocab_.find(std::string_view(&raw, 1));
  }
}

void SpmTokenizer::encode_text(std::string_view text, bool at_boundary, Scratch& scratch,
                               std::vector<TokenId>& out) const {
  std::string& escaped = scratch.text;
  escaped.clear();
  if (vocab_.add_space_prefix && at_boundary) escaped += kSpaceMark;
  for (const char c : text) {
    if (c == ' ')
      escaped += kSpaceMark;
    else
      escaped.push_back(c);
  }
  // No token has these two symbols side by side, so no merge crosses between them and the parts are
  // independent. In prose this falls before nearly every word.
  const std::string_view whole = escaped;
  std::size_t part = 0;
  PackedSymbol last = {};
  for (std::size_t at = 0; at < whole.size(); at += last.size) {
    const PackedSymbol symbol = pack_symbol(whole, at);
    if (at > part && !joins_.has(last.value, symbol.value)) {
      encode_part(whole.substr(part, at - part), scratch, out);
      part = at;
    }
    last = symbol;
  }
  encode_part(whole.substr(part), scratch, out);
}

void SpmTokenizer::encode_part(std::string_view part, Scratch& scratch,
                               std::vector<TokenId>& out) const {
  if (scratch.cache.find(part, out)) return;
  const std::size_t first = out.size();
  Merger& merger = scratch.merger;
  merger.clear();
  for (std::size_t at = 0; at < part.size();) {
    const std::uint32_t size = pack_symbol(part, at).size;
    merger.add(static_cast<std::uint32_t>(at), size, kNoPiece);
    at += size;
  }
  merger.run(
      [&](const MergeSymbol& left, const MergeSymbol& right) -> MergePair {
        const std::size_t size = left.size + right.size;
        if (size > vocab_.longest_token_bytes) return {};
        const TokenId id = vocab_.find(part.substr(left.begin, size));
        if (id == kNoToken) return {};
        return {merge_keys_[static_cast<std::size_t>(id)], static_cast<std::uint32_t>(id)};
      },
      [&](const MergeSymbol& symbol) {
        const std::string_view bytes = part.substr(symbol.begin, symbol.size);
        if (symbol.piece != kNoPiece) return out.push_back(static_cast<TokenId>(symbol.piece));
        if (const TokenId id = vocab_.find(bytes); id != kNoToken) return out.push_back(id);
        emit_bytes(bytes, out);
      });
  scratch.cache.store(part, out.data() + first, out.size() - first);
}

// A symbol of which a byte has no token is the unknown token; llama.cpp gives up there.
void SpmTokenizer::emit_bytes(std::string_view bytes, std::vector<TokenId>& out) const {
  const std::size_t first = out.size();
  for (const char c : bytes) {
    const TokenId id = byte_tokens_[static_cast<unsigned char>(c)];
    if (id == kNoToken) {
      out.resize(first);
      if (vocab_.unknown != kNoToken) out.push_back(vocab_.unknown);
      return;
    }
    out.push_back(id);
  }
}

Result<std::shared_ptr<const Tokenizer>> make_spm(Vocab vocab) {
  return std::make_shared<const SpmTokenizer>(std::move(vocab));
}

}  // namespace hearth::text
