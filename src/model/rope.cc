// SPDX-License-Identifier: Apache-2.0
#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "model/sincos.h"

namespace hearth::model {
namespace {

// The pair index at which a frequency makes the given number of rotations over the original context
// (YaRN, section 3.2).
double pair_of_rotations(double rotations, const RopeParams& params) {
  const double length = params.original_context / (rotations * 2.0 * std::numbers::pi);
  return params.n_rot * std::log(length) / (2.0 * std::log(params.freq_base));
}

}  // namespace

RopeTable::RopeTable(const RopeParams& params, std::span<const float> freq_factors) {
  const std::size_t n_pairs = params.n_rot / 2;
  CHECK(freq_factors.empty() || freq_factors.size() == n_pairs);

  magnitude_ = params.attention_factor;
  double low = 0, high = 0;
  if (params.scaling == RopeScaling::yarn) {
    low = std::max(0.0, std::floor(pair_of_rotations(params.beta_fast, params)));
    high = std::min(params.n_rot - 1.0, std::ceil(pair_of_rotations(params.beta_slow, params)));
    if (params.factor > 1.0) magnitude_ *= 1.0 + 0.1 * std::log(params.factor);
  }

  for (std::size_t i = 0; i < n_pairs; ++i) {
    double freq = std::pow(params.freq_base, -2.0 * static_cast<double>(i) / params.n_rot);
    if (!freq_factors.empty()) freq /= static_cast<double>(freq_factors[i]);
    if (params.scaling == RopeScaling::linear) {
      freq /= params.factor;
    } else if (params.scaling == RopeScaling::yarn) {
      // Fast frequencies keep their meaning, slow ones are interpolated, with a ramp between.
      const double ramp = (static_cast<double>(i) - low) / std::max(0.001, high - low);
      const double keep = 1.0 - std::clamp(ramp, 0.0, 1.0);
      freq = freq / params.factor * (1.0 - keep) + freq * keep;
    }
    inverse_freqs_.push_back(freq);
  }
}

void RopeTable::at(std::int32_t position, float* cos, float* sin) const {
  for (std::size_t i = 0; i < inverse_freqs_.size(); ++i) {
    const SinCos angle = sincos(position * inverse_freqs_[i]);
    cos[i] = static_cast<float>(angle.cos * magnitude_);
    sin[i] = static_cast<float>(angle.sin * magnitude_);
  }
}

}  // namespace hearth::model
