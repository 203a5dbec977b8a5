// SPDX-License-Identifier: Apache-2.0
//
// The rotation angles of RoPE (Su et al. 2021, arXiv:2104.09864) with the scalings that files ask
// for: linear interpolation, YaRN (arXiv:2309.00071) and per-frequency factors (Llama 3.1's
// rope_freqs.weight). Angles are formed in double precision, so long contexts lose nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/hparams.h"

namespace hearth::model {

class RopeTable {
 public:
  RopeTable() = default;
  // freq_factors: empty, or one divisor for each of the n_rot / 2 frequencies.
  RopeTable(const RopeParams& params, std::span<const float> freq_factors);

  std::size_t n_pairs() const { return inverse_freqs_.size(); }
  // Writes n_pairs() cosines and sines for one position, scaled by the attention factor.
  void at(std::int32_t position, float* cos, float* sin) const;

 private:
  std::vector<double> inverse_freqs_;
  double magnitude_ = 1.0;
};

}  // namespace hearth::model
