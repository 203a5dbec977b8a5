// SPDX-License-Identifier: Apache-2.0
#include "engine/pooling.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"
#include "base/escape.h"

namespace hearth::engine {

// The numbers are llama.cpp's enum llama_pooling_type, which its converters write.
Result<Pooling> pooling_of(const format::Gguf& gguf) {
  const auto architecture = TRY(gguf.get_string("general.architecture"));
  const std::string key = fmt::format("{}.pooling_type", architecture.value_or(std::string_view()));
  const auto type = TRY(gguf.get_uint(key));
  if (!type) return Pooling::last;
  switch (*type) {
    case 1:
      return Pooling::mean;
    case 2:
      return Pooling::cls;
    case 3:
      return Pooling::last;
    default:
      break;
  }
  const bool ranks = *type == 4;
  return fail(ErrorCode::unsupported,
              "{} is {} in this model's file ({}); --pooling chooses another", printable(key, 80),
              *type, ranks ? "a ranking model's" : "states are not pooled");
}

bool Pooler::wants(std::uint32_t row) const {
  switch (pooling_) {
    case Pooling::mean:
      return row >= n_taken_;
    case Pooling::cls:
      return row == 0 && n_taken_ == 0;
    case Pooling::last:
      return row + 1 == n_prompt_;
    case Pooling::of_model:
      break;
  }
  CHECK(false);
}

std::uint32_t Pooler::first_wanted() const {
  return pooling_ == Pooling::last ? n_prompt_ - 1 : n_taken_;
}

void Pooler::take(std::uint32_t row, std::span<const float> state) {
  CHECK(wants(row) && (sum_.empty() || sum_.size() == state.size()));
  sum_.resize(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) sum_[i] += double{state[i]};
  ++n_taken_;
}

bool Pooler::is_done() const {
  return n_taken_ == (pooling_ == Pooling::mean ? n_prompt_ : 1);
}

// A mean is its sum divided by n, which scaling to the length 1 undoes.
Result<std::vector<float>> Pooler::embedding() const {
  const std::size_t n = n_dims_ == 0 ? sum_.size() : n_dims_;
  CHECK(is_done() && n <= sum_.size());
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) squares += sum_[i] * sum_[i];
  if (!std::isfinite(squares))
    return fail(ErrorCode::failed, "the model computed a state that is not a finite number");
  const double length = squares > 0 ? std::sqrt(squares) : 1;
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(sum_[i] / length);
  return values;
}

}  // namespace hearth::engine
