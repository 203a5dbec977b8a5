// SPDX-License-Identifier: Apache-2.0
//
// The tensor tables: names, shapes, types, and where each tensor's bytes lie.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "format/gguf_limits.h"
#include "format/gguf_parser_internal.h"

namespace hearth::format {
namespace {

std::string shape_text(const Tensor& tensor) {
  return fmt::format("{}",
                     fmt::join(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims, " x "));
}

// The bytes of a tensor of that shape, or nothing on overflow. dims[0] is a multiple of the block.
std::optional<std::uint64_t> data_bytes(const TypeInfo& info, const Tensor& tensor) {
  std::optional<std::uint64_t> total =
      checked_mul<std::uint64_t>(tensor.dims[0] / info.block_elems, info.block_bytes);
  std::optional<std::uint64_t> elements = tensor.dims[0];
  for (std::size_t i = 1; i < tensor.dims.size(); ++i) {
    if (total) total = checked_mul(*total, tensor.dims[i]);
    if (elements) elements = checked_mul(*elements, tensor.dims[i]);
  }
  return elements ? total : std::nullopt;
}

}  // namespace

Result<void> GgufParser::read_tensors(std::uint32_t shard_index) {
  Shard& shard = shards_[shard_index];
  Gguf& all = shards_[0].facts;
  const std::size_t first = all.tensors_.size();
  const auto count = static_cast<std::size_t>(shard.n_tensors);
  if (count > kMaxTensors - first) {
    return fault(ErrorCode::integrity, shard, {"header", {}, 0}, 8,
                 fmt::format("the shards hold more than the {} tensors allowed", kMaxTensors));
  }
  all.tensors_.reserve(first + count);
  all.tensor_index_.reserve(first + count);
  std::vector<std::uint64_t> sizes;
  sizes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t start = shard.reader.offset();
    Tensor tensor;
    tensor.shard = shard_index;
    tensor.name = TRY(read_tensor_name(shard, i));
    const Subject subject{"tensor", tensor.name, i};
    if (!all.tensor_index_.emplace(tensor.name, first + i).second) {
      return fault(ErrorCode::integrity, shard, subject, start, "a tensor name appears twice");
    }
    sizes.push_back(TRY(read_shape(shard, tensor)));
    const std::size_t at = shard.reader.offset();
    if (!shard.reader.read(tensor.file_offset)) {  // relative to the data until they are placed
      return fault(ErrorCode::integrity, shard, subject, at,
                   "the file ends inside a tensor's entry");
    }
    if (tensor.file_offset % shard.alignment != 0) {
      return fault(ErrorCode::integrity, shard, subject, at,
                   fmt::format("the data offset {} is not a multiple of the alignment {}",
                               tensor.file_offset, shard.alignment));
    }
    all.tensors_.push_back(tensor);
  }
  return place_tensors(shard, std::span(all.tensors_).subspan(first), sizes);
}

Result<std::string_view> GgufParser::read_tensor_name(Shard& shard, std::uint64_t index) {
  const std::size_t start = shard.reader.offset();
  const Subject subject{"tensor", {}, index};
  std::string_view name;
  if (!shard.reader.read_string(kMaxTensorNameBytes, name)) {
    std::uint64_t n_bytes = 0;
    const bool has_length = shard.reader.read(n_bytes);
    return fault(ErrorCode::integrity, shard, subject, start,
                 has_length
                     ? fmt::format("a name of {} bytes is longer than the {} allowed or than "
                                   "the rest of the file",
                                   n_bytes, kMaxTensorNameBytes)
                     : "the file ends inside the length of a name");
  }
  if (name.empty()) return fault(ErrorCode::integrity, shard, subject, start, "a name is empty");
  return name;
}

// Reads dimensions and type; the result is the number of bytes of the data.
Result<std::uint64_t> GgufParser::read_shape(Shard& shard, Tensor& tensor) {
  ByteReader& reader = shard.reader;
  const Subject subject{"tensor", tensor.name, 0};
  const auto truncated = [&] {
    return fault(ErrorCode::integrity, shard, subject, reader.offset(),
                 "the file ends inside a tensor's entry");
  };
  const std::size_t dims_at = reader.offset();
  if (!reader.read(tensor.n_dims)) return truncated();
  if (tensor.n_dims < 1 || tensor.n_dims > kMaxDims) {
    return fault(ErrorCode::integrity, shard, subject, dims_at,
                 fmt::format("{} dimensions are not from 1 to {}", tensor.n_dims, kMaxDims));
  }
  for (std::size_t i = 0; i < tensor.n_dims; ++i) {
    const std::size_t at = reader.offset();
    if (!reader.read(tensor.dims[i])) return truncated();
    if (tensor.dims[i] == 0) {
      return fault(ErrorCode::integrity, shard, subject, at, fmt::format("dimension {} is 0", i));
    }
  }

  const std::size_t type_at = reader.offset();
  std::uint32_t id = 0;
  if (!reader.read(id)) return truncated();
  const std::optional<TypeInfo> info = type_info(id);
  if (!info) {
    const std::string_view foreign = foreign_type_name(id);
    if (foreign.empty()) {
      return fault(ErrorCode::integrity, shard, subject, type_at,
                   fmt::format("{} is no tensor type", id));
    }
    return fault(ErrorCode::unsupported, shard, subject, type_at,
                 fmt::format("tensor type {} is {}, which is not supported", id, foreign));
  }
  tensor.type = info->type;
  if (tensor.dims[0] % info->block_elems != 0) {
    return fault(ErrorCode::integrity, shard, subject, dims_at,
                 fmt::format("rows of {} elements do not divide into the blocks of {} of type {}",
                             tensor.dims[0], info->block_elems, info->name));
  }
  const std::optional<std::uint64_t> n_bytes = data_bytes(*info, tensor);
  if (!n_bytes) {
    return fault(ErrorCode::integrity, shard, subject, dims_at,
                 fmt::format("the shape {} is larger than any file", shape_text(tensor)));
  }
  return *n_bytes;
}

// Turns offsets into ranges of the file: inside it, and no two tensors over the same bytes.
Result<void> GgufParser::place_tensors(Shard& shard, std::span<Tensor> tensors,
                                       std::span<const std::uint64_t> sizes) {
  if (tensors.empty()) return {};
  const std::span<const std::byte> file = shard.reader.bytes();
  const std::uint64_t table_end = shard.reader.offset();
  const auto data_start = checked_align_up<std::uint64_t>(table_end, shard.alignment);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    Tensor& tensor = tensors[i];
    const auto begin = data_start ? checked_add(*data_start, tensor.file_offset) : std::nullopt;
    const auto end = begin ? checked_add(*begin, sizes[i]) : std::nullopt;
    if (!end || *end > file.size()) {
      return fault(
          ErrorCode::integrity, shard, {"tensor", tensor.name, i}, begin.value_or(table_end),
          fmt::format("the {} bytes of data run past the end of the file, which has {}: it "
                      "is damaged or was not downloaded whole,",
                      sizes[i], file.size()));
    }
    tensor.file_offset = *begin;
    tensor.bytes =
        file.subspan(static_cast<std::size_t>(*begin), static_cast<std::size_t>(sizes[i]));
  }

  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return tensors[i].file_offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Tensor& before = tensors[order[i - 1]];
    const Tensor& after = tensors[order[i]];
    if (before.file_offset + before.bytes.size() > after.file_offset) {
      return fault(ErrorCode::integrity, shard, {"tensor", after.name, order[i]}, after.file_offset,
                   "the data overlap those of another tensor");
    }
  }
  return {};
}

}  // namespace hearth::format
