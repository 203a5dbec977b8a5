// SPDX-License-Identifier: Apache-2.0
//
// Norm and element-wise operations.
//     rms_norm   out = (x (1 / sqrt(sum x^2 / n + eps))) weight, the sum by fma in 16 lanes
//     silu_mul   out = (gate / (1 + exp(-gate))) up
//     rope       (a, b) -> (a cos - b sin, a sin + b cos), every product rounded
#include "kernels/scalar/functions.h"
#include "kernels/scalar/lanes.h"

namespace hearth::kernels::scalar {

void rms_norm(const float* x, const float* weight, float eps, size_t n, float* out) {
  Lanes sum;
  for (size_t i = 0; i < n; ++i) {
    sum.lane[i % 16] = __builtin_fmaf(x[i], x[i], sum.lane[i % 16]);
  }
  const float mean = sum.tree_sum() / static_cast<float>(n);
  const float inverse = 1.0f / __builtin_sqrtf(mean + eps);
  for (size_t i = 0; i < n; ++i) out[i] = x[i] * inverse * weight[i];
}

void add(const float* a, const float* b, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

void silu_mul(const float* gate, const float* up, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = gate[i] / (1.0f + exp(-gate[i])) * up[i];
}

void hadamard(float* x, size_t n) {
  for (size_t h = 1; h < n; h *= 2) {
    for (size_t i = 0; i < n; i += 2 * h) {
      for (size_t j = i; j < i + h; ++j) {
        const float a = x[j], b = x[j + h];
        x[j] = a + b;
        x[j + h] = a - b;
      }
    }
  }
  const float norm = 1.0f / __builtin_sqrtf(static_cast<float>(n));
  for (size_t i = 0; i < n; ++i) x[i] = x[i] * norm;
}

void rope(float* head, const float* cos, const float* sin, size_t n_rot, bool interleaved) {
  const size_t half = n_rot / 2;
  for (size_t i = 0; i < half; ++i) {
    float& a = head[interleaved ? 2 * i : i];
    float& b = head[interleaved ? 2 * i + 1 : i + half];
    const float a_cos = a * cos[i], b_sin = b * sin[i];
    const float a_sin = a * sin[i], b_cos = b * cos[i];
    a = a_cos - b_sin;
    b = a_sin + b_cos;
  }
}

}  // namespace hearth::kernels::scalar
