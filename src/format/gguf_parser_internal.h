// SPDX-License-Identifier: Apache-2.0
//
// The reader behind Gguf::parse: one pass over each shard's header and metadata, a check that the
// shards belong together, then their tensor tables. Lives only while parsing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/byte_reader_internal.h"
#include "format/gguf.h"
#include "format/gguf_limits.h"

namespace hearth::format {

class GgufParser {
 public:
  explicit GgufParser(std::span<const FileBytes> files);
  Result<Gguf> parse();

 private:
  // One file on its way: its reader stands behind what has been read so far.
  struct Shard {
    Gguf facts;  // metadata of this shard; tensors of all shards gather in the first
    ByteReader reader;
    std::uint64_t n_metadata = 0;
    std::uint64_t n_tensors = 0;
    std::uint32_t alignment = kDefaultAlignment;
  };

  // What a message is about. Until its name is read, an entry goes by its place in the file.
  struct Subject {
    std::string_view kind;  // "header", "key", "tensor"
    std::string_view name;
    std::uint64_t index = 0;
  };
  static std::unexpected<Error> fault(ErrorCode code, const Shard& shard, const Subject& subject,
                                      std::uint64_t offset, std::string_view what);

  static Result<void> read_header(Shard& shard);
  static Result<void> read_metadata(Shard& shard);
  static Result<std::string_view> read_key(Shard& shard, std::uint64_t index);
  static Result<Value> read_value(Shard& shard, const Subject& subject);
  static Result<ArrayView> read_array(Shard& shard, const Subject& subject);
  static Result<std::span<const std::string_view>> read_strings(Shard& shard,
                                                                const Subject& subject,
                                                                std::uint64_t n_strings);
  static Result<void> set_alignment(Shard& shard, const Subject& subject, std::uint64_t offset,
                                    const Value& value);

  Result<void> check_shards_belong_together() const;

  Result<void> read_tensors(std::uint32_t shard_index);
  static Result<std::string_view> read_tensor_name(Shard& shard, std::uint64_t index);
  static Result<std::uint64_t> read_shape(Shard& shard, Tensor& tensor);
  static Result<void> place_tensors(Shard& shard, std::span<Tensor> tensors,
                                    std::span<const std::uint64_t> sizes);

  std::vector<Shard> shards_;
};

}  // namespace hearth::format
