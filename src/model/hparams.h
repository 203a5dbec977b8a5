// SPDX-License-Identifier: Apache-2.0
//
// The sizes of one model, read from GGUF metadata and checked against sane caps. Errors name the
// file and the key (integrity), or the architecture (unsupported).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "model/family.h"

namespace hearth::model {

enum class RopeScaling : std::uint8_t { none, linear, yarn };

struct RopeParams {
  std::uint32_t n_rot = 0;  // rotated values of a head (even)
  double freq_base = 10000.0;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1.0;            // context extension factor, >= 1 in practice
  double attention_factor = 1.0;  // multiplies cos and sin, beside what YaRN does by itself
  std::uint32_t original_context = 0;
  double beta_fast = 32.0, beta_slow = 1.0;  // YaRN's correction range, in rotations
};

struct LayerShape {
  std::uint32_t n_heads = 0;
  std::uint32_t n_kv_heads = 0;
  std::uint32_t n_ff = 0;
};

struct Hparams {
  const Family* family = nullptr;
  std::string name;  // general.name, printable; may be empty
  std::uint32_t n_vocab = 0;
  std::uint32_t n_embd = 0;
  std::uint32_t n_layers = 0;
  std::uint32_t n_ctx_train = 0;
  std::uint32_t k_dim = 0, v_dim = 0;  // size of one key head and one value head
  std::uint32_t window = 0;            // sliding window in tokens, 0 = none
  float rms_epsilon = 1e-5f;
  RopeParams rope;
  std::vector<LayerShape> layers;
};

Result<Hparams> read_hparams(const format::Gguf& gguf);

}  // namespace hearth::model
