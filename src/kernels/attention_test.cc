// SPDX-License-Identifier: Apache-2.0
//
// Attention over chunks: every table against the scalar one, and the scalar one against a plain
// softmax in double precision. What lies outside the visible keys must never matter: here it is
// NaN.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/scalar/functions.h"
#include "kernels/test_bits.h"

namespace hearth::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Cache {
  size_t k_dim, v_dim, n_keys;
  KvType type;
  std::vector<std::vector<uint8_t>> k, v;  // one panel each
  std::vector<std::vector<float>> keys, values;

  // Panels start as NaN, so that only what was stored may be used.
  Cache(const Kernels& table, size_t k_dim_in, size_t v_dim_in, size_t n, KvType t,
        std::mt19937& rng)
      : k_dim(k_dim_in), v_dim(v_dim_in), n_keys(n), type(t) {
    std::normal_distribution<float> normal;
    const size_t panels = (n + kPanelTokens - 1) / kPanelTokens;
    k.assign(panels, std::vector<uint8_t>(k_dim * kPanelTokens * kv_element_bytes(t), 0xff));
    v.assign(panels, std::vector<uint8_t>(v_dim * kPanelTokens * kv_element_bytes(t), 0xff));
    for (size_t j = 0; j < n; ++j) {
      keys.emplace_back(k_dim);
      values.emplace_back(v_dim);
      for (float& x : keys[j]) x = normal(rng);
      for (float& x : values[j]) x = normal(rng);
      table.store_key(keys[j].data(), k_dim, t, k[j / 16].data(), j % 16);
      table.store_value(values[j].data(), v_dim, t, v[j / 16].data(), j % 16);
    }
  }
};

struct Partial {
  float max, sum;
  std::vector<float> acc;
};

Partial attend(const Kernels& table, const Cache& cache, const std::vector<float>& q, size_t chunk,
               size_t begin, size_t end, float softcap) {
  const void* k_panels[kPanelsPerChunk] = {};
  const void* v_panels[kPanelsPerChunk] = {};
  for (size_t i = begin / 16; i < (end + 15) / 16; ++i) {  // the others stay null
    k_panels[i] = cache.k[chunk * kPanelsPerChunk + i].data();
    v_panels[i] = cache.v[chunk * kPanelsPerChunk + i].data();
  }
  Partial out{0, 0, std::vector<float>(cache.v_dim)};
  AttentionState state{0, 0, out.acc.data()};
  const float* query = q.data();
  const KeyRange keys{begin, end};
  table.attend_chunk({.q = &query,
                      .keys = &keys,
                      .n_queries = 1,
                      .k_dim = cache.k_dim,
                      .v_dim = cache.v_dim,
                      .scale = 0.125f,
                      .softcap = softcap,
                      .k_type = cache.type,
                      .v_type = cache.type,
                      .k_panels = k_panels,
                      .v_panels = v_panels},
                     &state);
  out.max = state.max;
  out.sum = state.sum;
  return out;
}

// All visible keys [begin, end) of the cache, chunk by chunk.
std::vector<float> attend_all(const Kernels& table, const Cache& cache, const std::vector<float>& q,
                              size_t begin, size_t end, float softcap) {
  std::vector<float> acc(cache.v_dim), out(cache.v_dim);
  AttentionState state{-kInf, 0, acc.data()};
  for (size_t chunk = begin / kChunkTokens; chunk * kChunkTokens < end; ++chunk) {
    const size_t base = chunk * kChunkTokens;
    Partial p = attend(table, cache, q, chunk, begin > base ? begin - base : 0,
                       std::min(end - base, kChunkTokens), softcap);
    table.merge_attention(&state, {p.max, p.sum, p.acc.data()}, cache.v_dim);
  }
  table.finish_attention(state, cache.v_dim, out.data());
  return out;
}

std::vector<double> exact(const Cache& cache, const std::vector<float>& q, size_t begin, size_t end,
                          float softcap) {
  std::vector<double> out(cache.v_dim);
  double sum = 0;
  for (size_t j = begin; j < end; ++j) {
    double s = 0;
    for (size_t d = 0; d < cache.k_dim; ++d)
      s += static_cast<double>(q[d]) * static_cast<double>(cache.keys[j][d]);
    s *= 0.125;
    if (softcap > 0) s = static_cast<double>(softcap) * std::tanh(s / static_cast<double>(softcap));
    const double p = std::exp(s);
    sum += p;
    for (size_t d = 0; d < cache.v_dim; ++d) out[d] += p * static_cast<double>(cache.values[j][d]);
  }
  for (double& x : out) x /= sum;
  return out;
}

std::vector<float> query(std::mt19937& rng, size_t dim, float scale = 2.0f) {
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> q(dim);
  for (float& x : q) x = normal(rng);
  return q;
}

TEST(Attention, EveryTableGivesTheScalarBitsAndTheyAreRight) {
  std::mt19937 rng(11);
  size_t n_isas;
  const IsaChoice* all = all_isas(&n_isas);
  const struct {
    size_t k_dim, v_dim;
  } dims[] = {{64, 64}, {128, 128}, {80, 80}, {24, 40}, {192, 128}, {5, 3}};
  for (const auto& dim : dims) {
    for (KvType type : {KvType::f32, KvType::f16, KvType::bf16}) {
      const Cache cache(scalar::table, dim.k_dim, dim.v_dim, 700, type, rng);
      const std::vector<float> q = query(rng, dim.k_dim);
      const struct {
        size_t begin, end;
      } windows[] = {{0, 1},     {0, 15},    {0, 16},    {0, 17},   {0, 255},
                     {0, 256},   {0, 257},   {0, 700},   {13, 29},  {250, 260},
                     {255, 256}, {256, 512}, {300, 301}, {699, 700}};
      for (const auto& window : windows) {
        for (float softcap : {0.0f, 30.0f}) {
          const auto want = attend_all(scalar::table, cache, q, window.begin, window.end, softcap);
          const auto truth = exact(cache, q, window.begin, window.end, softcap);
          const double tolerance = type == KvType::f32 ? 2e-5 : type == KvType::f16 ? 3e-2 : 2e-1;
          for (size_t d = 0; d < dim.v_dim; ++d) ASSERT_NEAR(want[d], truth[d], tolerance);
          for (size_t i = 0; i < n_isas; ++i) {
            if (!all[i].usable) continue;
            const auto got = attend_all(*all[i].table, cache, q, window.begin, window.end, softcap);
            for (size_t d = 0; d < dim.v_dim; ++d) {
              ASSERT_TRUE(same_bits(want[d], got[d]))
                  << all[i].table->name << " " << window.begin << ".." << window.end << " "
                  << want[d] << " " << got[d];
            }
          }
        }
      }
    }
  }
}

// Queries that share a call get what each gets alone, whatever keys the others see.
TEST(Attention, QueriesDoNotSeeEachOther) {
  std::mt19937 rng(15);
  size_t n_isas;
  const IsaChoice* all = all_isas(&n_isas);
  for (const size_t dim : {64, 72, 5}) {
    for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16}) {
      const Cache cache(scalar::table, dim, dim, kChunkTokens, type, rng);
      for (size_t n_queries = 1; n_queries <= kMaxQueries; ++n_queries) {
        std::vector<std::vector<float>> queries, accs(n_queries, std::vector<float>(dim, 7.0f));
        std::vector<const float*> q;
        std::vector<KeyRange> keys;
        for (size_t i = 0; i < n_queries; ++i) {
          queries.push_back(query(rng, dim));
          // Neighbouring tokens, then windows here and there, some of which share no key.
          const size_t begin = n_queries % 2 == 0 ? 3 : rng() % 200;
          const size_t end = n_queries % 2 == 0 ? 240 + i : begin + 1 + rng() % 56;
          keys.push_back({begin, end});
        }
        for (const auto& one : queries) q.push_back(one.data());
        const void* k_panels[kPanelsPerChunk];
        const void* v_panels[kPanelsPerChunk];
        for (size_t i = 0; i < kPanelsPerChunk; ++i) {
          k_panels[i] = cache.k[i].data();
          v_panels[i] = cache.v[i].data();
        }
        for (size_t isa = 0; isa < n_isas; ++isa) {
          if (!all[isa].usable) continue;
          std::vector<AttentionState> partials;
          for (auto& acc : accs) partials.push_back({0, 0, acc.data()});
          all[isa].table->attend_chunk({.q = q.data(),
                                        .keys = keys.data(),
                                        .n_queries = n_queries,
                                        .k_dim = dim,
                                        .v_dim = dim,
                                        .scale = 0.125f,
                                        .softcap = 0.0f,
                                        .k_type = type,
                                        .v_type = type,
                                        .k_panels = k_panels,
                                        .v_panels = v_panels},
                                       partials.data());
          for (size_t i = 0; i < n_queries; ++i) {
            const Partial alone =
                attend(scalar::table, cache, queries[i], 0, keys[i].begin, keys[i].end, 0.0f);
            EXPECT_EQ(partials[i].max, alone.max) << all[isa].table->name;
            EXPECT_EQ(partials[i].sum, alone.sum) << all[isa].table->name;
            expect_same_bits(alone.acc, accs[i], all[isa].table->name);
          }
        }
      }
    }
  }
}

TEST(Attention, StoresTheSameBytes) {
  std::mt19937 rng(12);
  size_t n_isas;
  const IsaChoice* all = all_isas(&n_isas);
  for (KvType type : {KvType::f32, KvType::f16, KvType::bf16}) {
    std::mt19937 copy = rng;
    const Cache want(scalar::table, 72, 40, 37, type, copy);
    for (size_t i = 0; i < n_isas; ++i) {
      if (!all[i].usable) continue;
      std::mt19937 again = rng;
      const Cache got(*all[i].table, 72, 40, 37, type, again);
      EXPECT_EQ(want.k, got.k) << all[i].table->name;
      EXPECT_EQ(want.v, got.v) << all[i].table->name;
    }
  }
}

// Scores of -inf (a query that overflows) have no weight and make no NaN, alone or among others.
TEST(Attention, MinusInfinityIsEmpty) {
  std::mt19937 rng(13);
  size_t n_isas;
  const IsaChoice* all = all_isas(&n_isas);
  for (size_t i = 0; i < n_isas; ++i) {
    if (!all[i].usable) continue;
    const Kernels& table = *all[i].table;
    SCOPED_TRACE(table.name);
    Cache cache(table, 16, 16, 300, KvType::f32, rng);
    const std::vector<float> dead(16, -1e38f), live(16, 1.0f), q(16, 1e38f);
    for (size_t j = 0; j < 256; ++j)
      table.store_key(dead.data(), 16, KvType::f32, cache.k[j / 16].data(), j % 16);
    const Partial p = attend(table, cache, q, 0, 0, 256, 0.0f);
    EXPECT_EQ(p.max, -kInf);
    EXPECT_EQ(p.sum, 0.0f);
    EXPECT_EQ(p.acc, std::vector<float>(16, 0.0f));

    std::vector<float> acc(16, 0.0f);
    AttentionState state{-kInf, 0, acc.data()};
    std::vector<float> dead_acc = p.acc;
    table.merge_attention(&state, {p.max, p.sum, dead_acc.data()}, 16);
    EXPECT_EQ(state.max, -kInf);
    const std::vector<float> small(16, 0.5f);
    const Partial second = attend(table, cache, small, 1, 0, 44, 0.0f);
    std::vector<float> second_acc = second.acc;
    table.merge_attention(&state, {second.max, second.sum, second_acc.data()}, 16);
    table.merge_attention(&state, {p.max, p.sum, dead_acc.data()}, 16);
    EXPECT_EQ(state.max, second.max);
    EXPECT_EQ(state.sum, second.sum);
    EXPECT_EQ(acc, second.acc);
  }
}

// A window that hides whole panels equals a cache in which those keys never were.
TEST(Attention, HiddenKeysDoNotMatter) {
  std::mt19937 rng(14);
  const Cache cache(scalar::table, 64, 64, 256, KvType::f16, rng);
  const std::vector<float> q = query(rng, 64);
  size_t n_isas;
  const IsaChoice* all = all_isas(&n_isas);
  for (size_t i = 0; i < n_isas; ++i) {
    if (!all[i].usable) continue;
    Cache damaged = cache;
    for (size_t j = 0; j < 256; ++j) {
      if (j >= 70 && j < 190) continue;
      const std::vector<float> nan(64, std::numeric_limits<float>::quiet_NaN());
      scalar::table.store_key(nan.data(), 64, KvType::f16, damaged.k[j / 16].data(), j % 16);
      scalar::table.store_value(nan.data(), 64, KvType::f16, damaged.v[j / 16].data(), j % 16);
    }
    const Partial a = attend(*all[i].table, cache, q, 0, 70, 190, 0.0f);
    const Partial b = attend(*all[i].table, damaged, q, 0, 70, 190, 0.0f);
    EXPECT_EQ(a.max, b.max);
    EXPECT_EQ(a.sum, b.sum);
    EXPECT_EQ(a.acc, b.acc);
  }
}

}  // namespace
}  // namespace hearth::kernels
