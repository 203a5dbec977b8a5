// SPDX-License-Identifier: Apache-2.0
#include "model/hparams.h"

#include <cmath>

#include "base/escape.h"

namespace hearth::model {
namespace {

// Far above any model known in 2026, and low enough that every product of them stays in 64 bits.
constexpr std::uint64_t kMaxLayers = 4096;
constexpr std::uint64_t kMaxWidth = 1u << 20;
constexpr std::uint64_t kMaxHeads = 1u << 14;
constexpr std::uint64_t kMaxHeadDim = 4096;
constexpr std::uint64_t kMaxVocab = 1u << 26;
constexpr std::uint64_t kMaxContext = 1u << 30;

// Reads "<arch>.<suffix>" keys with range checks.
class Reader {
 public:
  Reader(const format::Gguf& gguf, std::string_view arch) : gguf_(gguf), prefix_(arch) {
    prefix_ += '.';
  }

  std::string key(std::string_view suffix) const { return prefix_ + std::string(suffix); }

  Result<std::uint32_t> in_range(std::string_view suffix, std::uint64_t value, std::uint64_t low,
                                 std::uint64_t high) const {
    if (value < low || value > high)
      return fail(ErrorCode::integrity, "{}: {} is {}, which is outside {} to {}",
                  gguf_.file_name(), key(suffix), value, low, high);
    return static_cast<std::uint32_t>(value);
  }

  Result<std::uint32_t> require(std::string_view suffix, std::uint64_t low,
                                std::uint64_t high) const {
    return in_range(suffix, TRY(gguf_.require_uint(key(suffix))), low, high);
  }

  Result<std::uint32_t> get(std::string_view suffix, std::uint32_t otherwise, std::uint64_t low,
                            std::uint64_t high) const {
    const auto value = TRY(gguf_.get_uint(key(suffix)));
    if (!value) return otherwise;
    return in_range(suffix, *value, low, high);
  }

  Result<double> get_positive(std::string_view suffix, double otherwise) const {
    const auto value = TRY(gguf_.get_float(key(suffix)));
    if (!value) return otherwise;
    if (!std::isfinite(*value) || *value <= 0)
      return fail(ErrorCode::integrity, "{}: {} must be a positive number", gguf_.file_name(),
                  key(suffix));
    return *value;
  }

  // A number for all layers, or an array with one for each.
  Result<std::vector<std::uint32_t>> per_layer(std::string_view suffix, std::uint32_t n_layers,
                                               std::uint64_t high) const {
    const std::string name = key(suffix);
    const format::Value* value = gguf_.find(name);
    if (value == nullptr || value->type != format::ValueType::array)
      return std::vector<std::uint32_t>(n_layers, TRY(require(suffix, 1, high)));
    const auto array = TRY(gguf_.get_int_array(name));
    if (!array) return fail(ErrorCode::integrity, "{}: {} is missing", gguf_.file_name(), name);
    if (array->size() != n_layers)
      return fail(ErrorCode::integrity, "{}: {} has {} numbers for {} layers", gguf_.file_name(),
                  name, array->size(), n_layers);
    std::vector<std::uint32_t> numbers;
    for (std::size_t i = 0; i < n_layers; ++i) {
      const std::int64_t number = array->int_at(i);
      if (number < 0)
        return fail(ErrorCode::integrity, "{}: {}[{}] is negative", gguf_.file_name(), name, i);
      numbers.push_back(TRY(in_range(suffix, static_cast<std::uint64_t>(number), 1, high)));
    }
    return numbers;
  }

 private:
  const format::Gguf& gguf_;
  std::string prefix_;
};

Result<RopeParams> read_rope(const format::Gguf& gguf, const Reader& reader, std::uint32_t k_dim,
                             std::uint32_t n_ctx_train) {
  RopeParams rope;
  rope.n_rot = TRY(reader.get("rope.dimension_count", k_dim, 2, k_dim));
  if (rope.n_rot % 2 != 0)
    return fail(ErrorCode::integrity, "{}: {} is odd", gguf.file_name(),
                reader.key("rope.dimension_count"));
  rope.freq_base = TRY(reader.get_positive("rope.freq_base", 10000.0));
  rope.original_context =
      TRY(reader.get("rope.scaling.original_context_length", n_ctx_train, 1, kMaxContext));

  const auto type = TRY(gguf.get_string(reader.key("rope.scaling.type")));
  // Files from before rope.scaling.* carry one linear factor.
  const double old_factor = TRY(reader.get_positive("rope.scale_linear", 1.0));
  rope.factor = TRY(reader.get_positive("rope.scaling.factor", old_factor));
  rope.attention_factor = TRY(reader.get_positive("rope.scaling.attn_factor", 1.0));
  rope.beta_fast = TRY(reader.get_positive("rope.scaling.yarn_beta_fast", 32.0));
  rope.beta_slow = TRY(reader.get_positive("rope.scaling.yarn_beta_slow", 1.0));
  if (type == "none") {
    rope.factor = 1.0;
  } else if (type == "yarn") {
    rope.scaling = RopeScaling::yarn;
    if (TRY(reader.get_positive("rope.scaling.yarn_ext_factor", 1.0)) != 1.0)
      return fail(ErrorCode::unsupported, "{}: {} other than 1 is not supported yet",
                  gguf.file_name(), reader.key("rope.scaling.yarn_ext_factor"));
  } else if (!type || type == "linear") {
    rope.scaling = rope.factor == 1.0 ? RopeScaling::none : RopeScaling::linear;
  } else {
    return fail(ErrorCode::unsupported, "{}: RoPE scaling '{}' is not supported yet",
                gguf.file_name(), printable(*type, 40));
  }
  return rope;
}

// The width of the embedding table is the vocabulary; the tokenizer must agree where there is one.
Result<std::uint32_t> read_vocab_size(const format::Gguf& gguf) {
  const format::Tensor* embedding = gguf.find_tensor("token_embd.weight");
  if (embedding == nullptr)
    return fail(ErrorCode::integrity, "{}: the tensor token_embd.weight is missing",
                gguf.file_name());
  const std::uint64_t n_vocab = embedding->dims[1];
  if (n_vocab == 0 || n_vocab > kMaxVocab)
    return fail(ErrorCode::integrity, "{}: token_embd.weight has {} rows", gguf.file_name(),
                n_vocab);
  const format::Value* tokens = gguf.find("tokenizer.ggml.tokens");
  if (tokens != nullptr && tokens->type == format::ValueType::array &&
      tokens->array.size() != n_vocab)
    return fail(ErrorCode::integrity,
                "{}: the vocabulary has {} tokens, but token_embd.weight {} rows", gguf.file_name(),
                tokens->array.size(), n_vocab);
  return static_cast<std::uint32_t>(n_vocab);
}

}  // namespace

Result<Hparams> read_hparams(const format::Gguf& gguf) {
  const std::string_view arch = TRY(gguf.require_string("general.architecture"));
  Hparams hparams;
  hparams.family = find_family(arch);
  if (hparams.family == nullptr)
    return fail(ErrorCode::unsupported, "{}: the architecture '{}' is not supported yet",
                gguf.file_name(), printable(arch, 60));
  const Reader reader(gguf, arch);

  if (const auto name = TRY(gguf.get_string("general.name"))) hparams.name = printable(*name, 120);
  hparams.n_layers = TRY(reader.require("block_count", 1, kMaxLayers));
  hparams.n_embd = TRY(reader.require("embedding_length", 1, kMaxWidth));
  hparams.n_ctx_train = TRY(reader.require("context_length", 1, kMaxContext));
  hparams.n_vocab = TRY(read_vocab_size(gguf));

  const auto n_heads = TRY(reader.per_layer("attention.head_count", hparams.n_layers, kMaxHeads));
  auto n_kv_heads = n_heads;
  if (gguf.find(reader.key("attention.head_count_kv")) != nullptr)
    n_kv_heads = TRY(reader.per_layer("attention.head_count_kv", hparams.n_layers, kMaxHeads));
  const auto n_ff = TRY(reader.per_layer("feed_forward_length", hparams.n_layers, kMaxWidth));
  for (std::uint32_t i = 0; i < hparams.n_layers; ++i) {
    if (n_heads[i] % n_kv_heads[i] != 0)
      return fail(ErrorCode::integrity, "{}: {} is {} in layer {}, which does not divide {} heads",
                  gguf.file_name(), reader.key("attention.head_count_kv"), n_kv_heads[i], i,
                  n_heads[i]);
    hparams.layers.push_back({n_heads[i], n_kv_heads[i], n_ff[i]});
  }

  std::uint32_t head_dim = 0;  // used only where the file does not state the head size
  if (hparams.n_embd % n_heads[0] == 0) head_dim = hparams.n_embd / n_heads[0];
  hparams.k_dim = TRY(reader.get("attention.key_length", head_dim, 1, kMaxHeadDim));
  hparams.v_dim = TRY(reader.get("attention.value_length", head_dim, 1, kMaxHeadDim));
  if (hparams.k_dim == 0 || hparams.v_dim == 0 || hparams.k_dim > kMaxHeadDim ||
      hparams.v_dim > kMaxHeadDim)
    return fail(ErrorCode::integrity, "{}: embedding_length {} does not divide into {} heads",
                gguf.file_name(), hparams.n_embd, n_heads[0]);
  hparams.window = TRY(reader.get("attention.sliding_window", 0, 0, kMaxContext));

  const double epsilon = TRY(gguf.require_float(reader.key("attention.layer_norm_rms_epsilon")));
  if (!(epsilon >= 0 && epsilon < 1))
    return fail(ErrorCode::integrity, "{}: {} must lie in [0, 1)", gguf.file_name(),
                reader.key("attention.layer_norm_rms_epsilon"));
  hparams.rms_epsilon = static_cast<float>(epsilon);
  hparams.rope = TRY(read_rope(gguf, reader, hparams.k_dim, hparams.n_ctx_train));

  const std::uint32_t experts = TRY(reader.get("expert_count", 0, 0, 1u << 16));
  if (experts != 0)
    return fail(ErrorCode::unsupported, "{}: mixture-of-experts models are not supported yet",
                gguf.file_name());
  return hparams;
}

}  // namespace hearth::model
