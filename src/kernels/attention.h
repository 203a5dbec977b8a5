// SPDX-License-Identifier: Apache-2.0
//
// What attention over the KV cache takes and gives (Kernels::attend_chunk). Sums are formed in
// chunks of 256 absolute key positions and merged in ascending order: the only split that exists,
// whatever the batch, the threads or the windows. scalar/attention.cc states the numbers.
#pragma once

#include "kernels/activations.h"
#include "kernels/kv_type.h"

namespace hearth::kernels {

inline constexpr size_t kChunkTokens = 256;
inline constexpr size_t kPanelsPerChunk = kChunkTokens / kPanelTokens;

struct MatmulArgs;

// Queries that one call of attend_chunk may bring: they share the reading of keys and values. The
// heads of a group, or neighbouring tokens; what a query gets does not depend on the others.
inline constexpr size_t kMaxQueries = 64;
// And how many it should bring where there are many. Keys in blocks are decoded once for all of a
// call; those in plain floats are taken by 8 queries at a time, whose scores stay in the first
// cache.
constexpr size_t queries_of_call(KvType k_type) {
  return kv_in_blocks(k_type) ? kMaxQueries : 8;
}

// The keys of a chunk that a query sees, begin <= end <= 256.
struct KeyRange {
  size_t begin, end;
};

struct AttendChunkArgs {
  const float* const* q;           // [n_queries][k_dim]; for keys in plain floats
  QuantizedActivations quantized;  // the same as q8_32, filled up to k_stride; for keys in blocks
  void (*key_product)(const MatmulArgs&);  // of the keys' weight type; for keys in blocks
  const KeyRange* keys;                    // [n_queries]
  size_t n_queries;                        // 1 .. kMaxQueries
  size_t k_dim, v_dim;                     // dimensions of a key and of a value
  size_t k_stride;                         // of a key as stored
  size_t v_row_bytes;                      // from value to value in a V panel
  float scale;                             // score = (q . k) * scale
  float softcap;                           // > 0: score = softcap * tanh(score / softcap)
  KvType k_type, v_type;
  // kPanelsPerChunk pointers each; unused before the first and after the last key that is seen.
  const void* const* k_panels;
  const void* const* v_panels;
  // Whether another call has just read these panels, so that there is nothing to wait for.
  bool is_near;
  // Else the panels of keys that come after these, as many as are known: asked for ahead.
  const void* const* next_k_panels;
  size_t n_next;
};

// A chunk's partial result, and the running state of a query's attention: max, sum of exponentials
// and the weighted sum of values. acc has v_dim floats. max = -inf: no key was seen.
struct AttentionState {
  float max;
  float sum;
  float* acc;
};

}  // namespace hearth::kernels
