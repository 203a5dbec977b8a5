// SPDX-License-Identifier: Apache-2.0
//
// Helpers of the model tests: fixtures from tests/fixtures/models, edited copies of them in memory,
// and a machine around a plan (executors, forward, sequences).
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "format/gguf_writer.h"
#include "format/model_files.h"
#include "model/forward.h"
#include "model/sequence.h"
#include "model/simulated_device_test_util.h"

namespace hearth::model {

inline std::string fixture_path(const std::string& name) {
  return std::string(HEARTH_SOURCE_DIR) + "/tests/fixtures/models/" + name;
}

inline std::shared_ptr<const format::ModelFiles> map_file(const std::string& path) {
  std::vector<format::NamedFd> shards;
  shards.push_back({open_for_read(path).value(), path});
  return format::ModelFiles::map(std::move(shards)).value();
}

inline std::shared_ptr<const format::ModelFiles> fixture(const std::string& name) {
  return map_file(fixture_path(name + ".gguf"));
}

inline std::vector<float> floats_of(const std::string& path) {
  const std::string bytes = read_file(path, 64u << 20).value();
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  return floats;
}

inline std::vector<float> fixture_floats(const std::string& file) {
  return floats_of(fixture_path(file));
}

// Token ids, divided by commas.
inline std::vector<TokenId> tokens_in(const std::string& path) {
  const std::string text = read_file(path, 1u << 20).value();
  std::vector<TokenId> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t used = 0;
    tokens.push_back(std::stoi(text.substr(at), &used));
    at += used + 1;
  }
  return tokens;
}

inline std::vector<TokenId> fixture_tokens(const std::string& name) {
  return tokens_in(fixture_path(name + ".tokens"));
}

// A copy of a model's content that a test may change before it is written to memory and read again.
inline format::WriteModel editable(const format::Gguf& gguf) {
  using format::ValueType;
  format::WriteModel model;
  for (const format::KeyValue& pair : gguf.metadata()) {
    const format::Value& value = pair.value;
    format::WriteValue written;
    switch (value.type) {
      case ValueType::u32:
        written = static_cast<std::uint32_t>(value.integer);
        break;
      case ValueType::i32:
        written = static_cast<std::int32_t>(value.integer);
        break;
      case ValueType::f32:
        written = static_cast<float>(value.real);
        break;
      case ValueType::boolean:
        written = value.integer != 0;
        break;
      case ValueType::string:
        written = std::string(value.string);
        break;
      default:
        continue;  // arrays (the vocabulary) are not needed by these tests
    }
    if (pair.key != "general.alignment") model.metadata.push_back({std::string(pair.key), written});
  }
  for (const format::Tensor& tensor : gguf.tensors())
    model.tensors.push_back({std::string(tensor.name),
                             tensor.type,
                             {tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims},
                             tensor.bytes});
  return model;
}

inline std::shared_ptr<const format::ModelFiles> in_memory(const format::WriteModel& model) {
  UniqueFd fd(::memfd_create("model", MFD_CLOEXEC));
  EXPECT_TRUE(format::write_gguf(fd.get(), model).has_value());
  std::vector<format::NamedFd> shards;
  shards.push_back({std::move(fd), "edited.gguf"});
  return format::ModelFiles::map(std::move(shards)).value();
}

// Which executor each device of a machine is.
enum class DeviceKind { cpu, simulated };

// A plan with everything it needs to run.
struct Machine {
  Plan plan;
  ExecutorLimits limits;
  std::vector<std::unique_ptr<Executor>> executors;
  std::unique_ptr<Forward> forward;
  std::unique_ptr<SequenceStore> store;

  static std::unique_ptr<Machine> build(const format::Gguf& gguf, ExecutorLimits limits = {},
                                        std::vector<DeviceKind> devices = {DeviceKind::cpu},
                                        unsigned n_threads = 1,
                                        const Placement& placement = nullptr,
                                        const std::function<void(Plan&)>& edit = nullptr) {
    auto machine = std::make_unique<Machine>();
    machine->plan = compile_plan(gguf, placement).value();
    if (edit) edit(machine->plan);
    if (limits.n_blocks == 0) limits.n_blocks = 8;
    machine->limits = limits;
    std::vector<Executor*> pointers;
    for (std::size_t d = 0; d < devices.size(); ++d) {
      machine->executors.push_back(devices[d] == DeviceKind::cpu ? make_cpu_executor(n_threads)
                                                                 : make_simulated_device());
      EXPECT_TRUE(machine->executors.back()->prepare(machine->plan, static_cast<DeviceId>(d),
                                                     limits, nullptr));
      pointers.push_back(machine->executors.back().get());
    }
    machine->forward = std::make_unique<Forward>(machine->plan, pointers, limits);
    machine->store = std::make_unique<SequenceStore>(SequenceStore{
        BlockPool(limits.n_blocks), [forward = machine->forward.get()](BlockId from, BlockId to) {
          forward->copy_block(from, to);
        }});
    return machine;
  }

  // Adds rows for tokens that follow what the sequence holds; all want logits.
  void add(Batch& batch, Sequence& sequence, std::span<const TokenId> tokens,
           std::uint32_t n_before = 0) const {
    batch.sequences.push_back({sequence.blocks()});
    for (std::uint32_t i = 0; i < tokens.size(); ++i) {
      const std::uint32_t index = sequence.length() + n_before + i;
      const auto position = static_cast<std::int32_t>(index);
      batch.rows.push_back({.token = tokens[i],
                            .position = {position, position, position, position},
                            .sequence = static_cast<std::uint32_t>(batch.sequences.size() - 1),
                            .kv_index = index,
                            .wanted = Wanted::logits});
    }
  }

  // The logits of every token, computed chunk rows at a time.
  std::vector<float> all_logits(std::span<const TokenId> tokens, std::size_t chunk,
                                Sequence& sequence) {
    std::vector<float> logits;
    for (std::size_t at = 0; at < tokens.size(); at += chunk) {
      const auto part = tokens.subspan(at, std::min(chunk, tokens.size() - at));
      EXPECT_TRUE(sequence.reserve(static_cast<std::uint32_t>(part.size())).has_value());
      Batch batch;
      add(batch, sequence, part);
      EXPECT_TRUE(forward->run(batch));
      for (std::uint32_t i = 0; i < part.size(); ++i) {
        const auto row = forward->logits(i);
        logits.insert(logits.end(), row.begin(), row.end());
      }
      sequence.commit(static_cast<std::uint32_t>(part.size()));
    }
    return logits;
  }
  std::vector<float> all_logits(std::span<const TokenId> tokens, std::size_t chunk = 512) {
    Sequence sequence(*store);
    return all_logits(tokens, chunk, sequence);
  }
};

inline double relative_l2(std::span<const float> actual, std::span<const float> expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    difference += std::pow(double{actual[i]} - double{expected[i]}, 2);
    norm += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

}  // namespace hearth::model
