// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "base/check.h"
#include "kernels/scalar/functions.h"
#include "model/simulated_device_test_util.h"

namespace hearth::model {
namespace {

const kernels::Kernels& scalar() {
  std::size_t n = 0;
  const kernels::IsaChoice* choices = kernels::all_isas(&n);
  for (std::size_t i = 0; i < n; ++i)
    if (std::string_view(choices[i].table->name) == "scalar") return *choices[i].table;
  CHECK(false);
  __builtin_unreachable();
}

class SimulatedDevice final : public Executor {
 public:
  Result<void> prepare(const Plan& plan, DeviceId device, const ExecutorLimits& limits,
                       const LoadProgress&) override {
    plan_ = &plan;
    device_ = device;
    limits_ = limits;
    for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
      if (plan.tensors[i].device != device) continue;
      const auto bytes = plan.tensors[i].source->bytes;
      weights_[static_cast<TensorId>(i)].assign(bytes.begin(), bytes.end());
    }
    const std::size_t rows = std::max(limits.max_rows, limits.max_wanted);
    for (std::size_t i = 0; i < kBuffers; ++i) buffers_[i].assign(rows * plan.widths[i], 0.0f);
    for (const KvShape& shape : plan.kv) {
      const std::size_t tokens =
          shape.device == device ? limits.n_blocks * std::size_t{kBlockTokens} : 0;
      keys_.emplace_back(tokens * shape.n_kv_heads * shape.k_dim);
      values_.emplace_back(tokens * shape.n_kv_heads * shape.v_dim);
    }
    return {};
  }

  void add_adapter(std::uint32_t adapter, std::span<const AdapterPart> parts) override {
    adapters_[adapter].assign(parts.begin(), parts.end());
  }

  bool run(std::span<const Step> steps, const RunContext& context) override {
    context_ = &context;
    for (const Step& step : steps) {
      if (context.stop != nullptr && context.stop->load()) return false;
      CHECK(step.device == device_ && step.op != Op::transfer);
      run_step(step);
    }
    return true;
  }

  void read(BufferId buffer, std::uint32_t n_rows, float* out) const override {
    std::memcpy(out, buffers_[index(buffer)].data(),
                n_rows * sizeof(float) * plan_->width_of(buffer));
  }
  void write(BufferId buffer, std::uint32_t n_rows, const float* rows) override {
    std::memcpy(buffers_[index(buffer)].data(), rows,
                n_rows * sizeof(float) * plan_->width_of(buffer));
  }

  std::size_t block_bytes() const override {
    std::size_t floats = 0;
    for (std::size_t i = 0; i < keys_.size(); ++i)
      floats += (keys_[i].size() + values_[i].size()) / limits_.n_blocks;
    return floats * sizeof(float);
  }
  void copy_block(BlockId from, BlockId to) override {
    std::vector<std::byte> bytes(block_bytes());
    read_block(from, bytes.data());
    write_block(to, bytes.data());
  }
  void read_block(BlockId block, std::byte* out) const override {
    for (const auto* memory : {&keys_, &values_})
      for (const std::vector<float>& layer : *memory) {
        const std::size_t n = layer.size() / limits_.n_blocks;
        std::memcpy(out, layer.data() + block * n, n * sizeof(float));
        out += n * sizeof(float);
      }
  }
  void write_block(BlockId block, const std::byte* bytes) override {
    for (auto* memory : {&keys_, &values_})
      for (std::vector<float>& layer : *memory) {
        const std::size_t n = layer.size() / limits_.n_blocks;
        std::memcpy(layer.data() + block * n, bytes, n * sizeof(float));
        bytes += n * sizeof(float);
      }
  }
  void set_workers(unsigned, unsigned) override {}
  void park() override {}

 private:
  static std::size_t index(BufferId buffer) { return static_cast<std::size_t>(buffer); }
  float* row(BufferId buffer, std::size_t i) {
    return buffers_[index(buffer)].data() + i * plan_->width_of(buffer);
  }
  const Batch& batch() const { return *context_->batch; }

  std::size_t rows_in(BufferId buffer) const {
    if (buffer == BufferId::hidden) return context_->hidden_rows.size();
    if (buffer == BufferId::wanted || buffer == BufferId::wanted_normed ||
        buffer == BufferId::logits)
      return context_->logits_rows.size();
    return batch().rows.size();
  }

  std::vector<float> vector_of(TensorId id) const {
    const format::Tensor& tensor = *plan_->tensors[id].source;
    std::vector<float> values(tensor.n_elements());
    scalar().dequantize[static_cast<std::size_t>(tensor.type)](weights_.at(id).data(),
                                                               values.size(), values.data());
    return values;
  }

  void run_step(const Step& step) {
    const std::size_t n_rows = rows_in(step.out == BufferId::none ? step.a : step.out);
    switch (step.op) {
      case Op::embed:
        return embed(step);
      case Op::linear:
        return linear(step);
      case Op::store_kv:
        return store_kv(step);
      case Op::attend:
        return attend(step);
      case Op::rms_norm: {
        const std::vector<float> weight = vector_of(step.tensor);
        for (std::size_t i = 0; i < rows_in(step.a); ++i)
          for (std::size_t g = 0; g < step.n_heads; ++g)
            scalar().rms_norm(row(step.a, i) + g * step.width, weight.data(),
                              plan_->hparams.rms_epsilon, step.width,
                              row(step.out, i) + g * step.width);
        return;
      }
      case Op::add_bias: {
        const std::vector<float> bias = vector_of(step.tensor);
        for (std::size_t i = 0; i < n_rows; ++i)
          for (std::size_t j = 0; j < bias.size(); ++j) row(step.out, i)[j] += bias[j];
        return;
      }
      case Op::rope:
        return rope(step);
      case Op::silu_mul:
        for (std::size_t i = 0; i < n_rows; ++i)
          scalar().silu_mul(row(step.a, i), row(step.b, i), step.width, row(step.out, i));
        return;
      case Op::add:
        for (std::size_t i = 0; i < n_rows; ++i)
          for (std::size_t j = 0; j < plan_->width_of(step.out); ++j)
            row(step.out, i)[j] += row(step.a, i)[j];
        return;
      case Op::keep_hidden:
        for (std::size_t i = 0; i < context_->hidden_rows.size(); ++i) {
          const std::uint32_t source = context_->hidden_rows[i];
          if (batch().rows[source].hidden_layer == step.layer)
            copy_row(step.a, source, step.out, i);
        }
        return;
      case Op::norm_hidden: {
        const std::vector<float> weight = vector_of(step.tensor);
        for (std::size_t i = 0; i < context_->hidden_rows.size(); ++i)
          if (batch().rows[context_->hidden_rows[i]].hidden_layer == kFinalNorm)
            scalar().rms_norm(row(step.a, i), weight.data(), plan_->hparams.rms_epsilon, step.width,
                              row(step.out, i));
        return;
      }
      case Op::gather:
        for (std::size_t i = 0; i < context_->logits_rows.size(); ++i)
          copy_row(step.a, context_->logits_rows[i], step.out, i);
        return;
      case Op::transfer:
        break;
    }
    CHECK(false);
  }

  void copy_row(BufferId from, std::size_t i, BufferId to, std::size_t j) {
    std::copy_n(row(from, i), plan_->width_of(to), row(to, j));
  }

  void embed(const Step& step) {
    const format::Tensor& tensor = *plan_->tensors[step.tensor].source;
    const std::size_t n_embd = plan_->hparams.n_embd;
    const std::vector<std::byte>& table = weights_.at(step.tensor);
    for (std::size_t i = 0; i < batch().rows.size(); ++i) {
      const BatchRow& source = batch().rows[i];
      if (source.embedding != kNoIndex) {
        std::copy_n(&batch().embeddings[source.embedding * n_embd], n_embd, row(step.out, i));
      } else {
        const std::size_t row_bytes = table.size() / tensor.dims[1];
        scalar().dequantize[static_cast<std::size_t>(tensor.type)](
            table.data() + static_cast<std::size_t>(source.token) * row_bytes, n_embd,
            row(step.out, i));
      }
    }
  }

  // One token and all outputs at a time, with a buffer of its own for the quantised activations.
  void linear(const Step& step) {
    const format::Tensor& tensor = *plan_->tensors[step.tensor].source;
    const std::size_t k = tensor.dims[0], n = tensor.dims[1];
    const auto form = kernels::activation_form(static_cast<kernels::WeightType>(tensor.type));
    const std::size_t padded = (k + 255) / 256 * 256;
    std::vector<std::int8_t> q(padded);
    std::vector<float> scales(padded / 32);
    std::vector<std::int16_t> sums(padded / 16);
    for (std::size_t i = 0; i < rows_in(step.a); ++i) {
      if (form == kernels::ActivationForm::q8_32)
        scalar().quantize_q8_32(row(step.a, i), k, q.data(), scales.data(), sums.data());
      if (form == kernels::ActivationForm::q8_256)
        scalar().quantize_q8_256(row(step.a, i), k, q.data(), scales.data(), sums.data());
      kernels::MatmulArgs args{};
      args.weights = weights_.at(step.tensor).data();
      args.row_bytes = tensor.bytes.size() / n;
      args.k = k;
      args.row_end = n;
      args.n_tokens = 1;
      args.quantized = {q.data(),    scales.data(), sums.data(), padded,
                        padded / 32, padded / 16,   nullptr};
      args.x = row(step.a, i);
      args.out = row(step.out, i);
      scalar().matmul[static_cast<std::size_t>(tensor.type)](args);
      side_inputs(step, i, k, n);
    }
  }

  void side_inputs(const Step& step, std::size_t i, std::size_t k, std::size_t n) {
    const std::size_t source = step.a == BufferId::wanted_normed ? context_->logits_rows[i] : i;
    const auto adapter = adapters_.find(batch().rows[source].adapter);
    if (adapter == adapters_.end()) return;
    for (const AdapterPart& part : adapter->second) {
      if (part.tensor != step.tensor) continue;
      std::vector<float> low(part.rank);
      for (std::size_t r = 0; r < part.rank; ++r)
        low[r] = scalar().dot(&part.down[r * k], row(step.a, i), k);
      for (std::size_t j = 0; j < n; ++j)
        row(step.out, i)[j] +=
            part.scale * scalar().dot(&part.up[j * part.rank], low.data(), part.rank);
    }
  }

  void rope(const Step& step) {
    const std::size_t n_pairs = plan_->rope.n_pairs();
    std::vector<float> cos(n_pairs), sin(n_pairs);
    const bool interleaved = plan_->hparams.family->attention.rope == RopeStyle::interleaved;
    for (std::size_t i = 0; i < batch().rows.size(); ++i) {
      plan_->rope.at(batch().rows[i].position[0], cos.data(), sin.data());
      for (std::size_t head = 0; head < step.n_heads; ++head)
        scalar().rope(row(step.out, i) + head * step.width, cos.data(), sin.data(), 2 * n_pairs,
                      interleaved);
    }
  }

  // What a value becomes in a cache of that type.
  static void round_to(kernels::KvType type, const float* in, std::size_t n, float* out) {
    if (type == kernels::KvType::f32) {
      std::copy_n(in, n, out);
      return;
    }
    std::vector<std::byte> panel(kernels::kv_value_panel_bytes(type, n));
    scalar().store_value(in, n, type, panel.data(), 0);
    const auto id =
        type == kernels::KvType::f16 ? kernels::WeightType::f16 : kernels::WeightType::bf16;
    scalar().dequantize[static_cast<std::size_t>(id)](panel.data(), n, out);
  }

  std::size_t cell(const BatchRow& query, std::size_t position) const {
    return batch().sequences[query.sequence].blocks[position / kBlockTokens] *
               std::size_t{kBlockTokens} +
           position % kBlockTokens;
  }

  void store_kv(const Step& step) {
    const KvShape& shape = plan_->kv[step.layer];
    for (std::size_t i = 0; i < batch().rows.size(); ++i) {
      const std::size_t at = cell(batch().rows[i], batch().rows[i].kv_index);
      const std::size_t nk = shape.n_kv_heads * shape.k_dim, nv = shape.n_kv_heads * shape.v_dim;
      round_to(limits_.k_type, row(step.a, i), nk, &keys_[step.layer][at * nk]);
      round_to(limits_.v_type, row(step.b, i), nv, &values_[step.layer][at * nv]);
    }
  }

  void attend(const Step& step) {
    const KvShape& shape = plan_->kv[step.layer];
    for (std::size_t i = 0; i < batch().rows.size(); ++i)
      for (std::size_t head = 0; head < shape.n_heads; ++head) attend_head(step, shape, i, head);
  }

  // Chunks of 256 absolute positions; within one, scores by a chain of fma over the head's
  // dimensions, exponentials summed in 16 lanes of (position % 16), values added in the order of
  // positions.
  void attend_head(const Step& step, const KvShape& shape, std::size_t i, std::size_t head) {
    const BatchRow& query = batch().rows[i];
    const std::size_t kv_head = head / (shape.n_heads / shape.n_kv_heads);
    const std::size_t end = query.mask == MaskKind::span ? query.span_end : query.kv_index + 1;
    const std::size_t begin = shape.window != 0 && query.kv_index + 1 > shape.window
                                  ? query.kv_index + 1 - shape.window
                                  : 0;
    const float* q = row(step.a, i) + head * shape.k_dim;
    std::vector<float> total(shape.v_dim), part(shape.v_dim);
    kernels::AttentionState state{-std::numeric_limits<float>::infinity(), 0.0f, total.data()};
    for (std::size_t chunk = begin / 256 * 256; chunk < end; chunk += 256) {
      const std::size_t from = std::max(begin, chunk), to = std::min(end, chunk + 256);
      std::vector<float> scores;
      float max = -std::numeric_limits<float>::infinity();
      for (std::size_t p = from; p < to; ++p) {
        const float* key =
            &keys_[step.layer][(cell(query, p) * shape.n_kv_heads + kv_head) * shape.k_dim];
        float score = 0;
        for (std::size_t d = 0; d < shape.k_dim; ++d) score = std::fma(q[d], key[d], score);
        score *= plan_->attention_scale;
        if (shape.softcap > 0) score = shape.softcap * kernels::scalar::tanh(score / shape.softcap);
        scores.push_back(score);
        max = std::max(max, scores.back());
      }
      std::array<float, 16> lanes = {};
      std::fill(part.begin(), part.end(), 0.0f);
      for (std::size_t p = from; p < to; ++p) {
        const float weight = scalar().exp(scores[p - from] - max);
        lanes[p % 16] += weight;
        const float* value =
            &values_[step.layer][(cell(query, p) * shape.n_kv_heads + kv_head) * shape.v_dim];
        for (std::size_t d = 0; d < shape.v_dim; ++d) part[d] = std::fma(weight, value[d], part[d]);
      }
      for (std::size_t half = 8; half > 0; half /= 2)
        for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
      scalar().merge_attention(&state, {max, lanes[0], part.data()}, shape.v_dim);
    }
    if (shape.sinks != kNoTensor) {
      std::fill(part.begin(), part.end(), 0.0f);
      scalar().merge_attention(&state, {vector_of(shape.sinks)[head], 1.0f, part.data()},
                               shape.v_dim);
    }
    scalar().finish_attention(state, shape.v_dim, row(step.out, i) + head * shape.v_dim);
  }

  const Plan* plan_ = nullptr;
  DeviceId device_ = 0;
  ExecutorLimits limits_;
  const RunContext* context_ = nullptr;
  std::map<TensorId, std::vector<std::byte>> weights_;
  std::array<std::vector<float>, kBuffers> buffers_;
  std::vector<std::vector<float>> keys_, values_;
  std::map<std::uint32_t, std::vector<AdapterPart>> adapters_;
};

}  // namespace

std::unique_ptr<Executor> make_simulated_device() {
  return std::make_unique<SimulatedDevice>();
}

}  // namespace hearth::model
