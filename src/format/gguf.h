// SPDX-License-Identifier: Apache-2.0
//
// GGUF: one model file (or all shards of a split one) parsed into facts: metadata by key and tensor
// views, over memory that the caller mapped. Versions 2 and 3, little endian.
// Source: the GGUF specification (docs/gguf.md of ggml-org/ggml).
//
// Promises. Nothing is trusted: every count, length, offset and type is checked against the bytes
// at hand with overflow-checked arithmetic and hard caps (gguf_limits.h) before it is used, and the
// first fault ends the parse with one sentence naming the file, the key or tensor and the byte
// offset. The code is integrity, or unsupported for a sound file of a kind that Hearth does not
// read (version 1, big endian, arrays of arrays, tensor types of other programs). Metadata strings
// and arrays are views into the caller's bytes, which must outlive the Gguf. A parsed Gguf is
// immutable; any thread may read it. No path is opened here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "format/tensor_type.h"

namespace hearth::format {

enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};
std::string_view name_of(ValueType type);  // "u8", "f32", "bool", "string", "array"...

// A one-dimensional array of scalars or strings (GGUF's nested arrays are refused: no model has
// them).
class ArrayView {
 public:
  ValueType element_type() const { return element_type_; }
  std::size_t size() const { return size_; }

  // Elements by index < size(). int_at reads any integer type and booleans (0 or 1), float_at any
  // number; the element type must be of the right kind, which typed getters of Gguf have checked.
  std::string_view string_at(std::size_t i) const;
  std::int64_t int_at(std::size_t i) const;
  double float_at(std::size_t i) const;

 private:
  friend class GgufParser;
  ValueType element_type_ = ValueType::u8;
  std::size_t size_ = 0;
  std::span<const std::byte> elements_;        // scalars, packed
  std::span<const std::string_view> strings_;  // strings, owned by the Gguf
};

// One metadata value. Scalars are stored whole; strings and arrays as views.
struct Value {
  ValueType type = ValueType::u8;
  std::uint64_t integer = 0;  // integers (two's complement when signed) and booleans
  double real = 0;            // f32, f64
  std::string_view string;
  ArrayView array;
};

struct KeyValue {
  std::string_view key;
  Value value;
};

// A tensor: where its bytes are and what they mean. Dimensions are in GGUF order, the fastest
// first: a matrix of a linear layer is {k (inputs), n (outputs)}, each output row contiguous.
struct Tensor {
  std::string_view name;
  TensorType type = TensorType::f32;
  std::uint32_t n_dims = 1;
  std::array<std::uint64_t, 4> dims = {1, 1, 1, 1};
  std::uint32_t shard = 0;
  std::uint64_t file_offset = 0;     // of its first byte in that shard's file
  std::span<const std::byte> bytes;  // exactly its data

  std::uint64_t n_elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

// The bytes of one file and the name that messages use for it (as the user gave it).
struct FileBytes {
  std::string_view name;
  std::span<const std::byte> bytes;
};

class Gguf {
 public:
  Gguf() = default;  // no model: no metadata, no tensors
  Gguf(Gguf&&) = default;
  Gguf& operator=(Gguf&&) = default;
  Gguf(const Gguf&) = delete;  // array views point into the storage of this very object
  Gguf& operator=(const Gguf&) = delete;

  // Parses one file, or all shards of a split model in order (split.no, split.count and
  // split.tensors.count must agree; tensor names are unique over all shards; metadata comes from
  // the first). With one FileBytes of a split model the error says which shards are missing.
  static Result<Gguf> parse(std::span<const FileBytes> shards);

  std::uint32_t version() const { return version_; }
  const std::string& file_name() const { return file_name_; }  // of the first shard, printable
  std::span<const KeyValue> metadata() const { return metadata_; }
  std::span<const Tensor> tensors() const { return tensors_; }

  const Value* find(std::string_view key) const;
  const Tensor* find_tensor(std::string_view name) const;

  // Typed getters. Integers come in any width. Absent: nothing (get_*) or an integrity error naming
  // the key (require_*). Present with the wrong type, or a number out of the range that was asked
  // for (negative where a count is meant): always an integrity error.
  Result<std::optional<std::uint64_t>> get_uint(std::string_view key) const;
  Result<std::optional<std::int64_t>> get_int(std::string_view key) const;
  Result<std::optional<double>> get_float(std::string_view key) const;  // any float or integer
  Result<std::optional<bool>> get_bool(std::string_view key) const;
  Result<std::optional<std::string_view>> get_string(std::string_view key) const;
  Result<std::optional<ArrayView>> get_array(std::string_view key, ValueType element) const;
  Result<std::optional<ArrayView>> get_int_array(std::string_view key) const;    // any integer type
  Result<std::optional<ArrayView>> get_float_array(std::string_view key) const;  // f32 or f64
  Result<std::uint64_t> require_uint(std::string_view key) const;
  Result<double> require_float(std::string_view key) const;
  Result<std::string_view> require_string(std::string_view key) const;
  Result<ArrayView> require_array(std::string_view key, ValueType element) const;

 private:
  friend class GgufParser;
  std::uint32_t version_ = 0;
  std::string file_name_;
  std::vector<KeyValue> metadata_;
  std::vector<Tensor> tensors_;
  std::vector<std::vector<std::string_view>> string_arrays_;  // storage behind ArrayView::strings_
  std::unordered_map<std::string_view, std::size_t> key_index_;
  std::unordered_map<std::string_view, std::size_t> tensor_index_;
};

// What a shard's file name says: "x-00002-of-00005.gguf" is {prefix "x", number 2 (from 1), of
// count 5}.
struct ShardName {
  std::string_view prefix;
  std::uint32_t number = 0;
  std::uint32_t count = 0;
};
std::optional<ShardName> parse_shard_name(std::string_view file_name);
std::string shard_file_name(std::string_view prefix, std::uint32_t number, std::uint32_t count);

}  // namespace hearth::format
