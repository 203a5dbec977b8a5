// SPDX-License-Identifier: Apache-2.0
//
// A model family as data: what distinguishes its graph from the plain Llama shape. Sizes are never
// here; they come from the file's metadata (hparams.h). A family file has no loop, no pointer and
// no branch; plan.cc turns spec + sizes + tensors into steps. docs/howto/add-a-family.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hearth::model {

// Which values of a head RoPE rotates together (n = rotated values): pairs (2i, 2i+1), as GGUF
// files of the llama family are laid out, or (i, i + n/2), as NeoX and most later families are.
enum class RopeStyle : std::uint8_t { none, interleaved, halves };

// Whether linear layers carry a bias vector.
enum class Bias : std::uint8_t { none, if_present, required };

// A norm on queries and keys before RoPE.
enum class QkNorm : std::uint8_t { none, per_head };

// The memory that one layer keeps for a sequence.
enum class StateKind : std::uint8_t { full_kv, windowed_kv, recurrent, convolution };

enum class Activation : std::uint8_t { silu };

struct AttentionSpec {
  RopeStyle rope = RopeStyle::interleaved;
  Bias qkv_bias = Bias::none;
  Bias out_bias = Bias::none;
  QkNorm qk_norm = QkNorm::none;
};

struct FfnSpec {
  Activation activation = Activation::silu;  // gated: down(act(gate(x)) * up(x))
  Bias bias = Bias::none;
};

struct Family {
  std::string_view name;       // for people: "Qwen3"
  std::string_view gguf_arch;  // general.architecture, the prefix of its keys
  AttentionSpec attention = {};
  FfnSpec ffn = {};
  StateKind state = StateKind::full_kv;
  // When the file has no chat template and its special tokens fit none of ours (a name of
  // text/builtin_templates.h that needs no tokens of its own); "" for plain completion.
  std::string_view fallback_template = {};
  std::string_view source;  // where the facts were read, and when
};

// All families, one line each in families.inc.
std::span<const Family* const> families();
// By general.architecture; null if unknown.
const Family* find_family(std::string_view gguf_arch);

}  // namespace hearth::model
