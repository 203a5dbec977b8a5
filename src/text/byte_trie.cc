// SPDX-License-Identifier: Apache-2.0
#include "text/byte_trie.h"

#include <utility>

namespace hearth::text {

void ByteTrie::add(std::string_view key, std::int32_t value) {
  Node node = kRoot;
  for (const char c : key) {
    const Node next = child(node, c);
    node = next != kRoot ? next : add_child(node, static_cast<std::uint8_t>(c));
  }
  values_[node] = value;
}

ByteTrie::Node ByteTrie::add_child(Node node, std::uint8_t byte) {
  const auto next = static_cast<Node>(values_.size());
  values_.push_back(kNoValue);
  if (node == kRoot) {
    first_[byte] = next;
    return next;
  }
  if (2 * (n_edges_ + 1) > edges_.size()) {
    const std::vector<Edge> old = std::exchange(edges_, std::vector<Edge>(2 * edges_.size()));
    mask_ = edges_.size() - 1;
    for (const Edge& edge : old) {
      if (edge.to != kRoot) insert(edge);
    }
  }
  insert({node, next, byte});
  ++n_edges_;
  return next;
}

void ByteTrie::insert(const Edge& edge) {
  std::size_t i = hash(edge.from, edge.byte) & mask_;
  while (edges_[i].to != kRoot) i = (i + 1) & mask_;
  edges_[i] = edge;
}

}  // namespace hearth::text
