// SPDX-License-Identifier: Apache-2.0
#include "model/type_mix.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace hearth::model {

namespace {

using enum format::TensorType;
using format::TensorType;

// The layers (or models) in which a rule holds.
enum class Where : std::uint8_t {
  nowhere,
  everywhere,
  first_2,
  first_4,
  first_sixteenth,
  first_eighth,
  middle,     // all but the first and the last eighth
  more_bits,  // the first and the last eighth, and every third between
  grouped,    // models with 4 or more query heads for each KV head
};

struct Rule {
  Where where = Where::nowhere;
  TensorType type = f32;
};

// Rules of one kind of tensor: the first that holds decides.
struct Rules {
  Rule first = {}, second = {};
};

constexpr Rules always(TensorType type) {
  return {{Where::everywhere, type}};
}

bool holds(Where where, std::uint32_t layer, const MixedModel& model) {
  const std::uint32_t n = model.n_layers, first = n / 8, last = 7 * n / 8;
  switch (where) {
    case Where::nowhere:
      return false;
    case Where::everywhere:
      return true;
    case Where::first_2:
      return layer < 2;
    case Where::first_4:
      return layer < 4;
    case Where::first_sixteenth:
      return layer < n / 16;
    case Where::first_eighth:
      return layer < first;
    case Where::middle:
      return layer >= first && layer < last;
    case Where::more_bits:
      return layer < first || layer >= last || (layer - first) % 3 == 2;
    case Where::grouped:
      return model.heads_per_kv_head >= 4;
  }
  return false;
}

}  // namespace

struct TypeMix {
  std::string_view name;
  std::uint32_t file_type;
  TensorType base;
  TensorType output = q6_k;
  std::optional<TensorType> embedding = {};  // of a model with an output of its own
  Rules v = {}, k = {}, q = {}, attn_output = {}, up_gate = {}, down = {};
  std::optional<TensorType> experts = {};
};

namespace {

constexpr TypeMix kMixes[] = {
    {.name = "F32", .file_type = 0, .base = f32, .output = f32},
    {.name = "F16", .file_type = 1, .base = f16, .output = f16},
    {.name = "BF16", .file_type = 32, .base = bf16, .output = bf16},
    {.name = "Q8_0", .file_type = 7, .base = q8_0, .output = q8_0},
    {.name = "Q4_0", .file_type = 2, .base = q4_0},
    {.name = "Q4_1", .file_type = 3, .base = q4_1},
    {.name = "Q5_0", .file_type = 8, .base = q5_0},
    {.name = "Q5_1", .file_type = 9, .base = q5_1},
    {.name = "Q2_K",
     .file_type = 10,
     .base = q2_k,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, q3_k}},
     .attn_output = always(q3_k),
     .down = always(q3_k)},
    {.name = "Q2_K_S",
     .file_type = 21,
     .base = q2_k,
     .v = {{Where::grouped, q4_k}},
     .down = {{Where::first_eighth, q4_k}}},
    {.name = "Q3_K_S", .file_type = 11, .base = q3_k},
    {.name = "Q3_K_M",
     .file_type = 12,
     .base = q3_k,
     .v = {{Where::first_2, q5_k}, {Where::everywhere, q4_k}},
     .attn_output = always(q4_k),
     .down = {{Where::first_sixteenth, q5_k}, {Where::everywhere, q4_k}}},
    {.name = "Q3_K_L",
     .file_type = 13,
     .base = q3_k,
     .v = always(q5_k),
     .attn_output = always(q5_k),
     .down = always(q5_k)},
    {.name = "Q4_K_S",
     .file_type = 14,
     .base = q4_k,
     .v = {{Where::first_4, q5_k}},
     .down = {{Where::first_eighth, q5_k}}},
    {.name = "Q4_K_M",
     .file_type = 15,
     .base = q4_k,
     .v = {{Where::more_bits, q6_k}},
     .down = {{Where::more_bits, q6_k}}},
    {.name = "Q5_K_S", .file_type = 16, .base = q5_k},
    {.name = "Q5_K_M",
     .file_type = 17,
     .base = q5_k,
     .v = {{Where::more_bits, q6_k}},
     .down = {{Where::more_bits, q6_k}}},
    {.name = "Q6_K", .file_type = 18, .base = q6_k},
    {.name = "IQ4_NL",
     .file_type = 25,
     .base = iq4_nl,
     .v = {{Where::grouped, q5_k}},
     .down = {{Where::first_eighth, q5_k}}},
    {.name = "IQ4_XS",
     .file_type = 30,
     .base = iq4_xs,
     .v = {{Where::grouped, q5_k}},
     .down = {{Where::first_eighth, q5_k}}},
    {.name = "IQ3_M",
     .file_type = 27,
     .base = iq3_s,
     .v = always(q4_k),
     .attn_output = always(q4_k),
     .down = {{Where::first_eighth, q4_k}}},
    {.name = "IQ3_S", .file_type = 26, .base = iq3_s, .v = {{Where::grouped, q4_k}}},
    {.name = "IQ3_XS",
     .file_type = 22,
     .base = iq3_s,
     .v = {{Where::grouped, q4_k}},
     .k = always(iq3_xxs),
     .q = always(iq3_xxs),
     .up_gate = {{Where::middle, iq3_xxs}}},
    {.name = "IQ3_XXS",
     .file_type = 23,
     .base = iq3_xxs,
     .output = q5_k,
     .embedding = iq3_s,
     .v = {{Where::grouped, q4_k}},
     .k = always(iq2_s),
     .q = always(iq2_s),
     .attn_output = always(iq3_s)},
    {.name = "IQ2_M",
     .file_type = 29,
     .base = iq2_s,
     .output = q5_k,
     .embedding = iq3_s,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, iq3_s}},
     .attn_output = always(iq3_s),
     .down = {{Where::first_eighth, iq3_s}}},
    {.name = "IQ2_S",
     .file_type = 28,
     .base = iq2_xs,
     .output = q5_k,
     .embedding = iq3_s,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, iq3_s}},
     .attn_output = always(iq3_s),
     .down = {{Where::first_eighth, iq3_s}}},
    {.name = "IQ2_XS",
     .file_type = 20,
     .base = iq2_xs,
     .output = q5_k,
     .embedding = q2_k,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, q2_k}},
     .down = {{Where::first_eighth, q2_k}}},
    {.name = "IQ2_XXS",
     .file_type = 19,
     .base = iq2_xxs,
     .output = q5_k,
     .embedding = q2_k,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, q2_k}},
     .down = {{Where::first_eighth, q2_k}}},
    {.name = "IQ1_M",
     .file_type = 31,
     .base = iq1_m,
     .output = q5_k,
     .embedding = q2_k,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, q2_k}},
     .attn_output = always(iq2_xxs),
     .down = {{Where::first_eighth, q2_k}}},
    {.name = "IQ1_S",
     .file_type = 24,
     .base = iq1_s,
     .output = q5_k,
     .embedding = q2_k,
     .v = {{Where::grouped, q4_k}, {Where::everywhere, q2_k}},
     .attn_output = always(iq2_xxs),
     .down = {{Where::first_eighth, q2_k}}},
    {.name = "TQ1_0", .file_type = 36, .base = tq1_0, .embedding = q4_k},
    {.name = "TQ2_0", .file_type = 37, .base = tq2_0, .embedding = q4_k},
    {.name = "Q1_0", .file_type = 40, .base = q1_0},
    {.name = "Q2_0", .file_type = 41, .base = q2_0, .embedding = q4_k},
    {.name = "MXFP4_MOE", .file_type = 38, .base = q8_0, .output = q8_0, .experts = mxfp4},
    // Ours: llama.cpp makes no such mix of its own.
    {.name = "MXFP4", .file_type = 38, .base = mxfp4, .output = q8_0},
    {.name = "NVFP4", .file_type = 39, .base = nvfp4, .output = q8_0},
};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// The number in "blk.17.attn_v.weight"; 0 where there is none.
std::uint32_t layer_of(std::string_view tensor) {
  std::uint32_t layer = 0;
  if (tensor.starts_with("blk.")) {
    std::from_chars(tensor.data() + 4, tensor.data() + tensor.size(), layer);
  }
  return layer;
}

const Rules* rules_for(const TypeMix& mix, std::string_view tensor) {
  const auto is = [&](std::string_view part) { return tensor.contains(part); };
  if (is("attn_v.weight")) return &mix.v;
  if (is("attn_k.weight")) return &mix.k;
  if (is("attn_q.weight")) return &mix.q;
  if (is("attn_output.weight")) return &mix.attn_output;
  if (is("ffn_up") || is("ffn_gate")) return &mix.up_gate;
  if (is("ffn_down")) return &mix.down;
  return nullptr;
}

bool is_output(const MixedModel& model, std::string_view tensor) {
  return tensor == "output.weight" || (tensor == "token_embd.weight" && model.tied_output);
}

TensorType chosen(const TypeMix& mix, const MixedModel& model, std::string_view tensor) {
  if (is_output(model, tensor)) return mix.output;
  if (tensor == "token_embd.weight") return mix.embedding.value_or(mix.base);
  if (mix.experts && tensor.contains("_exps.")) return *mix.experts;
  if (const Rules* rules = rules_for(mix, tensor)) {
    for (const Rule& rule : {rules->first, rules->second}) {
      if (holds(rule.where, layer_of(tensor), model)) return rule.type;
    }
  }
  return mix.base;
}

// The type of smaller blocks that takes the place of one whose blocks do not fit.
TensorType fallback(TensorType type) {
  switch (type) {
    case q4_k:
      return q5_0;
    case q5_k:
      return q5_1;
    case q6_k:
      return q8_0;
    case q2_k:
    case q3_k:
    case tq1_0:
    case tq2_0:
    case q2_0:
      return q4_0;
    case iq4_xs:
    case iq3_s:
    case iq3_xxs:
    case iq2_s:
    case iq2_xs:
    case iq2_xxs:
    case iq1_s:
    case iq1_m:
      return iq4_nl;
    default:
      return f16;
  }
}

}  // namespace

const TypeMix* find_type_mix(std::string_view name) {
  const auto same = [](char a, char b) { return upper(a) == upper(b); };
  for (const TypeMix& mix : kMixes) {
    if (std::ranges::equal(mix.name, name, same)) return &mix;
  }
  return nullptr;
}

std::string type_mix_names() {
  std::string names;
  for (const TypeMix& mix : kMixes) names.append(names.empty() ? "" : " ").append(mix.name);
  return names;
}

std::string_view name_of(const TypeMix& mix) {
  return mix.name;
}

std::uint32_t file_type_of(const TypeMix& mix) {
  return mix.file_type;
}

TensorType type_in_mix(const TypeMix& mix, const MixedModel& model, std::string_view tensor,
                       std::uint64_t width) {
  // The router of experts is too small to gain, and too much depends on it.
  if (tensor.contains("ffn_gate_inp.")) return f32;
  const auto fits = [&](TensorType type) {
    return width % format::type_info(type).block_elems == 0;
  };
  TensorType type = chosen(mix, model, tensor);
  if (!fits(type)) type = is_output(model, tensor) ? q8_0 : fallback(type);
  return fits(type) ? type : f16;
}

}  // namespace hearth::model
