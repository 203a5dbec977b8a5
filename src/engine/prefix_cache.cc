// SPDX-License-Identifier: Apache-2.0
#include "engine/prefix_cache.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace hearth::engine {
namespace {

using model::kBlockTokens;

std::size_t common_beginning(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// The finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t chain_hash(std::uint64_t before, std::span<const TokenId> tokens) {
  std::uint64_t hash = before;
  for (const TokenId token : tokens) hash = mix(hash + static_cast<std::uint32_t>(token) + 1);
  return hash;
}

PrefixCache::PrefixCache(model::SequenceStore& store, std::uint32_t max_blocks, ChainHash hash)
    : store_(store), max_blocks_(max_blocks), hash_(hash) {}

PrefixCache::~PrefixCache() {
  for (const Node& node : nodes_) store_.pool.release(node.block);
}

CacheMatch PrefixCache::adopt(std::uint64_t scope, std::span<const TokenId> tokens,
                              model::Sequence& sequence) {
  CacheMatch match;
  if (max_blocks_ == 0) return {.stop = CacheStop::not_asked};
  const auto root = roots_.find(scope);
  if (root == roots_.end()) return match;

  const Branch* above = &root->second;
  Node* deepest = nullptr;
  std::vector<model::BlockId> blocks;
  std::span<const TokenId> rest = tokens;
  while (rest.size() >= kBlockTokens) {
    Node* const next = find_full(*above, rest.first(kBlockTokens));
    if (next == nullptr) break;
    blocks.push_back(next->block);
    rest = rest.subspan(kBlockTokens);
    above = deepest = next;
  }
  const auto [alike, n_alike] = most_alike(*above, rest);
  if (n_alike > 0) {
    blocks.push_back(alike->block);
    rest = rest.subspan(n_alike);
    deepest = alike;
  }
  match.n_tokens = static_cast<std::uint32_t>(tokens.size() - rest.size());
  if (rest.empty()) {
    match.stop = CacheStop::whole_prompt;
  } else if (alike != nullptr && n_alike < alike->tokens.size() && match.n_tokens > 0) {
    match.stop = CacheStop::other_token;
    match.cached_token = alike->tokens[n_alike];
    match.lost = line_from(*alike, n_alike);
    match.n_lost = static_cast<std::uint32_t>(match.lost.size());
  } else if (match.n_tokens > 0) {
    match.stop = CacheStop::end_of_past;
  }
  touch(deepest);
  if (match.n_tokens > 0) sequence.adopt(blocks, match.n_tokens);
  return match;
}

void PrefixCache::keep(std::uint64_t scope, std::span<const TokenId> tokens,
                       model::Sequence& sequence, bool is_over) {
  CHECK(tokens.size() == sequence.length());
  if (max_blocks_ == 0 || tokens.empty() || (tokens.size() < kBlockTokens && !is_over)) return;
  Branch* above = &roots_.try_emplace(scope, Branch{scope, mix(scope + 1), {}}).first->second;
  Node* deepest = nullptr;
  for (std::size_t i = 0; i < sequence.blocks().size(); ++i) {
    const model::BlockId block = sequence.blocks()[i];
    const auto mine = tokens.first(std::min<std::size_t>(tokens.size(), kBlockTokens));
    tokens = tokens.subspan(mine.size());
    if (mine.size() == kBlockTokens) {
      Node* const known = find_full(*above, mine);
      deepest = known != nullptr ? known : &add(*above, mine, block);
      if (deepest->block != block) sequence.replace_block(i, deepest->block);
    } else if (!mine.empty() && is_over) {
      const auto [alike, n_alike] = most_alike(*above, mine);
      deepest = n_alike == mine.size() ? alike : &add(*above, mine, block);
    } else {
      break;
    }
    above = deepest;
  }
  touch(deepest);
  while (nodes_.size() > max_blocks_) evict(nodes_.back());
}

bool PrefixCache::make_room(const model::Sequence& wanting) {
  // Whoever uses a block uses all before it, so the last idle one has nothing below it.
  for (auto it = nodes_.rbegin(); it != nodes_.rend(); ++it) {
    if (store_.pool.references(it->block) > 1) continue;
    evict(*it);
    return true;
  }
  if (wanting.length() % kBlockTokens == 0) return false;
  const model::BlockId written = wanting.blocks()[wanting.length() / kBlockTokens];
  if (store_.pool.references(written) != 2) return false;
  const auto held = std::ranges::find(nodes_, written, &Node::block);
  if (held == nodes_.end()) return false;
  evict(*held);
  return true;
}

std::uint32_t PrefixCache::n_idle_blocks() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      nodes_, [this](const Node& node) { return store_.pool.references(node.block) == 1; }));
}

PrefixCache::Node* PrefixCache::find_full(const Branch& above,
                                          std::span<const TokenId> tokens) const {
  const auto [begin, end] = full_.equal_range(hash_(above.hash, tokens));
  for (auto it = begin; it != end; ++it)
    if (it->second->above == &above && std::ranges::equal(it->second->tokens, tokens))
      return it->second;
  return nullptr;
}

std::pair<PrefixCache::Node*, std::size_t> PrefixCache::most_alike(
    const Branch& above, std::span<const TokenId> tokens) {
  std::pair<Node*, std::size_t> best = {nullptr, 0};
  for (auto child = above.children.rbegin(); child != above.children.rend(); ++child) {
    const std::size_t n = common_beginning((*child)->tokens, tokens);
    if (best.first == nullptr || n > best.second) best = {*child, n};
  }
  return best;
}

// Of a node, from its n-th token on, and its latest line of descent.
std::vector<TokenId> PrefixCache::line_from(const Node& node, std::size_t n) {
  std::vector<TokenId> tokens(node.tokens.begin() + static_cast<std::ptrdiff_t>(n),
                              node.tokens.end());
  for (const Node* at = &node; !at->children.empty();) {
    at = at->children.back();
    tokens.insert(tokens.end(), at->tokens.begin(), at->tokens.end());
  }
  return tokens;
}

PrefixCache::Node& PrefixCache::add(Branch& above, std::span<const TokenId> tokens,
                                    model::BlockId block) {
  Node& node = nodes_.emplace_front();
  node.scope = above.scope;
  node.hash = hash_(above.hash, tokens);
  node.above = &above;
  const auto root = roots_.find(above.scope);
  node.parent = &above == &root->second ? nullptr : static_cast<Node*>(&above);
  node.tokens.assign(tokens.begin(), tokens.end());
  node.block = block;
  node.self = nodes_.begin();
  above.children.push_back(&node);
  store_.pool.share(block);
  if (tokens.size() == kBlockTokens) full_.emplace(node.hash, &node);
  drop_beginnings_of(tokens, above);
  return node;
}

// Unfinished blocks that say no more than one which is about to be kept.
void PrefixCache::drop_beginnings_of(std::span<const TokenId> tokens, Branch& above) {
  for (std::size_t i = above.children.size(); i > 0; --i) {
    Node& child = *above.children[i - 1];
    if (child.tokens.size() >= tokens.size() || child.tokens.size() == kBlockTokens) continue;
    if (common_beginning(child.tokens, tokens) != child.tokens.size()) continue;
    drop(child);
  }
}

void PrefixCache::touch(Node* deepest) {
  for (Node* node = deepest; node != nullptr; node = node->parent)
    nodes_.splice(nodes_.begin(), nodes_, node->self);
}

void PrefixCache::evict(Node& node) {
  ++n_evicted_;
  drop(node);
}

void PrefixCache::drop(Node& node) {
  CHECK(node.children.empty());
  const auto [begin, end] = full_.equal_range(node.hash);
  const auto entry =
      std::find_if(begin, end, [&](const auto& pair) { return pair.second == &node; });
  if (entry != end) full_.erase(entry);
  std::erase(node.above->children, &node);
  if (node.parent == nullptr && node.above->children.empty()) roots_.erase(node.scope);
  store_.pool.release(node.block);
  nodes_.erase(node.self);
}

}  // namespace hearth::engine
