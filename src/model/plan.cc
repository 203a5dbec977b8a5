// SPDX-License-Identifier: Apache-2.0
#include "model/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/escape.h"
#include "kernels/kernels.h"
#include "model/batch.h"

namespace hearth::model {
namespace {

kernels::WeightType weight_type(format::TensorType type) {
  return static_cast<kernels::WeightType>(type);
}

// Claims tensors by name, checks their shapes and emits steps.
class Compiler {
 public:
  Compiler(const format::Gguf& gguf, const Placement& placement)
      : gguf_(gguf), placement_(placement) {}

  Result<Plan> compile() {
    plan_.hparams = TRY(read_hparams(gguf_));
    set_widths();
    TRY(read_rope_table());

    embedding_ = TRY(claim_embedding());
    emit({.op = Op::embed, .out = BufferId::residual, .tensor = embedding_});
    for (std::uint32_t layer = 0; layer < plan_.hparams.n_layers; ++layer)
      TRY(compile_layer(layer));
    TRY(compile_head());

    TRY(refuse_unclaimed());
    insert_transfers();
    return std::move(plan_);
  }

 private:
  const Hparams& hparams() const { return plan_.hparams; }
  const Family& family() const { return *plan_.hparams.family; }

  void set_widths() {
    const auto widest = [this](auto width_of_layer) {
      std::uint32_t width = 0;
      for (const LayerShape& shape : hparams().layers)
        width = std::max(width, width_of_layer(shape));
      return width;
    };
    const auto set = [this](BufferId buffer, std::uint32_t width) {
      plan_.widths[static_cast<std::size_t>(buffer)] = width;
    };
    const std::uint32_t k_dim = hparams().k_dim, v_dim = hparams().v_dim;
    for (const BufferId buffer : {BufferId::residual, BufferId::normed, BufferId::wanted,
                                  BufferId::wanted_normed, BufferId::hidden})
      set(buffer, hparams().n_embd);
    set(BufferId::q, widest([&](const LayerShape& s) { return s.n_heads * k_dim; }));
    set(BufferId::k, widest([&](const LayerShape& s) { return s.n_kv_heads * k_dim; }));
    set(BufferId::v, widest([&](const LayerShape& s) { return s.n_kv_heads * v_dim; }));
    set(BufferId::attended, widest([&](const LayerShape& s) { return s.n_heads * v_dim; }));
    set(BufferId::gate, widest([](const LayerShape& s) { return s.n_ff; }));
    set(BufferId::up, widest([](const LayerShape& s) { return s.n_ff; }));
    set(BufferId::logits, hparams().n_vocab);
    plan_.attention_scale = 1.0f / std::sqrt(static_cast<float>(k_dim));
  }

  // A tensor that must have exactly these dimensions. required = false: kNoTensor when absent.
  Result<TensorId> claim(const std::string& name, int layer, TensorUse use,
                         std::initializer_list<std::uint64_t> dims, bool required) {
    const format::Tensor* tensor = gguf_.find_tensor(name);
    if (tensor == nullptr) {
      if (!required) return kNoTensor;
      return fail(ErrorCode::integrity, "{}: the tensor {} is missing", gguf_.file_name(), name);
    }
    std::array<std::uint64_t, 4> expected = {1, 1, 1, 1};
    std::copy(dims.begin(), dims.end(), expected.begin());
    if (tensor->dims != expected)
      return fail(ErrorCode::integrity,
                  "{}: the tensor {} has the shape [{}], but [{}] is expected", gguf_.file_name(),
                  name, fmt::join(tensor->dims, ", "), fmt::join(expected, ", "));
    const std::string_view type_name = format::type_info(tensor->type).name;
    if (use == TensorUse::vector) {
      if (tensor->type != format::TensorType::f32 && tensor->type != format::TensorType::f16 &&
          tensor->type != format::TensorType::bf16)
        return fail(ErrorCode::integrity,
                    "{}: the tensor {} has the type {}, but a float type is expected",
                    gguf_.file_name(), name, type_name);
    } else if (kernels::activation_form(weight_type(tensor->type)) ==
               kernels::ActivationForm::none) {
      return fail(ErrorCode::unsupported, "{}: the tensor {} has the type {}, which has no product",
                  gguf_.file_name(), name, type_name);
    }
    claimed_.insert(tensor->name);
    const DeviceId device = placement_ ? placement_(name, layer) : DeviceId{0};
    plan_.n_devices = std::max<DeviceId>(plan_.n_devices, static_cast<DeviceId>(device + 1));
    plan_.tensors.push_back({tensor, use, device});
    return static_cast<TensorId>(plan_.tensors.size() - 1);
  }

  Result<TensorId> claim_embedding() {
    return claim("token_embd.weight", kNoLayer, TensorUse::embedding,
                 {hparams().n_embd, hparams().n_vocab}, true);
  }

  // Factors of the RoPE frequencies, read here once: they become angles, not a step.
  Result<void> read_rope_table() {
    std::vector<float> factors;
    if (const format::Tensor* tensor = gguf_.find_tensor("rope_freqs.weight")) {
      const std::size_t n_pairs = hparams().rope.n_rot / 2;
      if (tensor->type != format::TensorType::f32 || tensor->n_elements() != n_pairs)
        return fail(ErrorCode::integrity, "{}: rope_freqs.weight must hold {} F32 values",
                    gguf_.file_name(), n_pairs);
      factors.resize(n_pairs);
      std::copy_n(tensor->bytes.data(), n_pairs * sizeof(float),
                  reinterpret_cast<std::byte*>(factors.data()));
      for (const float factor : factors)
        if (!(factor > 0 && factor < 1e9f))
          return fail(ErrorCode::integrity,
                      "{}: rope_freqs.weight holds a factor that is not positive",
                      gguf_.file_name());
      claimed_.insert(tensor->name);
    }
    plan_.rope = RopeTable(hparams().rope, factors);
    return {};
  }

  // The device of a step is that of its tensor; steps without one stay where the data is.
  void emit(Step step) {
    if (step.tensor != kNoTensor) device_ = plan_.tensors[step.tensor].device;
    step.device = device_;
    plan_.steps.push_back(step);
  }

  // Norms n_groups consecutive groups of width values (the whole row, or each head).
  Result<void> norm(const std::string& name, int layer, BufferId in, BufferId out,
                    std::uint32_t width, std::uint32_t n_groups = 1) {
    const TensorId tensor = TRY(claim(name, layer, TensorUse::vector, {width}, true));
    emit({.op = Op::rms_norm,
          .a = in,
          .out = out,
          .tensor = tensor,
          .n_heads = n_groups,
          .width = width});
    return {};
  }

  Result<void> linear(const std::string& base, int layer, BufferId in, BufferId out,
                      std::uint32_t k, std::uint32_t n, Bias bias) {
    const TensorId weight = TRY(claim(base + ".weight", layer, TensorUse::matrix, {k, n}, true));
    emit({.op = Op::linear, .a = in, .out = out, .tensor = weight});
    if (bias == Bias::none) return {};
    const TensorId vector =
        TRY(claim(base + ".bias", layer, TensorUse::vector, {n}, bias == Bias::required));
    if (vector != kNoTensor) emit({.op = Op::add_bias, .out = out, .tensor = vector});
    return {};
  }

  Result<void> compile_layer(std::uint32_t layer) {
    const LayerShape& shape = hparams().layers[layer];
    const auto at = static_cast<std::uint16_t>(layer);
    const auto name = [layer](const char* suffix) {
      return fmt::format("blk.{}.{}", layer, suffix);
    };
    const int index = static_cast<int>(layer);
    const std::uint32_t n_embd = hparams().n_embd, k_dim = hparams().k_dim, v_dim = hparams().v_dim;
    const AttentionSpec& attention = family().attention;

    TRY(norm(name("attn_norm.weight"), index, BufferId::residual, BufferId::normed, n_embd));
    TRY(linear(name("attn_q"), index, BufferId::normed, BufferId::q, n_embd, shape.n_heads * k_dim,
               attention.qkv_bias));
    TRY(linear(name("attn_k"), index, BufferId::normed, BufferId::k, n_embd,
               shape.n_kv_heads * k_dim, attention.qkv_bias));
    TRY(linear(name("attn_v"), index, BufferId::normed, BufferId::v, n_embd,
               shape.n_kv_heads * v_dim, attention.qkv_bias));
    if (attention.qk_norm == QkNorm::per_head) {
      TRY(norm(name("attn_q_norm.weight"), index, BufferId::q, BufferId::q, k_dim, shape.n_heads));
      TRY(norm(name("attn_k_norm.weight"), index, BufferId::k, BufferId::k, k_dim,
               shape.n_kv_heads));
    }
    if (attention.rope != RopeStyle::none) {
      emit({.op = Op::rope, .out = BufferId::q, .n_heads = shape.n_heads, .width = k_dim});
      emit({.op = Op::rope, .out = BufferId::k, .n_heads = shape.n_kv_heads, .width = k_dim});
    }
    plan_.kv.push_back({.kind = hparams().window > 0 ? StateKind::windowed_kv : family().state,
                        .device = device_,
                        .n_kv_heads = shape.n_kv_heads,
                        .n_heads = shape.n_heads,
                        .k_dim = k_dim,
                        .v_dim = v_dim,
                        .window = hparams().window});
    emit({.op = Op::store_kv, .a = BufferId::k, .b = BufferId::v, .layer = at});
    emit({.op = Op::attend,
          .a = BufferId::q,
          .out = BufferId::attended,
          .layer = at,
          .n_heads = shape.n_heads});
    TRY(linear(name("attn_output"), index, BufferId::attended, BufferId::normed,
               shape.n_heads * v_dim, n_embd, attention.out_bias));
    emit({.op = Op::add, .a = BufferId::normed, .out = BufferId::residual});

    TRY(norm(name("ffn_norm.weight"), index, BufferId::residual, BufferId::normed, n_embd));
    TRY(linear(name("ffn_gate"), index, BufferId::normed, BufferId::gate, n_embd, shape.n_ff,
               family().ffn.bias));
    TRY(linear(name("ffn_up"), index, BufferId::normed, BufferId::up, n_embd, shape.n_ff,
               family().ffn.bias));
    emit({.op = Op::silu_mul,
          .a = BufferId::gate,
          .b = BufferId::up,
          .out = BufferId::gate,
          .width = shape.n_ff});
    TRY(linear(name("ffn_down"), index, BufferId::gate, BufferId::normed, shape.n_ff, n_embd,
               family().ffn.bias));
    emit({.op = Op::add, .a = BufferId::normed, .out = BufferId::residual});
    emit({.op = Op::keep_hidden, .a = BufferId::residual, .out = BufferId::hidden, .layer = at});
    return {};
  }

  // Hidden states are normed last, so that what few rows want does not come between the gathering
  // and the norm of those that want logits.
  Result<void> compile_head() {
    const std::uint32_t n_embd = hparams().n_embd;
    emit({.op = Op::keep_hidden,
          .a = BufferId::residual,
          .out = BufferId::hidden,
          .layer = kFinalNorm});
    emit({.op = Op::gather, .a = BufferId::residual, .out = BufferId::wanted});
    const TensorId final_norm =
        TRY(claim("output_norm.weight", kNoLayer, TensorUse::vector, {n_embd}, true));
    emit({.op = Op::rms_norm,
          .a = BufferId::wanted,
          .out = BufferId::wanted_normed,
          .tensor = final_norm,
          .n_heads = 1,
          .width = n_embd});
    TensorId head = TRY(
        claim("output.weight", kNoLayer, TensorUse::matrix, {n_embd, hparams().n_vocab}, false));
    if (head == kNoTensor) {  // tied: the embedding table is the output head too
      head = embedding_;
      plan_.tensors[head].use = TensorUse::embedding_and_matrix;
    }
    emit({.op = Op::linear, .a = BufferId::wanted_normed, .out = BufferId::logits, .tensor = head});
    emit({.op = Op::norm_hidden,
          .a = BufferId::hidden,
          .out = BufferId::hidden,
          .tensor = final_norm,
          .layer = kFinalNorm,
          .n_heads = 1,
          .width = n_embd});
    return {};
  }

  Result<void> refuse_unclaimed() {
    for (const format::Tensor& tensor : gguf_.tensors())
      if (!claimed_.contains(tensor.name))
        return fail(ErrorCode::unsupported, "{}: the tensor {} has no place in a {} model",
                    gguf_.file_name(), printable(tensor.name, 80), family().name);
    return {};
  }

  // Walks the steps, remembers where each buffer was last written, and moves it where it is needed.
  void insert_transfers() {
    if (plan_.n_devices == 1) return;
    std::array<std::vector<DeviceId>, kBuffers> valid_on;  // devices that hold the current content
    std::vector<Step> steps;
    const auto need = [&](BufferId buffer, DeviceId device) {
      if (buffer == BufferId::none) return;
      auto& devices = valid_on[static_cast<std::size_t>(buffer)];
      if (devices.empty() || std::find(devices.begin(), devices.end(), device) != devices.end())
        return;
      steps.push_back(
          {.op = Op::transfer, .device = device, .from_device = devices.front(), .out = buffer});
      devices.push_back(device);
    };
    for (const Step& step : plan_.steps) {
      need(step.a, step.device);
      need(step.b, step.device);
      const bool updates = step.op == Op::add || step.op == Op::add_bias || step.op == Op::rope ||
                           step.op == Op::keep_hidden;
      if (updates) need(step.out, step.device);
      steps.push_back(step);
      if (step.out != BufferId::none) valid_on[static_cast<std::size_t>(step.out)] = {step.device};
    }
    plan_.steps = std::move(steps);
  }

  const format::Gguf& gguf_;
  const Placement& placement_;
  Plan plan_;
  TensorId embedding_ = kNoTensor;
  DeviceId device_ = 0;
  std::unordered_set<std::string_view> claimed_;
};

}  // namespace

Result<Plan> compile_plan(const format::Gguf& gguf, const Placement& placement) {
  return Compiler(gguf, placement).compile();
}

}  // namespace hearth::model
