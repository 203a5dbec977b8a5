// SPDX-License-Identifier: Apache-2.0
#include "kernels/blocked.h"

namespace hearth::kernels {
namespace {

// The k of block b.
size_t length(size_t k, size_t b) {
  return k - b * kBlock < kBlock ? k - b * kBlock : kBlock;
}

void put(const int8_t* q, size_t n, uint8_t* a) {
  for (size_t i = 0; i < n; ++i) a[i] = static_cast<uint8_t>(q[i]) ^ 128;
}
void put(const int8_t* q, size_t n, int8_t* a) {
  for (size_t i = 0; i < n; ++i) a[i] = q[i];
}
// The sums of n quants, 16 each.
void put_sums(const int16_t* sums, size_t n, float sum[8]) {
  for (size_t g = 0; g < n / 32; ++g) sum[g] = static_cast<float>(sums[2 * g] + sums[2 * g + 1]);
}
void put_sums(const int16_t* sums, size_t n, int16_t sum[16]) {
  for (size_t g = 0; g < n / 16; ++g) sum[g] = sums[g];
}

template <class Block>
void fill_32(const QuantizedActivations& from, size_t token, size_t b, size_t n, Block* to) {
  put(from.q + token * from.q_stride + b * kBlock, n, to->a);
  put_sums(from.sums + token * from.sum_stride + b * 16, n, to->sum);
  for (size_t g = 0; g < n / 32; ++g)
    to->scale[g] = from.scales[token * from.scale_stride + b * 8 + g];
}

template <class Byte>
void put_pair_sums(TokenBlock256Of<Byte>*) {}
void put_pair_sums(SignedTokenBlock256* to) {
  for (size_t g = 0; g < 16; ++g) {
    int sums[2] = {0, 0};
    for (size_t i = 0; i < 16; ++i) sums[i / 2 % 2] += to->a[16 * g + i];
    for (size_t i = 0; i < 2; ++i) to->pair_sum[g][i] = static_cast<int16_t>(sums[i]);
  }
}

template <class Block>
void fill_256(const QuantizedActivations& from, size_t token, size_t b, size_t n, Block* to) {
  put(from.q + token * from.q_stride + b * kBlock, n, to->a);
  const int16_t* sums = from.sums + token * from.sum_stride + b * 16;
  put_sums(sums, kBlock, to->sum);
  for (size_t g = 0; g < 8; ++g) to->sum32[g] = static_cast<int16_t>(sums[2 * g] + sums[2 * g + 1]);
  put_pair_sums(to);
  to->scale = from.scales[token * from.scale_stride + b];
}

template <class Block32, class Block256>
void fill_all(const QuantizedActivations& from, ActivationForm form, size_t k, size_t n_tokens,
              size_t token_begin, size_t token_end, void* to) {
  for (size_t token = token_begin; token < token_end; ++token) {
    for (size_t b = 0; b * kBlock < k; ++b) {
      const size_t at = b * n_tokens + token;
      if (form == ActivationForm::q8_32) {
        fill_32(from, token, b, length(k, b), static_cast<Block32*>(to) + at);
      } else {
        fill_256(from, token, b, length(k, b), static_cast<Block256*>(to) + at);
      }
    }
  }
}

}  // namespace

bool wants_blocked(const Kernels& table, size_t n_tokens) {
  return table.block_activations != nullptr && n_tokens >= kLeastBlockedTokens;
}

size_t blocked_bytes(size_t k, size_t n_tokens) {
  return (k + kBlock - 1) / kBlock * n_tokens * sizeof(SignedTokenBlock256);  // the largest
}

void block_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                       size_t n_tokens, size_t token_begin, size_t token_end, void* to) {
  fill_all<TokenBlock32, TokenBlock256>(from, form, k, n_tokens, token_begin, token_end, to);
}

void block_signed_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                              size_t n_tokens, size_t token_begin, size_t token_end, void* to) {
  fill_all<SignedTokenBlock32, SignedTokenBlock256>(from, form, k, n_tokens, token_begin, token_end,
                                                    to);
}

void block_tile_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                            size_t n_tokens, size_t token_begin, size_t token_end, void* to) {
  fill_all<TileTokenBlock32, TileTokenBlock256>(from, form, k, n_tokens, token_begin, token_end,
                                                to);
}

}  // namespace hearth::kernels
