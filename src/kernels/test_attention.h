// SPDX-License-Identifier: Apache-2.0
//
// KV panels of one head and calls of attend_chunk over them, for tests.
#pragma once

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/kv_blocks.h"
#include "kernels/packed.h"
#include "kernels/scalar/functions.h"
#include "kernels/test_weights.h"

namespace hearth::kernels {

struct KvCase {
  KvType k_type, v_type;
  size_t k_dim, v_dim;
};

inline std::vector<KvType> all_kv_types() {
  std::vector<KvType> types;
  for (size_t i = 0; i < kKvTypes; ++i) types.push_back(static_cast<KvType>(i));
  return types;
}

struct TestCache {
  KvCase as;
  size_t k_bytes, v_bytes;    // of a panel
  std::vector<uint8_t> k, v;  // panels one after the other, all NaN where nothing is stored
  std::vector<std::vector<float>> keys, values;  // as they were stored

  TestCache(const Kernels& table, const KvCase& kv, size_t n_keys, std::mt19937& rng)
      : as(kv),
        k_bytes(kv_key_panel_bytes(kv.k_type, kv.k_dim)),
        v_bytes(kv_value_panel_bytes(kv.v_type, kv.v_dim)) {
    std::normal_distribution<float> normal;
    const size_t n_panels = (n_keys + kPanelTokens - 1) / kPanelTokens;
    k.assign(n_panels * k_bytes, 0xff);
    v.assign(n_panels * v_bytes, 0xff);
    for (size_t j = 0; j < n_keys; ++j) {
      std::vector<float> key(kv.k_dim), value(kv.v_dim);
      for (float& x : key) x = normal(rng);
      for (float& x : value) x = normal(rng);
      store(table, j, key, value);
      keys.push_back(stored_key(j));
      values.push_back(stored_value(j));
    }
  }

  void store(const Kernels& table, size_t j, const std::vector<float>& key,
             const std::vector<float>& value) {
    table.store_key(key.data(), as.k_dim, as.k_type, &k[j / kPanelTokens * k_bytes],
                    j % kPanelTokens);
    table.store_value(value.data(), as.v_dim, as.v_type, &v[j / kPanelTokens * v_bytes],
                      j % kPanelTokens);
  }

  std::vector<float> stored_key(size_t j) const {
    const WeightType type = kv_weight_type(as.k_type);
    const size_t stored = kv_stored_dim(as.k_type, as.k_dim);
    const uint8_t* panel = &k[j / kPanelTokens * k_bytes];
    std::vector<uint8_t> row(kv_row_bytes(as.k_type, as.k_dim));
    if (kv_in_blocks(as.k_type)) {
      unpack_row(type, panel, stored, j % kPanelTokens, row.data());
    } else {
      const size_t bytes = row.size() / as.k_dim;
      for (size_t d = 0; d < as.k_dim; ++d)
        std::copy_n(panel + (d * kPanelTokens + j % kPanelTokens) * bytes, bytes, &row[d * bytes]);
    }
    return floats(type, row.data(), stored, as.k_dim);
  }
  std::vector<float> stored_value(size_t j) const {
    return floats(kv_weight_type(as.v_type),
                  &v[j / kPanelTokens * v_bytes + j % kPanelTokens * v_bytes / kPanelTokens],
                  kv_stored_dim(as.v_type, as.v_dim), as.v_dim);
  }

 private:
  static std::vector<float> floats(WeightType type, const uint8_t* row, size_t stored, size_t dim) {
    std::vector<float> out(stored);
    scalar::table.dequantize[static_cast<size_t>(type)](row, stored, out.data());
    out.resize(dim);
    return out;
  }
};

// Queries of one call; keys in blocks meet them as they are quantised.
class TestQueries {
 public:
  TestQueries(const Kernels& table, const KvCase& kv, std::vector<std::vector<float>> queries)
      : floats_(std::move(queries)),
        stored_((kv.k_dim + 31) / 32 * 32),
        stride_((stored_ + 63) / 64 * 64),
        q_(floats_.size() * stride_ / 64),
        scales_(floats_.size() * stored_ / 32),
        sums_(floats_.size() * stride_ / 16) {
    for (size_t i = 0; i < floats_.size(); ++i) {
      pointers_.push_back(floats_[i].data());
      std::vector<float> filled = floats_[i];
      filled.resize(stored_);
      table.quantize_q8_32(filled.data(), stored_, quants() + i * stride_,
                           &scales_[i * stored_ / 32], &sums_[i * stride_ / 16]);
    }
    quantized_ = {quants(),     scales_.data(), sums_.data(), stride_,
                  stored_ / 32, stride_ / 16,   nullptr};
    blocked_.emplace(table, ActivationForm::q8_32, stored_, floats_.size(), &quantized_);
  }

  size_t size() const { return floats_.size(); }
  const float* const* floats() const { return pointers_.data(); }
  const QuantizedActivations& quantized() const { return quantized_; }
  size_t stored() const { return stored_; }

  // As keys of that type meet query i.
  std::vector<float> seen_by(KvType k_type, size_t i) const {
    std::vector<float> q = floats_[i];
    if (!kv_in_blocks(k_type)) return q;
    for (size_t d = 0; d < q.size(); ++d)
      q[d] = static_cast<float>(quantized_.q[i * stride_ + d]) * scales_[i * stored_ / 32 + d / 32];
    return q;
  }

 private:
  struct alignas(64) Line {
    int8_t q[64];
  };
  int8_t* quants() { return q_.data()->q; }

  std::vector<std::vector<float>> floats_;
  std::vector<const float*> pointers_;
  size_t stored_, stride_;
  std::vector<Line> q_;
  std::vector<float> scales_;
  std::vector<int16_t> sums_;
  QuantizedActivations quantized_;
  std::optional<BlockedTokens> blocked_;
};

struct TestPartial {
  float max, sum;
  std::vector<float> acc;
};

// One call over a chunk of the cache; panels that no query sees are null.
inline std::vector<TestPartial> attend(const Kernels& table, const TestCache& cache,
                                       const TestQueries& queries, size_t chunk,
                                       const std::vector<KeyRange>& keys, float softcap = 0.0f) {
  const void* k_panels[kPanelsPerChunk] = {};
  const void* v_panels[kPanelsPerChunk] = {};
  size_t first = kChunkTokens, end = 0;
  for (const KeyRange& range : keys) {
    if (range.begin >= range.end) continue;
    first = std::min(first, range.begin);
    end = std::max(end, range.end);
  }
  size_t n_next = 0;  // what is asked for ahead changes nothing, wherever it lies
  for (size_t i = first / kPanelTokens; i * kPanelTokens < end; ++i) {
    n_next = i + 1;
    k_panels[i] = &cache.k[(chunk * kPanelsPerChunk + i) * cache.k_bytes];
    v_panels[i] = &cache.v[(chunk * kPanelsPerChunk + i) * cache.v_bytes];
  }
  std::vector<TestPartial> out(queries.size(), {0, 0, std::vector<float>(cache.as.v_dim, 7.0f)});
  std::vector<AttentionState> states;
  for (TestPartial& partial : out) states.push_back({0, 0, partial.acc.data()});
  table.attend_chunk(
      {.q = queries.floats(),
       .quantized = queries.quantized(),
       .key_product = table.matmul[static_cast<size_t>(kv_weight_type(cache.as.k_type))],
       .keys = keys.data(),
       .n_queries = queries.size(),
       .k_dim = cache.as.k_dim,
       .v_dim = cache.as.v_dim,
       .k_stride = kv_stored_dim(cache.as.k_type, cache.as.k_dim),
       .v_row_bytes = kv_row_bytes(cache.as.v_type, cache.as.v_dim),
       .scale = 0.125f,
       .softcap = softcap,
       .k_type = cache.as.k_type,
       .v_type = cache.as.v_type,
       .k_panels = k_panels,
       .v_panels = v_panels,
       .is_near = chunk % 2 == 1,
       .next_k_panels = k_panels,
       .n_next = n_next},
      states.data());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].max = states[i].max;
    out[i].sum = states[i].sum;
  }
  return out;
}

inline std::vector<float> random_query(std::mt19937& rng, size_t dim, float scale = 2.0f) {
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> q(dim);
  for (float& x : q) x = normal(rng);
  return q;
}

}  // namespace hearth::kernels
