// SPDX-License-Identifier: Apache-2.0
//
// The numbers themselves, as digests: the scalar table must give the same bits on every machine,
// with every compiler, for ever. A digest that changes is a change of the definition (and of every
// result that anybody has recorded), never a matter for an update in passing.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/scalar/functions.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {
namespace {

// FNV-1a over the bits; all NaNs count as one.
uint64_t digest(const std::vector<float>& values) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (float v : values) {
    const uint32_t bits = std::isnan(v) ? 0x7fc00000u : std::bit_cast<uint32_t>(v);
    for (int i = 0; i < 4; ++i) hash = (hash ^ (bits >> 8 * i & 255)) * 0x100000001b3u;
  }
  return hash;
}

// Integers over a power of two: the same floats everywhere, unlike the library's distributions.
std::vector<float> numbers(std::mt19937& rng, size_t n, float scale) {
  std::vector<float> out(n);
  for (float& v : out) v = (static_cast<float>(rng() >> 8) * 0x1p-23f - 1.0f) * scale;
  return out;
}

uint64_t product_digest(WeightType type) {
  std::mt19937 rng(99);
  const size_t k = 768, rows = 6, n = 3;
  const auto weights = make_weights(type, rows, k, Fill::random, rng);
  const auto x = numbers(rng, n * k, 4.0f);
  std::vector<int8_t> q(n * k);
  std::vector<float> scales(n * 24), out(n * rows);
  std::vector<int16_t> sums(n * 48);
  const bool wide = activation_form(type) == ActivationForm::q8_256;
  for (size_t t = 0; t < n; ++t) {
    (wide ? scalar::quantize_q8_256 : scalar::quantize_q8_32)(
        x.data() + t * k, k, q.data() + t * k, scales.data() + t * 24, sums.data() + t * 48);
  }
  scalar::table.matmul[static_cast<size_t>(type)](
      {.weights = weights.data(),
       .row_bytes = k / block_elems(type) * block_bytes(type),
       .k = k,
       .row_begin = 0,
       .row_end = rows,
       .n_tokens = n,
       .quantized = {q.data(), scales.data(), sums.data(), k, 24, 48, nullptr},
       .x = x.data(),
       .x_stride = k,
       .out = out.data(),
       .out_stride = rows});
  return digest(out);
}

const std::map<std::string, uint64_t> kProducts = {
    {"f32", 0x551d2e0d062a0434u},     {"f16", 0x87448db5b4cefa5fu},
    {"bf16", 0x696f28b28431f0ecu},    {"q4_0", 0x85c0d5d800e5cfd4u},
    {"q4_1", 0x03224ab1802ab3e3u},    {"q5_0", 0x01bfa1f72a67f9d9u},
    {"q5_1", 0x82b7d6fec45b8b42u},    {"q8_0", 0x60ae468ae2dfec7au},
    {"iq4_nl", 0x93722dbac2800053u},  {"mxfp4", 0x1d9c91f054c53a8du},
    {"nvfp4", 0x01c8457f700eab55u},   {"q1_0", 0xb09f06b1edc43c1au},
    {"q2_0", 0x33ac014c92c4a8a2u},    {"q2_k", 0xbe38be111e0129aeu},
    {"q3_k", 0x14859f8c38ed16a0u},    {"q4_k", 0x9e2416088b590787u},
    {"q5_k", 0x05810c68a4b10fc0u},    {"q6_k", 0xec99355d2c825fdcu},
    {"iq4_xs", 0xe9a5cdf5f9689878u},  {"iq2_xxs", 0x06af0dffa4ba97b2u},
    {"iq2_xs", 0xcb183160c4c972abu},  {"iq2_s", 0x45c7c5904d130cfcu},
    {"iq3_xxs", 0xe5586015dce7fe2eu}, {"iq3_s", 0x23aa800151b8697du},
    {"iq1_s", 0xb00976ffbdb6e646u},   {"iq1_m", 0x9b3a8ae1af4cb25eu},
    {"tq1_0", 0x641d86b4720dfa47u},   {"tq2_0", 0x0661204cd4ad419fu},
};

TEST(Digest, Products) {
  for (const NamedType& named : all_types()) {
    const auto expected = kProducts.find(named.name);
    ASSERT_NE(expected, kProducts.end()) << named.name;
    EXPECT_EQ(product_digest(named.type), expected->second)
        << named.name << " 0x" << std::hex << product_digest(named.type);
  }
}

TEST(Digest, ElementwiseAndAttention) {
  std::mt19937 rng(100);
  const auto x = numbers(rng, 1000, 20.0f), y = numbers(rng, 1000, 2.0f);
  std::vector<float> all(1000), out(1000);
  for (size_t i = 0; i < 1000; ++i) all[i] = scalar::exp(5.0f * x[i]);
  for (size_t i = 0; i < 1000; ++i) all.push_back(scalar::tanh(0.2f * x[i]));
  scalar::rms_norm(x.data(), y.data(), 1e-5f, 1000, out.data());
  all.insert(all.end(), out.begin(), out.end());
  scalar::silu_mul(x.data(), y.data(), 1000, out.data());
  all.insert(all.end(), out.begin(), out.end());
  out = x;
  scalar::rope(out.data(), y.data(), y.data() + 500, 1000, true);
  scalar::rope(out.data(), y.data() + 100, y.data() + 300, 100, false);
  all.insert(all.end(), out.begin(), out.end());

  for (KvType type : {KvType::f32, KvType::f16, KvType::bf16}) {
    std::vector<std::vector<float>> k(kPanelsPerChunk, std::vector<float>(64 * 16)), v = k;
    const void* k_panels[kPanelsPerChunk];
    const void* v_panels[kPanelsPerChunk];
    for (size_t j = 0; j < kChunkTokens; ++j) {
      const auto key = numbers(rng, 64, 2.0f), value = numbers(rng, 64, 2.0f);
      scalar::store_key(key.data(), 64, type, k[j / 16].data(), j % 16);
      scalar::store_value(value.data(), 64, type, v[j / 16].data(), j % 16);
      k_panels[j / 16] = k[j / 16].data();
      v_panels[j / 16] = v[j / 16].data();
    }
    std::vector<float> acc(64), total(64), result(64);
    AttentionState partial{0, 0, acc.data()}, state{-HUGE_VALF, 0, total.data()};
    const size_t windows[][2] = {{0, 256}, {7, 200}, {255, 256}};
    for (const auto& window : windows) {
      const float* query = x.data() + window[0];
      const KeyRange keys{window[0], window[1]};
      scalar::attend_chunk({.q = &query,
                            .keys = &keys,
                            .n_queries = 1,
                            .k_dim = 64,
                            .v_dim = 64,
                            .k_stride = 64,
                            .v_row_bytes = kv_row_bytes(type, 64),
                            .scale = 0.125f,
                            .softcap = type == KvType::f16 ? 20.0f : 0.0f,
                            .k_type = type,
                            .v_type = type,
                            .k_panels = k_panels,
                            .v_panels = v_panels},
                           &partial);
      scalar::merge_attention(&state, partial, 64);
    }
    scalar::finish_attention(state, 64, result.data());
    all.insert(all.end(), result.begin(), result.end());
  }
  EXPECT_EQ(digest(all), 0x2e25e215c461b77fu) << "0x" << std::hex << digest(all);
}

}  // namespace
}  // namespace hearth::kernels
