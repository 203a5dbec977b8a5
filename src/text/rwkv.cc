// SPDX-License-Identifier: Apache-2.0
//
// RWKV's World tokenizer: the longest token at every place, over bytes.
#include "text/byte_trie.h"
#include "text/rwkv_escape.h"
#include "text/tokenizer_base.h"

namespace hearth::text {
namespace {

class RwkvTokenizer final : public TokenizerBase {
 public:
  explicit RwkvTokenizer(Vocab vocab) : TokenizerBase(std::move(vocab)) {
    for (std::size_t i = 0; i < vocab_.size(); ++i)
      pieces_.add(unescape_rwkv(vocab_.spelled.at(i)), static_cast<std::int32_t>(i));
  }

 protected:
  void encode_text(std::string_view text, bool, Scratch& scratch,
                   std::vector<TokenId>& out) const override {
    while (!text.empty()) {
      TokenId id = vocab_.unknown;  // of a byte that begins no token
      std::size_t longest = 1;
      ByteTrie::Node node = ByteTrie::kRoot;
      for (std::size_t i = 0; i < text.size(); ++i) {
        node = pieces_.child(node, text[i]);
        ++scratch.steps;
        if (node == ByteTrie::kRoot) break;
        if (pieces_.value(node) == ByteTrie::kNoValue) continue;
        id = pieces_.value(node);
        longest = i + 1;
      }
      if (id != kNoToken) out.push_back(id);
      text.remove_prefix(longest);
    }
  }

 private:
  ByteTrie pieces_;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_rwkv(Vocab vocab) {
  return std::make_shared<const RwkvTokenizer>(std::move(vocab));
}

}  // namespace hearth::text
