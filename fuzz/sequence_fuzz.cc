// SPDX-License-Identifier: Apache-2.0
//
// A saved sequence from anybody, taken back by a small model. The hash keeps chance out of the
// contents, so the input is also sealed as its owner would: beyond not crashing, what is taken must
// be saved again as the same bytes, what is refused must leave every block free, and the model must
// go on from whatever keys and values there are.
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "base/sha256.h"
#include "format/gguf_writer.h"
#include "format/model_files.h"
#include "model/forward.h"
#include "model/plan.h"
#include "model/sequence_file.h"

namespace hearth::model {
namespace {

constexpr std::size_t kHashBytes = 64;

// One layer of 32 values in float32, all of them the same.
std::shared_ptr<const format::ModelFiles> tiny_model() {
  static const std::vector<float> values(32 * 64, 0.03f);
  format::WriteModel model;
  const auto text = [&](const char* key, const char* value) {
    model.metadata.push_back({key, std::string(value)});
  };
  const auto number = [&](const char* key, std::uint32_t value) {
    model.metadata.push_back({key, value});
  };
  text("general.architecture", "llama");
  number("llama.block_count", 1);
  number("llama.embedding_length", 32);
  number("llama.context_length", 128);
  number("llama.attention.head_count", 2);
  number("llama.attention.head_count_kv", 1);
  number("llama.feed_forward_length", 64);
  number("llama.vocab_size", 64);
  model.metadata.push_back({"llama.attention.layer_norm_rms_epsilon", 1e-5f});
  const auto tensor = [&](const char* name, std::vector<std::uint64_t> dims) {
    std::size_t n = 1;
    for (const std::uint64_t dim : dims) n *= dim;
    model.tensors.push_back(
        {name, format::TensorType::f32, dims, std::as_bytes(std::span(values).first(n))});
  };
  tensor("token_embd.weight", {32, 64});
  tensor("output_norm.weight", {32});
  tensor("blk.0.attn_norm.weight", {32});
  tensor("blk.0.attn_q.weight", {32, 32});
  tensor("blk.0.attn_k.weight", {32, 16});
  tensor("blk.0.attn_v.weight", {32, 16});
  tensor("blk.0.attn_output.weight", {32, 32});
  tensor("blk.0.ffn_norm.weight", {32});
  tensor("blk.0.ffn_gate.weight", {32, 64});
  tensor("blk.0.ffn_up.weight", {32, 64});
  tensor("blk.0.ffn_down.weight", {64, 32});
  UniqueFd fd(::memfd_create("model", MFD_CLOEXEC));
  CHECK(format::write_gguf(fd.get(), model).has_value());
  std::vector<format::NamedFd> shards;
  shards.push_back({std::move(fd), "tiny.gguf"});
  return format::ModelFiles::map(std::move(shards)).value();
}

struct Machine {
  std::shared_ptr<const format::ModelFiles> files = tiny_model();
  Plan plan = compile_plan(files->gguf()).value();
  ExecutorLimits limits = {.max_rows = 4,
                           .max_wanted = 4,
                           .n_blocks = 4,
                           .k_type = kernels::KvType::q8_0,
                           .v_type = kernels::KvType::f16};
  std::unique_ptr<Executor> executor = make_cpu_executor(1);
  std::unique_ptr<Forward> forward;
  SequenceStore store{BlockPool(4), nullptr};
  std::string fingerprint;

  Machine() {
    CHECK(executor->prepare(plan, 0, limits, nullptr).has_value());
    std::vector<Executor*> executors = {executor.get()};
    forward = std::make_unique<Forward>(plan, executors, limits);
    store.copy_block = [this](BlockId from, BlockId to) { forward->copy_block(from, to); };
    fingerprint = model_fingerprint(plan);
  }

  void take(std::span<const std::byte> bytes) {
    auto sequence = restore_sequence(bytes, store, *forward, limits, fingerprint);
    if (!sequence) {
      CHECK(store.pool.n_free() == limits.n_blocks);
      return;
    }
    const auto again = save_sequence(*sequence, *forward, limits, fingerprint);
    CHECK(again.size() == bytes.size() &&
          std::memcmp(again.data(), bytes.data(), bytes.size()) == 0);
    if (!sequence->reserve(1)) return;
    const auto at = static_cast<std::int32_t>(sequence->length());
    Batch batch;
    batch.sequences.push_back({sequence->blocks()});
    batch.rows.push_back({.token = 1,
                          .position = {at, at, at, at},
                          .kv_index = sequence->length(),
                          .wanted = Wanted::logits});
    CHECK(forward->run(batch));
  }
};

// The header that this machine writes, the input's length and contents, and a true hash.
std::vector<std::byte> sealed(const Machine& machine, std::span<const std::byte> input) {
  const std::vector<std::byte> empty =
      save_sequence(Sequence(const_cast<Machine&>(machine).store), *machine.forward, machine.limits,
                    machine.fingerprint);
  std::vector<std::byte> out(empty.begin(), empty.end() - kHashBytes);
  constexpr std::size_t kLengthBytes = 4, kLengthFromEnd = 12;  // sequence_file.h
  const std::size_t n = std::min(input.size(), kLengthBytes);
  std::memcpy(out.data() + out.size() - kLengthFromEnd, input.data(), n);
  out.insert(out.end(), input.begin() + static_cast<std::ptrdiff_t>(n), input.end());
  // Whole blocks are what gets furthest.
  const std::size_t header = empty.size() - kHashBytes, block = machine.forward->block_bytes();
  if (!input.empty() && (std::to_integer<unsigned>(input.back()) & 1) != 0)
    out.resize(header + (out.size() - header + block - 1) / block * block);
  Sha256 hash;
  hash.update(out);
  const std::string hex = hash.finish_hex();
  const auto hex_bytes = std::as_bytes(std::span(hex));
  out.insert(out.end(), hex_bytes.begin(), hex_bytes.end());
  return out;
}

}  // namespace
}  // namespace hearth::model

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static hearth::model::Machine machine;
  const std::span input(reinterpret_cast<const std::byte*>(data), size);
  machine.take(input);
  machine.take(hearth::model::sealed(machine, input));
  return 0;
}
