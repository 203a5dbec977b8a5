// SPDX-License-Identifier: Apache-2.0
#include "kernels/blocked.h"

namespace hearth::kernels {
namespace {

// The k of block b.
size_t length(size_t k, size_t b) {
  return k - b * kBlock < kBlock ? k - b * kBlock : kBlock;
}

void shift(const int8_t* q, size_t n, uint8_t* a) {
  for (size_t i = 0; i < n; ++i) a[i] = static_cast<uint8_t>(q[i]) ^ 128;
}

void fill(const QuantizedActivations& from, size_t token, size_t b, size_t n, TokenBlock32* to) {
  shift(from.q + token * from.q_stride + b * kBlock, n, to->a);
  for (size_t g = 0; g < n / 32; ++g) {
    const int16_t* sums = from.sums + token * from.sum_stride + b * 16 + 2 * g;
    to->scale[g] = from.scales[token * from.scale_stride + b * 8 + g];
    to->sum[g] = static_cast<float>(sums[0] + sums[1]);
  }
}

void fill(const QuantizedActivations& from, size_t token, size_t b, size_t n, TokenBlock256* to) {
  shift(from.q + token * from.q_stride + b * kBlock, n, to->a);
  const int16_t* sums = from.sums + token * from.sum_stride + b * 16;
  for (size_t i = 0; i < 16; ++i) to->sum[i] = sums[i];
  for (size_t g = 0; g < 8; ++g) to->sum32[g] = static_cast<int16_t>(sums[2 * g] + sums[2 * g + 1]);
  to->scale = from.scales[token * from.scale_stride + b];
}

template <class Block>
void fill_all(const QuantizedActivations& from, size_t k, size_t n_tokens, size_t token_begin,
              size_t token_end, Block* to) {
  for (size_t token = token_begin; token < token_end; ++token)
    for (size_t b = 0; b * kBlock < k; ++b)
      fill(from, token, b, length(k, b), &to[b * n_tokens + token]);
}

}  // namespace

bool wants_blocked(const Kernels& table, size_t n_tokens) {
  return n_tokens >= kLeastBlockedTokens && n_tokens < table.blocked_below;
}

size_t blocked_bytes(size_t k, size_t n_tokens) {
  return (k + kBlock - 1) / kBlock * n_tokens * sizeof(TokenBlock32);
}

void block_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                       size_t n_tokens, size_t token_begin, size_t token_end, void* to) {
  if (form == ActivationForm::q8_32) {
    fill_all(from, k, n_tokens, token_begin, token_end, static_cast<TokenBlock32*>(to));
  } else {
    fill_all(from, k, n_tokens, token_begin, token_end, static_cast<TokenBlock256*>(to));
  }
}

}  // namespace hearth::kernels
