// SPDX-License-Identifier: Apache-2.0
//
// A trie over bytes: finds every key that begins at a place of a text in one walk. Edges live in
// one open-addressing table, so a step is one look-up whatever the fan-out. Built once, then
// read-only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hearth::text {

class ByteTrie {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;  // as a child: there is none
  static constexpr std::int32_t kNoValue = -1;

  // A key added again takes the new value. Values are not negative.
  void add(std::string_view key, std::int32_t value);

  Node child(Node node, char c) const {
    const auto byte = static_cast<std::uint8_t>(c);
    if (node == kRoot) return first_[byte];
    for (std::size_t i = hash(node, byte) & mask_;; i = (i + 1) & mask_) {
      const Edge& edge = edges_[i];
      if (edge.to == kRoot) return kRoot;
      if (edge.from == node && edge.byte == byte) return edge.to;
    }
  }
  std::int32_t value(Node node) const { return values_[node]; }

 private:
  struct Edge {
    Node from = kRoot;
    Node to = kRoot;
    std::uint8_t byte = 0;
  };
  static std::size_t hash(Node node, std::uint8_t byte) {
    const std::uint64_t key = (std::uint64_t{node} << 8 | byte) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(key >> 32);
  }
  Node add_child(Node node, std::uint8_t byte);
  void insert(const Edge& edge);

  std::array<Node, 256> first_ = {};
  std::vector<std::int32_t> values_ = {kNoValue};
  std::vector<Edge> edges_ = std::vector<Edge>(64);
  std::size_t mask_ = 63;
  std::size_t n_edges_ = 0;
};

}  // namespace hearth::text
