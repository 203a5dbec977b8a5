// SPDX-License-Identifier: Apache-2.0
//
// Attention over chunks: every table against the scalar one, and the scalar one against a plain
// softmax in double precision. What lies outside the visible keys must never matter: here it is
// NaN.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/encode.h"
#include "kernels/kernels.h"
#include "kernels/test_attention.h"
#include "kernels/test_bits.h"
#include "kernels/test_tables.h"

namespace hearth::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<const Kernels*> attending_tables() {
  return tables_that_differ([](const Kernels& t) {
    return std::pair(t.attend_chunk, t.matmul[static_cast<size_t>(WeightType::q8_0)]);
  });
}

TestPartial attend_one(const Kernels& table, const TestCache& cache, const std::vector<float>& q,
                       size_t chunk, KeyRange keys, float softcap = 0.0f) {
  return attend(table, cache, TestQueries(table, cache.as, {q}), chunk, {keys}, softcap).front();
}

// All visible keys [begin, end) of the cache, chunk by chunk.
std::vector<float> attend_all(const Kernels& table, const TestCache& cache,
                              const std::vector<float>& q, KeyRange keys, float softcap) {
  std::vector<float> acc(cache.as.v_dim), out(cache.as.v_dim);
  AttentionState state{-kInf, 0, acc.data()};
  for (size_t chunk = keys.begin / kChunkTokens; chunk * kChunkTokens < keys.end; ++chunk) {
    const size_t base = chunk * kChunkTokens;
    TestPartial p = attend_one(
        table, cache, q, chunk,
        {keys.begin > base ? keys.begin - base : 0, std::min(keys.end - base, kChunkTokens)},
        softcap);
    table.merge_attention(&state, {p.max, p.sum, p.acc.data()}, cache.as.v_dim);
  }
  table.finish_attention(state, cache.as.v_dim, out.data());
  return out;
}

// A plain softmax in double precision, over keys and values as the cache holds them.
std::vector<double> exact(const TestCache& cache, const std::vector<float>& q, KeyRange keys,
                          float softcap) {
  std::vector<double> out(cache.as.v_dim);
  double sum = 0;
  for (size_t j = keys.begin; j < keys.end; ++j) {
    double s = 0;
    for (size_t d = 0; d < cache.as.k_dim; ++d)
      s += static_cast<double>(q[d]) * static_cast<double>(cache.keys[j][d]);
    s *= 0.125;
    if (softcap > 0) s = static_cast<double>(softcap) * std::tanh(s / static_cast<double>(softcap));
    const double p = std::exp(s);
    sum += p;
    for (size_t d = 0; d < cache.as.v_dim; ++d)
      out[d] += p * static_cast<double>(cache.values[j][d]);
  }
  for (double& x : out) x /= sum;
  return out;
}

TEST(Attention, EveryTableGivesTheScalarBitsAndTheyAreRight) {
  std::mt19937 rng(11);
  const struct {
    size_t k_dim, v_dim;
  } dims[] = {{64, 64}, {128, 128}, {80, 80}, {24, 40}, {192, 128}, {256, 256}, {5, 3}};
  const KeyRange windows[] = {{0, 1},   {0, 15},    {0, 17},    {0, 256},   {0, 257},   {0, 700},
                              {13, 29}, {250, 260}, {255, 256}, {256, 512}, {300, 301}, {699, 700}};
  const std::vector<const Kernels*> tables = attending_tables();
  for (const auto& dim : dims) {
    for (const KvType type : all_kv_types()) {
      // Keys and values of one type, and the next type's values.
      const auto next = static_cast<KvType>((static_cast<size_t>(type) + 1) % kKvTypes);
      const KvCase kv{type, dim.k_dim == 80 ? next : type, dim.k_dim, dim.v_dim};
      SCOPED_TRACE(std::string(kv_type_name(kv.k_type)) + " " + kv_type_name(kv.v_type));
      const TestCache cache(scalar::table, kv, 700, rng);
      const std::vector<float> q = random_query(rng, dim.k_dim);
      const auto seen = TestQueries(scalar::table, kv, {q}).seen_by(type, 0);
      for (const KeyRange& window : windows) {
        const float softcap = window.begin % 2 == 0 ? 0.0f : 30.0f;
        const auto want = attend_all(scalar::table, cache, q, window, softcap);
        const auto truth = exact(cache, seen, window, softcap);
        for (size_t d = 0; d < dim.v_dim; ++d) ASSERT_NEAR(want[d], truth[d], 5e-5);
        for (const Kernels* table : tables) {
          const auto got = attend_all(*table, cache, q, window, softcap);
          expect_same_bits(want, got, table->name);
        }
      }
    }
  }
}

// Queries that share a call get what each gets alone, whatever keys the others see, or none.
TEST(Attention, QueriesDoNotSeeEachOther) {
  std::mt19937 rng(15);
  const std::vector<const Kernels*> tables = attending_tables();
  for (const size_t dim : {64, 72, 5}) {
    for (const KvType type : all_kv_types()) {
      const TestCache cache(scalar::table, {type, type, dim, dim}, kChunkTokens, rng);
      for (const size_t n_queries : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 22u, 33u, 64u}) {
        std::vector<std::vector<float>> queries;
        std::vector<KeyRange> keys;
        for (size_t i = 0; i < n_queries; ++i) {
          queries.push_back(random_query(rng, dim));
          // Neighbouring tokens, then windows here and there, some of which share no key.
          const size_t begin = n_queries % 2 == 0 ? 3 : rng() % 200;
          const size_t end = n_queries % 2 == 0 ? 240 + i % 17 : begin + 1 + rng() % 56;
          keys.push_back(i == 2 ? KeyRange{0, 0} : KeyRange{begin, end});
        }
        for (const Kernels* table : tables) {
          const auto together =
              attend(*table, cache, TestQueries(*table, cache.as, queries), 0, keys);
          for (size_t i = 0; i < n_queries; ++i) {
            if (keys[i].end == 0) {
              EXPECT_EQ(together[i].max, -kInf);
              continue;
            }
            const TestPartial alone = attend_one(scalar::table, cache, queries[i], 0, keys[i]);
            EXPECT_EQ(together[i].max, alone.max) << table->name;
            EXPECT_EQ(together[i].sum, alone.sum) << table->name;
            expect_same_bits(alone.acc, together[i].acc, table->name);
          }
        }
      }
    }
  }
}

TEST(Attention, StoresTheSameBytes) {
  std::mt19937 rng(12);
  for (const KvType type : all_kv_types()) {
    std::mt19937 copy = rng;
    const TestCache want(scalar::table, {type, type, 72, 40}, 37, copy);
    for (const Kernels* table : attending_tables()) {
      std::mt19937 again = rng;
      const TestCache got(*table, {type, type, 72, 40}, 37, again);
      EXPECT_EQ(want.k, got.k) << table->name;
      EXPECT_EQ(want.v, got.v) << table->name;
    }
  }
}

// What a block cannot hold is not hidden.
TEST(Attention, ABadValueInABlockStaysVisible) {
  std::mt19937 rng(16);
  for (const KvType type : all_kv_types()) {
    TestCache cache(scalar::table, {type, type, 64, 64}, 16, rng);
    std::vector<float> bad(64, 1.0f);
    bad[40] = std::numeric_limits<float>::quiet_NaN();
    cache.store(scalar::table, 3, bad, bad);
    EXPECT_TRUE(std::isnan(cache.stored_value(3)[40])) << kv_type_name(type);
    EXPECT_TRUE(std::isnan(cache.stored_key(3)[40])) << kv_type_name(type);
    EXPECT_EQ(cache.stored_value(2), cache.values[2]);
    EXPECT_EQ(cache.stored_key(4), cache.keys[4]);
  }
}

// Blocks of a cache lose no more than the weight type's own encoder does, and less in few bits.
TEST(Attention, BlocksAreEncodedWithLessError) {
  std::mt19937 rng(18);
  for (const KvType type : all_kv_types()) {
    if (!kv_in_blocks(type)) continue;
    double ours = 0, plain = 0;
    for (int round = 0; round < 200; ++round) {
      TestCache cache(scalar::table, {type, type, 32, 32}, 1, rng);
      const std::vector<float> x = random_query(rng, 32);
      cache.store(scalar::table, 0, x, x);
      const std::vector<float> got = cache.stored_value(0);
      EXPECT_EQ(got, cache.stored_key(0));
      std::vector<uint8_t> row(kv_row_bytes(type, 32));
      std::vector<float> as_weights(32);
      ASSERT_TRUE(encode_row(kv_weight_type(type), x.data(), 32, row.data()));
      scalar::table.dequantize[static_cast<size_t>(kv_weight_type(type))](row.data(), 32,
                                                                          as_weights.data());
      for (size_t i = 0; i < 32; ++i) {
        ours += std::pow(double{got[i]} - double{x[i]}, 2);
        plain += std::pow(double{as_weights[i]} - double{x[i]}, 2);
      }
    }
    const bool in_four_bits = kv_row_bytes(type, 32) <= kv_row_bytes(KvType::q4_1, 32);
    EXPECT_LE(ours, (in_four_bits ? 0.96 : 1.0) * plain) << kv_type_name(type);
  }
}

// Scores of -inf (a query that overflows) have no weight and make no NaN, alone or among others.
TEST(Attention, MinusInfinityIsEmpty) {
  std::mt19937 rng(13);
  for (const Kernels* table : attending_tables()) {
    SCOPED_TRACE(table->name);
    TestCache cache(*table, {KvType::f32, KvType::f32, 16, 16}, 300, rng);
    const std::vector<float> dead(16, -1e38f), q(16, 1e38f);
    for (size_t j = 0; j < 256; ++j) cache.store(*table, j, dead, cache.values[j]);
    TestPartial p = attend_one(*table, cache, q, 0, {0, 256});
    EXPECT_EQ(p.max, -kInf);
    EXPECT_EQ(p.sum, 0.0f);
    EXPECT_EQ(p.acc, std::vector<float>(16, 0.0f));

    std::vector<float> acc(16, 0.0f);
    AttentionState state{-kInf, 0, acc.data()};
    table->merge_attention(&state, {p.max, p.sum, p.acc.data()}, 16);
    EXPECT_EQ(state.max, -kInf);
    const std::vector<float> small(16, 0.5f);
    TestPartial second = attend_one(*table, cache, small, 1, {0, 44});
    table->merge_attention(&state, {second.max, second.sum, second.acc.data()}, 16);
    table->merge_attention(&state, {p.max, p.sum, p.acc.data()}, 16);
    EXPECT_EQ(state.max, second.max);
    EXPECT_EQ(state.sum, second.sum);
    EXPECT_EQ(acc, second.acc);
  }
}

// A window that hides whole panels equals a cache in which those keys never were.
TEST(Attention, HiddenKeysDoNotMatter) {
  std::mt19937 rng(14);
  for (const KvType type : {KvType::f16, KvType::q8_0}) {
    const TestCache cache(scalar::table, {type, type, 64, 64}, 256, rng);
    const std::vector<float> q = random_query(rng, 64);
    const std::vector<float> nan(64, std::numeric_limits<float>::quiet_NaN());
    for (const Kernels* table : attending_tables()) {
      TestCache damaged = cache;
      for (size_t j = 0; j < 256; ++j)
        if (j < 70 || j >= 190) damaged.store(scalar::table, j, nan, nan);
      const TestPartial a = attend_one(*table, cache, q, 0, {70, 190});
      const TestPartial b = attend_one(*table, damaged, q, 0, {70, 190});
      EXPECT_EQ(a.max, b.max);
      EXPECT_EQ(a.sum, b.sum);
      EXPECT_EQ(a.acc, b.acc);
    }
  }
}

// Turning keeps lengths and dots, is its own inverse, and has the same bits everywhere.
TEST(Attention, HadamardTurns) {
  std::mt19937 rng(17);
  for (size_t n = 16; n <= 256; n *= 2) {
    const std::vector<float> x = random_query(rng, n), y = random_query(rng, n);
    std::vector<float> turned = x, other = y;
    scalar::hadamard(turned.data(), n);
    scalar::hadamard(other.data(), n);
    double before = 0, after = 0;
    for (size_t i = 0; i < n; ++i) {
      before += static_cast<double>(x[i]) * static_cast<double>(y[i]);
      after += static_cast<double>(turned[i]) * static_cast<double>(other[i]);
    }
    EXPECT_NEAR(before, after, 1e-4 * static_cast<double>(n));
    EXPECT_GT(std::abs(x[0] - turned[0]), 0.0f);
    for (const Kernels* table : attending_tables()) {
      std::vector<float> got = x;
      table->hadamard(got.data(), n);
      expect_same_bits(turned, got, table->name);
      table->hadamard(got.data(), n);
      for (size_t i = 0; i < n; ++i) EXPECT_NEAR(got[i], x[i], 1e-5f);
    }
  }
}

TEST(Attention, TurnsByTheLargestPowerOfTwo) {
  EXPECT_EQ(kv_hadamard_size(KvType::q8_0, 64), 64u);
  EXPECT_EQ(kv_hadamard_size(KvType::q4_0, 96), 32u);
  EXPECT_EQ(kv_hadamard_size(KvType::q4_0, 80), 16u);
  EXPECT_EQ(kv_hadamard_size(KvType::q4_0, 512), 256u);
  EXPECT_EQ(kv_hadamard_size(KvType::q4_0, 72), 1u);
  EXPECT_EQ(kv_hadamard_size(KvType::f16, 64), 1u);
}

}  // namespace
}  // namespace hearth::kernels
