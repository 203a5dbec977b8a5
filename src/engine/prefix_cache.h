// SPDX-License-Identifier: Apache-2.0
//
// What the KV cache keeps of sequences that are over or under way, so that a prompt which begins as
// one of them need not be read again. Full blocks are found by their content: a hash over the scope
// and all tokens up to the block's end finds candidates, and the tokens themselves decide. They
// form a tree, a block below the one before it. Beside full blocks it holds the unfinished last
// block of sequences that ended, so that a chat goes on from its last token.
//
// The cache shares blocks with the sequences that use them (model/sequence.h): each outlives the
// other, and whoever writes into a shared block copies it first. Scopes see nothing of each other.
// What has not been used for longest goes first, an end before what it rests on: when there are
// more blocks than allowed, and whenever a sequence lacks blocks (make_room).
//
// The store outlives the cache. One thread.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/request.h"
#include "model/sequence.h"

namespace hearth::engine {

struct CacheMatch {
  std::uint32_t n_tokens = 0;  // that the sequence now holds
  CacheStop stop = CacheStop::nothing_alike;
  TokenId cached_token = -1;  // see StartedEvent
  std::uint32_t n_lost = 0;
  std::vector<TokenId> lost = {};  // those n_lost
};

// The hash of a block's tokens, going on from that of the block before it.
using ChainHash = std::uint64_t (*)(std::uint64_t before, std::span<const TokenId> tokens);
std::uint64_t chain_hash(std::uint64_t before, std::span<const TokenId> tokens);

class PrefixCache {
 public:
  // max_blocks: 0 keeps nothing.
  PrefixCache(model::SequenceStore& store, std::uint32_t max_blocks, ChainHash hash = chain_hash);
  ~PrefixCache();
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // Gives an empty sequence the longest beginning of `tokens` that is cached.
  CacheMatch adopt(std::uint64_t scope, std::span<const TokenId> tokens, model::Sequence& sequence);

  // Keeps the full blocks of a sequence that holds `tokens` (as many as its length), and its last
  // block too if that is not full, when the sequence is over. Where it has computed what was there
  // already, it shares that from now on and its own block is free.
  void keep(std::uint64_t scope, std::span<const TokenId> tokens, model::Sequence& sequence,
            bool is_over);

  // Gives up what lets `wanting` reserve more: the oldest block that nobody else uses, or the
  // cache's share in the block that it is about to write into. False: there is no such thing.
  bool make_room(const model::Sequence& wanting);

  std::uint32_t n_blocks() const { return static_cast<std::uint32_t>(nodes_.size()); }
  // Those that nobody else uses: make_room() can free as many.
  std::uint32_t n_idle_blocks() const;
  std::uint64_t n_evicted() const { return n_evicted_; }

 private:
  struct Node;
  struct Branch {  // a node, or the root of a scope
    std::uint64_t scope = 0;
    std::uint64_t hash = 0;
    std::vector<Node*> children;
  };
  struct Node : Branch {
    Branch* above = nullptr;
    Node* parent = nullptr;       // above, unless that is a root
    std::vector<TokenId> tokens;  // kBlockTokens of them, or fewer in an unfinished block
    model::BlockId block = 0;
    std::list<Node>::iterator self;
  };

  Node* find_full(const Branch& above, std::span<const TokenId> tokens) const;
  // The child with the longest common beginning, and how long that is.
  static std::pair<Node*, std::size_t> most_alike(const Branch& above,
                                                  std::span<const TokenId> tokens);
  static std::vector<TokenId> line_from(const Node& node, std::size_t n);
  Node& add(Branch& above, std::span<const TokenId> tokens, model::BlockId block);
  void drop_beginnings_of(std::span<const TokenId> tokens, Branch& above);
  void touch(Node* deepest);
  void evict(Node& node);
  void drop(Node& node);

  model::SequenceStore& store_;
  const std::uint32_t max_blocks_;
  const ChainHash hash_;
  // The most recently used first, and every node before those below it.
  std::list<Node> nodes_;
  std::unordered_multimap<std::uint64_t, Node*> full_;  // by hash
  std::map<std::uint64_t, Branch> roots_;               // by scope; none without children
  std::uint64_t n_evicted_ = 0;
};

}  // namespace hearth::engine
