// SPDX-License-Identifier: Apache-2.0
//
// How the hidden states of a prompt (those behind the final norm) become its embedding:
//
//   mean   (h_0 + ... + h_n-1) / n
//   cls    h_0
//   last   h_n-1
//
// cut to the first n_dims numbers and scaled to the length 1. Sums are float64 and in the order of
// the tokens, so that an embedding has the same bits however its prompt was cut into steps. Plain
// values; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/request.h"
#include "format/gguf.h"

namespace hearth::engine {

// What the file asks for ({architecture}.pooling_type), and `last` where it asks for nothing
// (docs/decisions/0012-embeddings.md). unsupported: what we do not have, by name.
Result<Pooling> pooling_of(const format::Gguf& gguf);

class Pooler {
 public:
  // By any pooling but of_model. n_dims: 0 for all.
  Pooler(Pooling pooling, std::uint32_t n_prompt, std::uint32_t n_dims)
      : pooling_(pooling), n_prompt_(n_prompt), n_dims_(n_dims) {}

  // Whether the state of this token of the prompt is still wanted.
  bool wants(std::uint32_t row) const;
  // The first that is; what is before it need not be computed for our sake.
  std::uint32_t first_wanted() const;
  // The states that are wanted, in order, all of one width.
  void take(std::uint32_t row, std::span<const float> state);
  bool is_done() const;
  // When it is done. A vector without length stays what it is. failed: a state was not finite.
  Result<std::vector<float>> embedding() const;

 private:
  const Pooling pooling_;
  const std::uint32_t n_prompt_, n_dims_;
  std::uint32_t n_taken_ = 0;
  std::vector<double> sum_;
};

}  // namespace hearth::engine
