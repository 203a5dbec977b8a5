// SPDX-License-Identifier: Apache-2.0
//
// PLaMo 2's tokenizer: like a unigram model, but solved from the end of the text backwards, in
// whole numbers (scores times 10000), with byte tokens where no token fits. llm_tokenizer_plamo2 of
// llama.cpp walks a table of suffixes; a trie walked forward from each character finds the same
// tokens.
#include <cmath>

#include "text/byte_trie.h"
#include "text/tokenizer_base.h"

namespace hearth::text {
namespace {

constexpr std::int64_t kInvalidScore = -20'000'000;
constexpr std::int64_t kBytesScore = -10'000'000;
constexpr char32_t kByteOrderMark = 0xFEFF;

class PlamoTokenizer final : public TokenizerBase {
 public:
  static Result<std::shared_ptr<const Tokenizer>> make(const format::Gguf& gguf, Vocab vocab) {
    const std::shared_ptr<PlamoTokenizer> tokenizer(new PlamoTokenizer(std::move(vocab)));
    for (unsigned byte = 0; byte < 256; ++byte) {
      const std::string spelling = spelling_of_byte(static_cast<std::uint8_t>(byte));
      TokenId& id = tokenizer->byte_tokens_[byte];
      id = tokenizer->vocab_.find(spelling);
      if (id == kNoToken) {
        return fail(ErrorCode::integrity, "{}: tokenizer.ggml.tokens has no token {}",
                    gguf.file_name(), spelling);
      }
    }
    return tokenizer;
  }

 protected:
  struct Best {
    std::int64_t cost = std::int64_t{1} << 60;
    TokenId id = kNoToken;  // kNoToken: the rune's bytes
    std::uint32_t end = 0;
  };

  void encode_text(std::string_view text, bool, Scratch& scratch,
                   std::vector<TokenId>& out) const override {
    scratch.runes.assign(text);
    std::string_view bytes = scratch.runes.bytes();
    std::size_t n_runes = scratch.runes.size();
    if (n_runes > 0 && scratch.runes.runes()[0] == kByteOrderMark) {
      bytes.remove_prefix(plain_length(kByteOrderMark));
      --n_runes;
    }
    std::vector<Best> best(bytes.size() + 1);
    best[bytes.size()].cost = 0;
    for (std::size_t at = bytes.size(); at > 0;) {
      const std::size_t next = at;
      for (--at; (static_cast<unsigned char>(bytes[at]) & 0xC0) == 0x80;) --at;
      scratch.steps += solve(bytes, at, next, best);
    }
    for (std::size_t at = 0; at < bytes.size(); at = best[at].end) {
      if (best[at].id != kNoToken) {
        out.push_back(best[at].id);
        continue;
      }
      for (const char c : bytes.substr(at, best[at].end - at))
        out.push_back(byte_tokens_[static_cast<unsigned char>(c)]);
    }
  }

 private:
  explicit PlamoTokenizer(Vocab vocab) : TokenizerBase(std::move(vocab)) {
    for (std::size_t i = 0; i < vocab_.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      const float score = vocab_.score(id);
      costs_.push_back(-kInvalidScore);
      if (vocab_.has(id, kAttrByte) || !std::isfinite(score)) continue;
      const double scaled = std::round(double{score} * 1e4);
      if (!(scaled > double{kInvalidScore} && scaled < 2e9)) continue;
      costs_.back() = -static_cast<std::int64_t>(scaled);
      pieces_.add(vocab_.spelled.at(i), id);
    }
  }

  // The best way from one rune to the end; of equally good tokens the longest.
  std::uint64_t solve(std::string_view bytes, std::size_t at, std::size_t next,
                      std::vector<Best>& best) const {
    std::uint64_t steps = 1;
    Best& here = best[at];
    ByteTrie::Node node = ByteTrie::kRoot;
    for (std::size_t i = at; i < bytes.size(); ++i, ++steps) {
      node = pieces_.child(node, bytes[i]);
      if (node == ByteTrie::kRoot) break;
      const TokenId id = pieces_.value(node);
      if (id == ByteTrie::kNoValue) continue;
      const std::int64_t cost = best[i + 1].cost + costs_[static_cast<std::size_t>(id)];
      if (cost <= here.cost) here = {cost, id, static_cast<std::uint32_t>(i + 1)};
    }
    const std::int64_t as_bytes = best[next].cost - kBytesScore;
    if (as_bytes < here.cost || here.end == 0)
      here = {as_bytes, kNoToken, static_cast<std::uint32_t>(next)};
    return steps;
  }

  ByteTrie pieces_;
  std::vector<std::int64_t> costs_;
  std::array<TokenId, 256> byte_tokens_ = {};
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_plamo(const format::Gguf& gguf, Vocab vocab) {
  return PlamoTokenizer::make(gguf, std::move(vocab));
}

}  // namespace hearth::text
