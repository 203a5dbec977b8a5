// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_special.h"

#include <algorithm>

namespace hearth::text {
namespace {

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Cuts one token out of one stretch of text, appending what results.
void cut_token(std::string_view text, const Fragment& stretch, TokenId id,
               std::string_view spelling, std::uint16_t attribute, std::vector<Fragment>& out) {
  const std::string_view until_end = text.substr(0, stretch.end);
  std::size_t begin = stretch.begin;
  while (begin < stretch.end) {
    const std::size_t match = until_end.find(spelling, begin);
    if (match == std::string_view::npos) break;
    std::size_t left_end = match;
    if (attribute & kAttrStripLeft) {
      while (left_end > begin && is_ascii_space(text[left_end - 1])) --left_end;
    }
    if (left_end > begin) out.push_back({kNoToken, begin, left_end});
    out.push_back({id, match, match + spelling.size()});
    begin = match + spelling.size();
    if (attribute & kAttrStripRight) {
      while (begin < stretch.end && is_ascii_space(text[begin])) ++begin;
    }
  }
  if (begin < stretch.end) out.push_back({kNoToken, begin, stretch.end});
}

}  // namespace

SpecialCutter::SpecialCutter(const Vocab& vocab) : vocab_(&vocab), nodes_(1) {
  constexpr std::uint16_t kSpecial = kAttrControl | kAttrUserDefined | kAttrUnknown;
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    if (vocab.attributes[i] & kSpecial) tokens_.push_back(static_cast<TokenId>(i));
  }
  // llama.cpp leaves the order of equally long spellings to its sort; the lower id goes first here.
  std::ranges::stable_sort(tokens_, [&vocab](TokenId a, TokenId b) {
    return vocab.spelled.at(static_cast<std::size_t>(a)).size() >
           vocab.spelled.at(static_cast<std::size_t>(b)).size();
  });
  for (std::uint32_t i = 0; i < tokens_.size(); ++i)
    add(i, vocab.spelled.at(static_cast<std::size_t>(tokens_[i])));
  link();
}

void SpecialCutter::add(std::uint32_t token, std::string_view spelling) {
  std::uint32_t node = kRoot;
  for (const char c : spelling) {
    const auto byte = static_cast<std::uint8_t>(c);
    std::uint32_t next = node == kRoot ? first_[byte] : child(node, byte);
    if (next == kRoot) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      if (node == kRoot) first_[byte] = next;
      auto& edges = nodes_[node].edges;
      edges.insert(std::ranges::upper_bound(edges, byte, {}, &Edge::byte), {byte, next});
    }
    node = next;
  }
  nodes_[node].output = token;
}

// Breadth first, so that a node's shorter suffixes are linked before it.
void SpecialCutter::link() {
  std::vector<std::uint32_t> queue = {kRoot};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const std::uint32_t parent = queue[i];
    for (const Edge& edge : nodes_[parent].edges) {
      Node& node = nodes_[edge.node];
      node.fail = parent == kRoot ? kRoot : step(nodes_[parent].fail, edge.byte);
      const Node& suffix = nodes_[node.fail];
      node.next_output = suffix.output != kNone ? node.fail : suffix.next_output;
      queue.push_back(edge.node);
    }
  }
}

std::uint32_t SpecialCutter::child(std::uint32_t node, std::uint8_t byte) const {
  const auto& edges = nodes_[node].edges;
  const auto found = std::ranges::lower_bound(edges, byte, {}, &Edge::byte);
  return found != edges.end() && found->byte == byte ? found->node : kRoot;
}

std::uint32_t SpecialCutter::step(std::uint32_t node, std::uint8_t byte) const {
  while (node != kRoot) {
    if (const std::uint32_t next = child(node, byte); next != kRoot) return next;
    node = nodes_[node].fail;
  }
  return first_[byte];
}

std::vector<std::uint32_t> SpecialCutter::tokens_in(std::string_view text,
                                                    bool parse_special) const {
  std::vector<std::uint32_t> found;
  std::vector<bool> seen(tokens_.size());
  std::uint32_t node = kRoot;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    node = node == kRoot ? first_[byte] : step(node, byte);
    std::uint32_t ending = nodes_[node].output != kNone ? node : nodes_[node].next_output;
    // Once a spelling was seen here, so were all of its suffixes.
    for (; ending != kRoot && !seen[nodes_[ending].output]; ending = nodes_[ending].next_output) {
      seen[nodes_[ending].output] = true;
      found.push_back(nodes_[ending].output);
    }
  }
  std::erase_if(found, [&](std::uint32_t token) {
    return !parse_special && vocab_->has(tokens_[token], kAttrControl | kAttrUnknown);
  });
  std::ranges::sort(found);
  return found;
}

std::vector<Fragment> SpecialCutter::cut(std::string_view text, bool parse_special) const {
  std::vector<Fragment> fragments;
  if (text.empty()) return fragments;
  fragments.push_back({kNoToken, 0, text.size()});
  if (tokens_.empty()) return fragments;
  std::vector<Fragment> next;
  for (const std::uint32_t token : tokens_in(text, parse_special)) {
    const TokenId id = tokens_[token];
    const auto index = static_cast<std::size_t>(id);
    next.clear();
    for (const Fragment& fragment : fragments) {
      if (fragment.id != kNoToken)
        next.push_back(fragment);
      else
        cut_token(text, fragment, id, vocab_->spelled.at(index), vocab_->attributes[index], next);
    }
    std::swap(fragments, next);
  }
  return fragments;
}

}  // namespace hearth::text
