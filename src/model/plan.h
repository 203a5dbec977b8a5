// SPDX-License-Identifier: Apache-2.0
//
// A plan is a model turned into a flat list of steps, compiled once from family + sizes + tensors.
// Compiling checks every shape and names what is missing, misshapen or unclaimed; running it
// afterwards has no error path, no allocation and no string look-up.
//
// Steps name buffers and tensors by handle, never by pointer: where the bytes lie is the executor's
// affair. Placement is per tensor; where a step needs a buffer that another executor wrote, the
// plan holds an explicit transfer step. Immutable after compile; any thread may read it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "model/hparams.h"
#include "model/rope.h"

namespace hearth::model {

// Activation buffers: one row of floats for each batch row (from `wanted` on: for each row that
// wants what the buffer is about).
enum class BufferId : std::uint8_t {
  residual,
  normed,
  q,
  k,
  v,
  attended,
  gate,
  up,
  wanted,
  wanted_normed,
  logits,  // rows that want logits, in batch order
  hidden,  // rows that want a hidden state, in batch order
  none,
};
inline constexpr std::size_t kBuffers = static_cast<std::size_t>(BufferId::none);

// Whether the buffer has a row for each row that wants logits, of which a step has few.
constexpr bool holds_wanted_rows(BufferId buffer) {
  return buffer >= BufferId::wanted && buffer <= BufferId::logits;
}

using TensorId = std::uint16_t;  // index into Plan::tensors
inline constexpr TensorId kNoTensor = 0xFFFF;
using DeviceId = std::uint8_t;  // index of an executor

enum class Op : std::uint8_t {
  embed,        // out = rows of tensor by token id, or the batch's own vectors
  rms_norm,     // out = norm(a) * tensor, over n_heads groups of `width` values
  linear,       // out = tensor * a (+ low-rank side inputs of the row's adapter)
  add_bias,     // out += tensor, the same for every row
  rope,         // rotates the heads of out in place
  store_kv,     // a, b: keys and values of this layer into the KV cache
  attend,       // out = attention(a) over the KV cache of this layer
  silu_mul,     // out = silu(a) * b
  add,          // out += a
  keep_hidden,  // copies rows that want this layer's output to `hidden`
  norm_hidden,  // rms_norm of those rows of `hidden` that want kFinalNorm
  gather,       // out = the rows of a that want logits
  transfer,     // out on `device` = the same buffer on `from_device`
};

struct Step {
  Op op = Op::add;
  DeviceId device = 0;
  DeviceId from_device = 0;  // transfer
  BufferId a = BufferId::none, b = BufferId::none, out = BufferId::none;
  TensorId tensor = kNoTensor;
  std::uint16_t layer = 0;
  std::uint32_t n_heads = 0;  // heads (rope, attend) or groups (rms_norm)
  std::uint32_t width = 0;    // rms_norm: values normed together; rope: values of a head
};

enum class TensorUse : std::uint8_t { vector, matrix, embedding, embedding_and_matrix };

struct PlanTensor {
  const format::Tensor* source = nullptr;
  TensorUse use = TensorUse::matrix;
  DeviceId device = 0;
};

// Widths of the buffers and the shape of each layer's KV state.
struct KvShape {
  StateKind kind = StateKind::full_kv;
  DeviceId device = 0;
  std::uint32_t n_kv_heads = 0, n_heads = 0;
  std::uint32_t k_dim = 0, v_dim = 0;
  std::uint32_t window = 0;    // 0: none
  float softcap = 0.0f;        // > 0: scores s become softcap * tanh(s / softcap)
  TensorId sinks = kNoTensor;  // a vector of n_heads: scores that are in every sum, without a value
};

// Which executor holds what: called with a tensor's name and its layer (kNoLayer outside layers).
inline constexpr int kNoLayer = -1;
using Placement = std::function<DeviceId(std::string_view tensor, int layer)>;

struct Plan {
  Hparams hparams;
  std::vector<PlanTensor> tensors;
  std::vector<Step> steps;
  std::vector<KvShape> kv;  // one for each layer
  std::array<std::uint32_t, kBuffers> widths = {};
  RopeTable rope;
  float attention_scale = 1.0f;
  DeviceId n_devices = 1;

  std::uint32_t width_of(BufferId buffer) const { return widths[static_cast<std::size_t>(buffer)]; }
};

// integrity, naming the tensor: missing, wrong shape, or present but used by nothing.
// unsupported: a weight type without a product. The Gguf must outlive the plan.
Result<Plan> compile_plan(const format::Gguf& gguf, const Placement& placement = nullptr);

}  // namespace hearth::model
