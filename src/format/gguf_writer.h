// SPDX-License-Identifier: Apache-2.0
//
// Writes GGUF version 3: one file, or the shards of a split model, to descriptors that the caller
// opened. Tensor data stream through: they are asked for one tensor at a time, in order, and never
// held. Source: the GGUF specification (docs/gguf.md of ggml-org/ggml).
//
// Promises. What is written can be read by Gguf::parse: content that could not (a key twice, a row
// that does not divide into blocks, a name too long...) is refused with ErrorCode::failed before
// the first byte. The same content gives the same bytes. Every failed write is an error (io); the
// descriptor is neither closed nor synced, and after an error what it holds is to be thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "format/gguf_limits.h"
#include "format/tensor_type.h"

namespace hearth::format {

// A metadata value to write: the type of the C++ value is the type in the file, so say which
// integer is meant (std::uint32_t{8}, not 8).
using WriteValue =
    std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                 std::int32_t, float, bool, std::string, std::uint64_t, std::int64_t, double,
                 std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
                 std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>,
                 std::vector<float>, std::vector<bool>, std::vector<std::string>,
                 std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>>;

struct WriteKeyValue {
  std::string key;
  WriteValue value;
};

struct WriteTensor {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> dims;        // 1 to 4, the fastest first
  std::span<const std::byte> bytes = {};  // its data, or empty when a TensorSource provides them
};

// Everything about a model but its data. The keys general.alignment and split.* are the writer's
// own.
struct WriteModel {
  std::vector<WriteKeyValue> metadata = {};
  std::vector<WriteTensor> tensors = {};
  std::uint32_t alignment = kDefaultAlignment;
};

// Takes the data of one tensor in pieces of any size, exactly n_bytes() of them together.
class TensorSink {
 public:
  TensorSink(int fd, std::uint64_t n_bytes) : fd_(fd), n_bytes_(n_bytes) {}
  Result<void> write(std::span<const std::byte> piece);
  std::uint64_t n_bytes() const { return n_bytes_; }
  std::uint64_t n_written() const { return n_written_; }

 private:
  int fd_;
  std::uint64_t n_bytes_;
  std::uint64_t n_written_ = 0;
};

// Writes the data of model.tensors[index] into the sink. Called once for each tensor without bytes.
using TensorSource = std::function<Result<void>(std::size_t index, TensorSink& sink)>;

// One file of a model: which of its tensors it holds and how large it will be.
struct ShardPlan {
  std::uint32_t number = 1;  // from 1, as in shard_file_name
  std::uint32_t count = 1;
  std::size_t first_tensor = 0;
  std::size_t n_tensors = 0;
  std::uint64_t file_bytes = 0;
};

// Where to cut; 0 is no limit. A tensor larger than max_tensor_bytes gets a shard of its own.
struct SplitLimits {
  std::uint64_t max_tensor_bytes = 0;  // of tensor data in a shard
  std::size_t max_tensors = 0;
};

// Checks the model and lays its files out, one or more. Metadata go into the first shard.
Result<std::vector<ShardPlan>> plan_shards(const WriteModel& model, const SplitLimits& limits = {});

// Writes one planned file. The plan must come from plan_shards of this very model.
Result<void> write_shard(int fd, const WriteModel& model, const ShardPlan& plan,
                         const TensorSource& source = {});

// Plans and writes an unsplit model.
Result<void> write_gguf(int fd, const WriteModel& model, const TensorSource& source = {});

}  // namespace hearth::format
