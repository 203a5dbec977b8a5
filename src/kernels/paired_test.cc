// SPDX-License-Identifier: Apache-2.0
//
// Where the activations of AArch64's products lie; on every machine, since it is plain code.
#include "kernels/paired.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

struct Tokens {
  std::vector<int8_t> q;
  std::vector<float> scales;
  std::vector<int16_t> sums;
  QuantizedActivations view;
};

Tokens random_tokens(size_t n, size_t k, size_t group) {
  std::mt19937 rng(5);
  const size_t stride = (k + 255) / 256 * 256 + 64;
  Tokens out{std::vector<int8_t>(n * stride),
             gaussian(rng, n * stride / group),
             std::vector<int16_t>(n * stride / 16),
             {}};
  for (int8_t& q : out.q) q = static_cast<int8_t>(static_cast<int>(rng() % 255) - 127);
  std::fill(out.q.begin(), out.q.begin() + 64, int8_t{-127});  // the largest sums
  std::fill(out.q.begin() + 64, out.q.begin() + 128, int8_t{127});
  for (size_t i = 0; i < out.sums.size(); ++i) {
    int sum = 0;
    for (size_t j = 0; j < 16; ++j) sum += out.q[16 * i + j];
    out.sums[i] = static_cast<int16_t>(sum);
  }
  out.view = {out.q.data(),   out.scales.data(), out.sums.data(), stride,
              stride / group, stride / 16,       nullptr};
  return out;
}

std::vector<CacheLine> blocked(const Tokens& tokens, ActivationForm form, size_t k, size_t n,
                               const std::vector<size_t>& cuts) {
  std::vector<CacheLine> out(blocked_bytes(k, n) / sizeof(CacheLine));
  for (size_t i = 0; i + 1 < cuts.size(); ++i)
    pair_activations(tokens.view, form, k, n, cuts[i], cuts[i + 1], out.data());
  return out;
}

// Token t's place in block b: its pair, or itself alone, and which of the two it is.
template <template <size_t> class Form, class F>
void at_token(const std::vector<CacheLine>& lines, size_t n, size_t b, size_t t, F check) {
  const uint8_t* block = lines.data()->bytes + b * n * kTokenBytes;
  if (t + 1 == n && n % 2 == 1) {
    check(*reinterpret_cast<const Form<1>*>(block + t * kTokenBytes), 0);
  } else {
    check(*reinterpret_cast<const Form<2>*>(block + t / 2 * 2 * kTokenBytes), t % 2);
  }
}

TEST(Paired, TokensOfSmallGroups) {
  for (size_t n : {1, 2, 5}) {
    const size_t k = 256 + 96;  // a last block of three groups
    const Tokens tokens = random_tokens(n, k, 32);
    const auto lines = blocked(tokens, ActivationForm::q8_32, k, n, {0, n});
    for (size_t i = 0; i < n * k; ++i) {
      const size_t t = i / k, at = i % k, b = at / 256, in_block = at % 256, g = in_block / 32;
      at_token<Paired32>(lines, n, b, t, [&](const auto& form, size_t which) {
        const size_t group = at / 32;
        ASSERT_EQ(form.a[in_block / 8][which][in_block % 8],
                  tokens.q[t * tokens.view.q_stride + at]);
        ASSERT_EQ(form.scale[g][which], tokens.scales[t * tokens.view.scale_stride + group]);
        const int16_t* sums = &tokens.sums[t * tokens.view.sum_stride + 2 * group];
        ASSERT_EQ(form.sum[g][which], static_cast<float>(sums[0] + sums[1]));
      });
    }
  }
}

TEST(Paired, TokensOfBlocks) {
  for (size_t n : {1, 2, 5}) {
    const size_t k = 512;
    const Tokens tokens = random_tokens(n, k, 256);
    const auto lines = blocked(tokens, ActivationForm::q8_256, k, n, {0, n});
    for (size_t i = 0; i < n * k; ++i) {
      const size_t t = i / k, at = i % k, b = at / 256, in_block = at % 256;
      at_token<Paired256>(lines, n, b, t, [&](const auto& form, size_t which) {
        ASSERT_EQ(form.a[in_block / 8][which][in_block % 8],
                  tokens.q[t * tokens.view.q_stride + at]);
        ASSERT_EQ(form.scale[which], tokens.scales[t * tokens.view.scale_stride + b]);
        const int16_t* sums = &tokens.sums[t * tokens.view.sum_stride];
        const size_t g = in_block / 16, h = in_block / 32;
        const int low16 = form.low16[g / 8][which][g % 8], low32 = form.low32[0][which][h];
        ASSERT_GE(low16, 0);
        ASSERT_GE(low32, 0);
        ASSERT_EQ(128 * form.high16[g / 8][which][g % 8] + low16, sums[at / 16]);
        ASSERT_EQ(128 * form.high32[0][which][h] + low32,
                  sums[at / 32 * 2] + sums[at / 32 * 2 + 1]);
      });
    }
  }
}

// As threads do it: token by token, in any order.
TEST(Paired, PiecesGiveTheSameBytes) {
  const size_t n = 7, k = 512;
  for (const ActivationForm form : {ActivationForm::q8_32, ActivationForm::q8_256}) {
    const Tokens tokens = random_tokens(n, k, form == ActivationForm::q8_32 ? 32 : 256);
    const auto whole = blocked(tokens, form, k, n, {0, n});
    const auto pieces = blocked(tokens, form, k, n, {0, 1, 2, 5, 7});
    ASSERT_EQ(whole.size(), pieces.size());
    EXPECT_EQ(std::memcmp(whole.data(), pieces.data(), whole.size() * sizeof whole[0]), 0);
  }
}

}  // namespace
}  // namespace hearth::kernels
