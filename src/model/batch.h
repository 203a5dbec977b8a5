// SPDX-License-Identifier: Apache-2.0
//
// What one forward step computes: rows of any sequences, prefill and decode mixed. Plain data.
//
// A row is a token id or an embedding vector. It has a position of up to four numbers (RoPE uses
// the first; M-RoPE all), a slot in its sequence's KV cache, a mask kind, and says what it wants
// back. Rows of one sequence come in ascending kv_index.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace hearth::model {

using TokenId = std::int32_t;
inline constexpr std::uint32_t kNoIndex = 0xFFFFFFFF;

// Which keys of its sequence a row attends to.
enum class MaskKind : std::uint8_t {
  causal,  // keys 0 .. kv_index (cut by the window, if the model has one)
  span,    // keys 0 .. span_end - 1: rows of an image see each other. span_end lies in this batch.
};

enum class Wanted : std::uint8_t { nothing, logits, hidden };

// As a hidden_layer: the output of the norm behind the last layer, which the head reads.
inline constexpr std::uint16_t kFinalNorm = 0xFFFF;

struct BatchRow {
  TokenId token = 0;                   // used when embedding is kNoIndex
  std::uint32_t embedding = kNoIndex;  // row of Batch::embeddings
  std::array<std::int32_t, 4> position = {0, 0, 0, 0};
  std::uint32_t sequence = 0;  // index into Batch::sequences
  std::uint32_t kv_index = 0;  // where this row's key and value are stored
  MaskKind mask = MaskKind::causal;
  std::uint32_t span_end = 0;  // for MaskKind::span
  Wanted wanted = Wanted::nothing;
  std::uint16_t hidden_layer = 0;  // for Wanted::hidden: the output of this layer, or kFinalNorm
  std::uint32_t adapter =
      kNoIndex;  // low-rank side inputs of this row, as the executors number them
};

// The KV blocks of one sequence, in order; they must cover every kv_index that its rows use.
struct BatchSequence {
  std::span<const std::uint32_t> blocks;
};

struct Batch {
  std::vector<BatchRow> rows;
  std::vector<BatchSequence> sequences;
  std::vector<float> embeddings;  // [n][n_embd], for rows that bring a vector

  void clear() {
    rows.clear();
    sequences.clear();
    embeddings.clear();
  }
};

}  // namespace hearth::model
