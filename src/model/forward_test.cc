// SPDX-License-Identifier: Apache-2.0
//
// What a row of a batch can be and want, beyond the plain causal token: embedding vectors, hidden
// states, spans, windows, side inputs. Each on the CPU executor and on the simulated device, which
// must agree to the bit.
#include "model/forward.h"

#include <functional>
#include <random>

#include "model/model_test_util.h"

namespace hearth::model {
namespace {

constexpr std::uint32_t kVocab = 288;
constexpr std::uint16_t kLastLayer = 1;  // of two

ExecutorLimits limits() {
  ExecutorLimits limits;
  limits.n_blocks = 8;
  limits.max_rows = limits.max_wanted = 64;
  return limits;
}

const std::vector<DeviceKind> kKinds = {DeviceKind::cpu, DeviceKind::simulated};

// Runs one batch over a fresh sequence; edit changes the rows before it runs.
std::vector<float> logits_of(Machine& machine, std::span<const TokenId> tokens,
                             const std::function<void(Batch&)>& edit) {
  Sequence sequence(*machine.store);
  EXPECT_TRUE(sequence.reserve(static_cast<std::uint32_t>(tokens.size())).has_value());
  Batch batch;
  machine.add(batch, sequence, tokens);
  edit(batch);
  EXPECT_TRUE(machine.forward->run(batch));
  std::vector<float> logits;
  std::uint32_t n = 0;
  for (const BatchRow& row : batch.rows)
    if (row.wanted == Wanted::logits) {
      const auto values = machine.forward->logits(n++);
      logits.insert(logits.end(), values.begin(), values.end());
    }
  return logits;
}

TEST(Forward, AnEmbeddingVectorStandsForItsToken) {
  const auto files = fixture("tiny-llama-q8_0");
  const auto tokens = fixture_tokens("tiny-llama-q8_0");
  const format::Tensor& table = *files->gguf().find_tensor("token_embd.weight");
  for (const DeviceKind kind : kKinds) {
    const auto machine = Machine::build(files->gguf(), limits(), {kind});
    const auto expected = machine->all_logits(tokens);
    const auto actual = logits_of(*machine, tokens, [&](Batch& batch) {
      for (std::size_t i = 0; i < tokens.size(); i += 2) {
        const std::size_t n_embd = table.dims[0], row_bytes = table.bytes.size() / table.dims[1];
        batch.rows[i].embedding = static_cast<std::uint32_t>(batch.embeddings.size() / n_embd);
        batch.rows[i].token = 0;
        batch.embeddings.resize(batch.embeddings.size() + n_embd);
        kernels::active().dequantize[static_cast<std::size_t>(table.type)](
            table.bytes.data() + static_cast<std::size_t>(tokens[i]) * row_bytes, n_embd,
            &batch.embeddings[batch.embeddings.size() - n_embd]);
      }
    });
    EXPECT_TRUE(same_bits(actual, expected));
  }
}

TEST(Forward, RowsGetWhatTheyWant) {
  const auto files = fixture("tiny-llama-q4_1");
  const auto tokens = fixture_tokens("tiny-llama-q4_1");
  std::vector<float> hidden[2][2];
  for (const DeviceKind kind : kKinds) {
    const auto machine = Machine::build(files->gguf(), limits(), {kind});
    const auto all = machine->all_logits(tokens);
    const auto logits = logits_of(*machine, tokens, [](Batch& batch) {
      for (std::size_t i = 0; i < batch.rows.size(); ++i) {
        batch.rows[i].wanted = i % 3 == 0   ? Wanted::logits
                               : i % 3 == 1 ? Wanted::hidden
                                            : Wanted::nothing;
        batch.rows[i].hidden_layer = static_cast<std::uint16_t>(i % 2);
      }
    });
    ASSERT_EQ(logits.size(), 7u * kVocab);
    for (std::size_t i = 0; i < 7; ++i)
      EXPECT_TRUE(same_bits(std::span(logits).subspan(i * kVocab, kVocab),
                            std::span(all).subspan(3 * i * kVocab, kVocab)));
    for (std::uint32_t i = 0; i < 2; ++i) {
      const auto row = machine->forward->hidden(i);
      hidden[kind == DeviceKind::cpu ? 0 : 1][i].assign(row.begin(), row.end());
    }
  }
  // Row 1 asked for layer 1, row 4 for layer 0; both devices agree, and neither row is empty.
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(same_bits(hidden[0][i], hidden[1][i]));
    EXPECT_GT(relative_l2(hidden[0][i], std::vector<float>(hidden[0][i].size(), 1e-3f)), 0.1);
  }
}

// What the head reads: the last layer's output, normed by the textbook in float64; and the head, in
// float64 too, makes the logits of it that the same row gets.
void expect_final_norm(const format::Gguf& gguf, std::span<const float> raw,
                       std::span<const float> normed, std::span<const float> logits) {
  const auto matrix = [&](const char* name) {
    const format::Tensor* tensor = gguf.find_tensor(name);
    if (tensor == nullptr) tensor = gguf.find_tensor("token_embd.weight");  // tied
    std::vector<float> values(tensor->n_elements());
    std::memcpy(values.data(), tensor->bytes.data(), values.size() * sizeof(float));
    return values;
  };
  const std::vector<float> weight = matrix("output_norm.weight"), head = matrix("output.weight");
  const std::size_t n_embd = weight.size();
  const double epsilon = double{read_hparams(gguf)->rms_epsilon};
  for (std::size_t i = 0; i < raw.size() / n_embd; ++i) {
    const std::span<const float> x = raw.subspan(i * n_embd, n_embd);
    const std::span<const float> y = normed.subspan(i * n_embd, n_embd);
    double squares = 0;
    for (const float value : x) squares += double{value} * double{value};
    const double scale = 1 / std::sqrt(squares / static_cast<double>(n_embd) + epsilon);
    for (std::size_t j = 0; j < n_embd; ++j)
      EXPECT_NEAR(double{y[j]}, double{x[j]} * scale * double{weight[j]}, 1e-5);
    for (std::size_t token = 0; token < kVocab; ++token) {
      double logit = 0;
      for (std::size_t j = 0; j < n_embd; ++j)
        logit += double{head[token * n_embd + j]} * double{y[j]};
      EXPECT_NEAR(double{logits[i * kVocab + token]}, logit, 1e-4);
    }
  }
}

// The states of all tokens; layer_of(i) is what row i asks for.
std::vector<float> states_of(Machine& machine, std::span<const TokenId> tokens,
                             const std::function<std::uint16_t(std::size_t)>& layer_of) {
  logits_of(machine, tokens, [&](Batch& batch) {
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      batch.rows[i].wanted = Wanted::hidden;
      batch.rows[i].hidden_layer = layer_of(i);
    }
  });
  std::vector<float> states;
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    const auto state = machine.forward->hidden(i);
    states.insert(states.end(), state.begin(), state.end());
  }
  return states;
}

TEST(Forward, TheFinalNormIsWhatTheHeadReads) {
  const auto files = fixture("tiny-llama-f32");
  const auto tokens = fixture_tokens("tiny-llama-f32");
  const auto plain = Machine::build(files->gguf(), limits());
  const auto raw = states_of(*plain, tokens, [](std::size_t) { return kLastLayer; });
  const auto normed = states_of(*plain, tokens, [](std::size_t) { return kFinalNorm; });
  expect_final_norm(files->gguf(), raw, normed, plain->all_logits(tokens));

  // However many rows want states, of whatever layers, and wherever the head is.
  ExecutorLimits few = limits();
  few.max_wanted = 1;
  const auto split = Machine::build(files->gguf(), few, {DeviceKind::simulated, DeviceKind::cpu}, 1,
                                    [](std::string_view, int layer) {
                                      return static_cast<DeviceId>(layer == kLastLayer ? 1 : 0);
                                    });
  const auto mixed =
      states_of(*split, tokens, [](std::size_t i) { return i % 2 == 0 ? kLastLayer : kFinalNorm; });
  const std::size_t n_embd = split->plan.hparams.n_embd;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    EXPECT_TRUE(same_bits(std::span(mixed).subspan(i * n_embd, n_embd),
                          std::span(i % 2 == 0 ? raw : normed).subspan(i * n_embd, n_embd)))
        << i;
}

TEST(Forward, RowsOfASpanSeeEachOther) {
  const auto files = fixture("tiny-llama-f32");
  const auto tokens = fixture_tokens("tiny-llama-f32");
  const auto spanned = [](Batch& batch) {
    for (std::size_t i = 4; i < 9; ++i) {
      batch.rows[i].mask = MaskKind::span;
      batch.rows[i].span_end = 9;
    }
  };
  std::vector<float> first;
  for (const DeviceKind kind : kKinds) {
    const auto machine = Machine::build(files->gguf(), limits(), {kind});
    const auto causal = machine->all_logits(tokens);
    const auto logits = logits_of(*machine, tokens, spanned);
    EXPECT_TRUE(
        same_bits(std::span(logits).first(4 * kVocab), std::span(causal).first(4 * kVocab)));
    EXPECT_FALSE(same_bits(std::span(logits).subspan(4 * kVocab, kVocab),
                           std::span(causal).subspan(4 * kVocab, kVocab)));
    auto changed = tokens;
    changed[8] = (changed[8] + 1) % 288;  // the span's last token is seen by its first
    const auto other = logits_of(*machine, changed, spanned);
    EXPECT_FALSE(same_bits(std::span(logits).subspan(4 * kVocab, kVocab),
                           std::span(other).subspan(4 * kVocab, kVocab)));
    if (first.empty()) first = logits;
    EXPECT_TRUE(same_bits(logits, first));
  }
}

TEST(Forward, AWindowHidesWhatIsFarBehind) {
  const auto files = fixture("tiny-llama-f32");
  auto model = editable(files->gguf());
  model.metadata.push_back({"llama.attention.sliding_window", std::uint32_t{6}});
  const auto windowed_files = in_memory(model);
  const auto tokens = fixture_tokens("tiny-llama-f32");
  const auto full = Machine::build(files->gguf(), limits())->all_logits(tokens);
  const auto windowed = Machine::build(windowed_files->gguf(), limits())->all_logits(tokens);
  const auto chunked = Machine::build(windowed_files->gguf(), limits())->all_logits(tokens, 3);
  const auto device =
      Machine::build(windowed_files->gguf(), limits(), {DeviceKind::simulated})->all_logits(tokens);
  EXPECT_TRUE(same_bits(std::span(full).first(6 * kVocab), std::span(windowed).first(6 * kVocab)));
  EXPECT_FALSE(
      same_bits(std::span(full).subspan(6 * kVocab), std::span(windowed).subspan(6 * kVocab)));
  EXPECT_TRUE(same_bits(windowed, chunked));
  EXPECT_TRUE(same_bits(windowed, device));
}

// What families to come need of attention, on a model that has none of it.
TEST(Forward, SoftCapsAndSinksChangeScores) {
  const auto files = fixture("tiny-llama-f32");
  const auto tokens = fixture_tokens("tiny-llama-f32");
  const auto plain = Machine::build(files->gguf(), limits())->all_logits(tokens);
  const auto capped = [](Plan& plan) {
    for (KvShape& shape : plan.kv) shape.softcap = 0.5f;
  };
  // Any vector of enough values will do for sinks.
  const auto sunk = [](Plan& plan) {
    for (TensorId id = 0; id < plan.tensors.size(); ++id)
      if (plan.tensors[id].use == TensorUse::vector)
        for (KvShape& shape : plan.kv) shape.sinks = id;
  };
  for (const std::function<void(Plan&)>& edit :
       {std::function<void(Plan&)>(capped), std::function<void(Plan&)>(sunk)}) {
    const auto build = [&](DeviceKind kind, unsigned n_threads) {
      return Machine::build(files->gguf(), limits(), {kind}, n_threads, nullptr, edit);
    };
    const auto changed = build(DeviceKind::cpu, 1)->all_logits(tokens);
    EXPECT_FALSE(same_bits(changed, plain));
    EXPECT_TRUE(same_bits(build(DeviceKind::cpu, 3)->all_logits(tokens, 1), changed));
    EXPECT_TRUE(same_bits(build(DeviceKind::simulated, 1)->all_logits(tokens), changed));
  }
}

TEST(Forward, SideInputsChangeOnlyTheRowsThatNameThem) {
  const auto files = fixture("tiny-llama-f32");
  const auto tokens = fixture_tokens("tiny-llama-f32");
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  std::vector<float> first;
  AdapterPart part;
  for (const DeviceKind kind : kKinds) {
    const auto machine = Machine::build(files->gguf(), limits(), {kind});
    if (part.down.empty()) {
      for (std::size_t i = 0; i < machine->plan.tensors.size(); ++i)
        if (machine->plan.tensors[i].source->name == "blk.1.ffn_up.weight")
          part.tensor = static_cast<TensorId>(i);
      part.rank = 4;
      part.scale = 2.0f;
      part.down.resize(4 * 64);
      part.up.resize(96 * 4);
      for (float& value : part.down) value = normal(random);
      for (float& value : part.up) value = normal(random);
    }
    const auto plain = machine->all_logits(tokens);
    machine->executors[0]->add_adapter(0, {&part, 1});
    EXPECT_TRUE(same_bits(machine->all_logits(tokens), plain));  // nobody names it
    const auto adapted = logits_of(*machine, tokens, [](Batch& batch) {
      for (std::size_t i = 10; i < batch.rows.size(); ++i) batch.rows[i].adapter = 0;
    });
    EXPECT_TRUE(
        same_bits(std::span(adapted).first(10 * kVocab), std::span(plain).first(10 * kVocab)));
    EXPECT_FALSE(
        same_bits(std::span(adapted).subspan(10 * kVocab), std::span(plain).subspan(10 * kVocab)));
    if (first.empty()) first = adapted;
    EXPECT_TRUE(same_bits(adapted, first));
  }

  // The same thing merged into the weight: up * down * scale added to it.
  auto model = editable(files->gguf());
  std::vector<float> merged(96 * 64);
  for (auto& tensor : model.tensors) {
    if (tensor.name != "blk.1.ffn_up.weight") continue;
    std::memcpy(merged.data(), tensor.bytes.data(), tensor.bytes.size());
    for (std::size_t j = 0; j < 96; ++j)
      for (std::size_t i = 0; i < 64; ++i)
        for (std::size_t r = 0; r < 4; ++r)
          merged[j * 64 + i] += part.scale * part.up[j * 4 + r] * part.down[r * 64 + i];
    tensor.bytes = std::as_bytes(std::span(merged));
  }
  const auto merged_files = in_memory(model);
  const auto everywhere = Machine::build(files->gguf(), limits());
  everywhere->executors[0]->add_adapter(0, {&part, 1});
  const auto adapted = logits_of(*everywhere, tokens, [](Batch& batch) {
    for (BatchRow& row : batch.rows) row.adapter = 0;
  });
  EXPECT_LT(
      relative_l2(adapted, Machine::build(merged_files->gguf(), limits())->all_logits(tokens)),
      1e-4);
}

TEST(Forward, StopsWhenAsked) {
  const auto files = fixture("tiny-llama-f32");
  const auto tokens = fixture_tokens("tiny-llama-f32");
  const auto machine = Machine::build(files->gguf(), limits());
  Sequence sequence(*machine->store);
  ASSERT_TRUE(sequence.reserve(20).has_value());
  Batch batch;
  machine->add(batch, sequence, tokens);
  std::atomic<bool> stop = true;
  EXPECT_FALSE(machine->forward->run(batch, &stop));
  stop = false;
  EXPECT_TRUE(machine->forward->run(batch, &stop));
}

TEST(Executor, PrepareReportsProgressAndCanBeCancelled) {
  const auto files = fixture("tiny-llama-f32");
  const Plan plan = compile_plan(files->gguf()).value();
  std::uint64_t last = 0, total = 0;
  auto executor = make_cpu_executor(1);
  ASSERT_TRUE(executor->prepare(plan, 0, limits(), [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
    return true;
  }));
  EXPECT_EQ(last, total);
  EXPECT_GT(total, 300000u);
  const auto cancelled = make_cpu_executor(1)->prepare(
      plan, 0, limits(), [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace hearth::model
