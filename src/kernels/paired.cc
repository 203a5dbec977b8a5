// SPDX-License-Identifier: Apache-2.0
#include "kernels/paired.h"

namespace hearth::kernels {
namespace {

// 128 high + low.
void split(int sum, int8_t* high, int8_t* low) {
  *high = static_cast<int8_t>(sum >> 7);
  *low = static_cast<int8_t>(sum & 127);
}

// Block b of a token, n k of it, as a token that lies alone.
void take(const QuantizedActivations& from, size_t token, size_t b, size_t n, Paired32<1>* to) {
  __builtin_memcpy(to->a, from.q + token * from.q_stride + b * kBlock, n);
  for (size_t g = 0; g < n / 32; ++g) {
    const int16_t* sums = from.sums + token * from.sum_stride + b * 16 + 2 * g;
    to->scale[g][0] = from.scales[token * from.scale_stride + b * 8 + g];
    to->sum[g][0] = static_cast<float>(sums[0] + sums[1]);
  }
}

void take(const QuantizedActivations& from, size_t token, size_t b, size_t n, Paired256<1>* to) {
  __builtin_memcpy(to->a, from.q + token * from.q_stride + b * kBlock, n);
  const int16_t* sums = from.sums + token * from.sum_stride + b * 16;
  for (size_t i = 0; i < 16; ++i)
    split(sums[i], &to->high16[i / 8][0][i % 8], &to->low16[i / 8][0][i % 8]);
  for (size_t g = 0; g < 8; ++g)
    split(sums[2 * g] + sums[2 * g + 1], &to->high32[0][0][g], &to->low32[0][0][g]);
  to->scale[0] = from.scales[token * from.scale_stride + b];
}

template <class Alone, class Pair>
void take_all(const QuantizedActivations& from, size_t k, size_t n_tokens, size_t token_begin,
              size_t token_end, uint8_t* to) {
  for (size_t b = 0; b * kBlock < k; ++b) {
    const size_t n = k - b * kBlock < kBlock ? k - b * kBlock : kBlock;
    uint8_t* const block = to + b * n_tokens * kTokenBytes;
    for (size_t token = token_begin; token < token_end; ++token) {
      const bool is_alone = token % 2 == 0 && token + 1 == n_tokens;
      if (is_alone) {
        take(from, token, b, n, reinterpret_cast<Alone*>(block + token * kTokenBytes));
      } else {
        Alone alone{};
        take(from, token, b, n, &alone);
        put_token(alone, token % 2, reinterpret_cast<Pair*>(block + token / 2 * 2 * kTokenBytes));
      }
    }
  }
}

}  // namespace

void pair_activations(const QuantizedActivations& from, ActivationForm form, size_t k,
                      size_t n_tokens, size_t token_begin, size_t token_end, void* to) {
  auto* bytes = static_cast<uint8_t*>(to);
  if (form == ActivationForm::q8_32) {
    take_all<Paired32<1>, Paired32<2>>(from, k, n_tokens, token_begin, token_end, bytes);
  } else {
    take_all<Paired256<1>, Paired256<2>>(from, k, n_tokens, token_begin, token_end, bytes);
  }
}

}  // namespace hearth::kernels
