// SPDX-License-Identifier: Apache-2.0
#include "format/gguf_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string_view>
#include <type_traits>
#include <unordered_set>

#include "base/check.h"
#include "base/checked.h"
#include "base/escape.h"
#include "base/file.h"
#include "format/gguf.h"

namespace hearth::format {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is written by copying bytes");

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;

// The id of the C++ type T in the file.
template <class T>
constexpr ValueType value_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>)
    return ValueType::u8;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return ValueType::i8;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return ValueType::u16;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return ValueType::i16;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return ValueType::u32;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return ValueType::i32;
  else if constexpr (std::is_same_v<T, float>)
    return ValueType::f32;
  else if constexpr (std::is_same_v<T, bool>)
    return ValueType::boolean;
  else if constexpr (std::is_same_v<T, std::string>)
    return ValueType::string;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return ValueType::u64;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return ValueType::i64;
  else if constexpr (std::is_same_v<T, double>)
    return ValueType::f64;
  else
    return ValueType::array;
}

// Appends to the head of a file, which is small beside the data and is built in memory.
class HeadBuilder {
 public:
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  void put(T value) {
    const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
    head_.append(bytes.data(), bytes.size());
  }
  void put(const std::string& text) {
    put(std::uint64_t{text.size()});
    head_ += text;
  }
  template <class T>
  void put(const std::vector<T>& array) {
    put(value_type<T>());
    put(std::uint64_t{array.size()});
    for (const auto& element : array) put(static_cast<const T&>(element));
  }
  void put_entry(const std::string& key, const WriteValue& value) {
    put(key);
    std::visit(
        [this]<class T>(const T& held) {
          put(value_type<T>());
          put(held);
        },
        value);
  }

  void pad_to(std::size_t alignment) {
    head_.resize((head_.size() + alignment - 1) / alignment * alignment, '\0');
  }
  const std::string& head() const { return head_; }

 private:
  std::string head_;
};

bool is_reserved(std::string_view key) {
  return key == "general.alignment" || key.starts_with("split.");
}

std::unexpected<Error> refused_key(const std::string& key, std::string_view why) {
  return fail(ErrorCode::failed, "cannot write key {}: {}", printable(key, 128), why);
}

std::unexpected<Error> refused_tensor(const WriteTensor& tensor, std::string_view why) {
  return fail(ErrorCode::failed, "cannot write tensor {}: {}", printable(tensor.name, 128), why);
}

Result<void> check_value(const WriteKeyValue& entry) {
  if (const auto* text = std::get_if<std::string>(&entry.value)) {
    if (text->size() > kMaxStringBytes) return refused_key(entry.key, "its string is too long");
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&entry.value)) {
    for (const std::string& text : *texts) {
      if (text.size() > kMaxStringBytes) return refused_key(entry.key, "a string is too long");
    }
  }
  const bool fits = std::visit(
      []<class T>(const T& held) {
        if constexpr (kIsVector<T>)
          return held.size() <= kMaxArrayElements;
        else
          return true;
      },
      entry.value);
  if (!fits) return refused_key(entry.key, "its array has too many elements");
  return {};
}

Result<void> check_metadata(const WriteModel& model) {
  constexpr std::size_t kOwnKeys = 4;  // those that the writer adds
  if (model.metadata.size() > kMaxMetadataEntries - kOwnKeys) {
    return fail(ErrorCode::failed, "{} metadata entries are too many", model.metadata.size());
  }
  std::unordered_set<std::string_view> keys;
  for (const WriteKeyValue& entry : model.metadata) {
    const std::string& key = entry.key;
    if (key.empty() || key.size() > kMaxKeyBytes) {
      return refused_key(key, "it is empty or too long");
    }
    if (!std::ranges::all_of(key, [](char c) { return c >= 0x20 && c < 0x7F; })) {
      return refused_key(key, "it is not printable ASCII");
    }
    if (is_reserved(key)) return refused_key(key, "it is for the writer to set");
    if (!keys.insert(key).second) return refused_key(key, "it was given twice");
    TRY(check_value(entry));
  }
  return {};
}

// The bytes of a tensor's data, once its shape has been checked.
Result<std::uint64_t> checked_data_bytes(const WriteTensor& tensor) {
  if (tensor.name.empty() || tensor.name.size() > kMaxTensorNameBytes) {
    return refused_tensor(tensor, "the name is empty or too long");
  }
  if (tensor.dims.empty() || tensor.dims.size() > kMaxDims) {
    return refused_tensor(tensor, "it must have 1 to 4 dimensions");
  }
  const TypeInfo& info = type_info(tensor.type);
  if (tensor.dims[0] % info.block_elems != 0) {
    return refused_tensor(tensor, "its rows do not divide into blocks");
  }
  std::optional<std::uint64_t> elements = 1;
  for (const std::uint64_t dim : tensor.dims) {
    if (dim == 0) return refused_tensor(tensor, "a dimension is 0");
    elements = checked_mul(*elements, dim);
    if (!elements) return refused_tensor(tensor, "its shape is too large");
  }
  const auto n_bytes = checked_mul<std::uint64_t>(*elements / info.block_elems, info.block_bytes);
  if (!n_bytes) return refused_tensor(tensor, "its shape is too large");
  if (!tensor.bytes.empty() && tensor.bytes.size() != *n_bytes) {
    return refused_tensor(tensor, "its data are not of the size that its shape needs");
  }
  return *n_bytes;
}

// As checked_data_bytes, for a model that plan_shards accepted.
std::uint64_t data_bytes(const WriteTensor& tensor) {
  const TypeInfo& info = type_info(tensor.type);
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : tensor.dims) elements *= dim;
  return elements / info.block_elems * info.block_bytes;
}

std::uint64_t align_up(std::uint64_t n_bytes, std::uint32_t alignment) {
  return (n_bytes + alignment - 1) & ~std::uint64_t{alignment - 1};
}

// Magic, counts, metadata and the tensor table of one shard, padded to where its data start.
std::string build_head(const WriteModel& model, const ShardPlan& plan) {
  std::vector<WriteKeyValue> own;  // the writer's keys
  if (model.alignment != kDefaultAlignment) own.push_back({"general.alignment", model.alignment});
  if (plan.count > 1) {
    // The types that llama.cpp's gguf-split writes; other readers insist on them.
    own.push_back({"split.no", static_cast<std::uint16_t>(plan.number - 1)});
    own.push_back({"split.count", static_cast<std::uint16_t>(plan.count)});
    own.push_back({"split.tensors.count", static_cast<std::int32_t>(model.tensors.size())});
  }
  const std::span<const WriteKeyValue> given =
      plan.number == 1 ? std::span(model.metadata) : std::span<const WriteKeyValue>();

  HeadBuilder builder;
  for (const char c : std::string_view("GGUF")) builder.put(c);
  builder.put(std::uint32_t{3});
  builder.put(std::uint64_t{plan.n_tensors});
  builder.put(std::uint64_t{given.size() + own.size()});
  for (const WriteKeyValue& entry : given) builder.put_entry(entry.key, entry.value);
  for (const WriteKeyValue& entry : own) builder.put_entry(entry.key, entry.value);
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < plan.n_tensors; ++i) {
    const WriteTensor& tensor = model.tensors[plan.first_tensor + i];
    builder.put(tensor.name);
    builder.put(static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t dim : tensor.dims) builder.put(dim);
    builder.put(tensor.type);
    builder.put(offset);
    offset += align_up(data_bytes(tensor), model.alignment);
  }
  builder.pad_to(model.alignment);
  return builder.head();
}

// Which tensors go where, from the sizes of their data with padding.
std::vector<ShardPlan> cut(std::span<const std::uint64_t> padded_sizes, const SplitLimits& limits) {
  std::vector<ShardPlan> plans(1);
  for (std::size_t i = 0; i < padded_sizes.size(); ++i) {
    const ShardPlan& open = plans.back();
    const bool full = (limits.max_tensors != 0 && open.n_tensors >= limits.max_tensors) ||
                      (limits.max_tensor_bytes != 0 &&
                       (open.file_bytes >= limits.max_tensor_bytes ||
                        padded_sizes[i] > limits.max_tensor_bytes - open.file_bytes));
    if (full && open.n_tensors > 0) plans.push_back({.first_tensor = i});
    plans.back().n_tensors += 1;
    plans.back().file_bytes += padded_sizes[i];
  }
  return plans;
}

Result<void> write_padding(int fd, std::uint64_t n_bytes) {
  static constexpr std::array<std::byte, 4096> kZeros{};
  while (n_bytes > 0) {
    const auto piece = std::min<std::uint64_t>(n_bytes, kZeros.size());
    TRY(write_all(fd, std::span(kZeros).first(static_cast<std::size_t>(piece))));
    n_bytes -= piece;
  }
  return {};
}

}  // namespace

Result<void> TensorSink::write(std::span<const std::byte> piece) {
  if (piece.size() > n_bytes_ - n_written_) {
    return fail(ErrorCode::failed, "a tensor of {} bytes was given more than that", n_bytes_);
  }
  TRY(write_all(fd_, piece));
  n_written_ += piece.size();
  return {};
}

Result<std::vector<ShardPlan>> plan_shards(const WriteModel& model, const SplitLimits& limits) {
  if (!std::has_single_bit(model.alignment) || model.alignment < kMinAlignment ||
      model.alignment > kMaxAlignment) {
    return fail(ErrorCode::failed, "cannot write with an alignment of {}", model.alignment);
  }
  if (model.tensors.size() > kMaxTensors) {
    return fail(ErrorCode::failed, "{} tensors are too many for a file", model.tensors.size());
  }
  TRY(check_metadata(model));
  std::unordered_set<std::string_view> names;
  std::vector<std::uint64_t> padded_sizes;
  std::uint64_t total = 0;
  for (const WriteTensor& tensor : model.tensors) {
    const std::uint64_t n_bytes = TRY(checked_data_bytes(tensor));
    if (!names.insert(tensor.name).second)
      return refused_tensor(tensor, "the name was given twice");
    const auto padded = checked_align_up<std::uint64_t>(n_bytes, model.alignment);
    const auto sum = padded ? checked_add(total, *padded) : std::nullopt;
    if (!sum || *sum > (std::uint64_t{1} << 62)) {
      return refused_tensor(tensor, "the model becomes larger than any file");
    }
    padded_sizes.push_back(*padded);
    total = *sum;
  }

  std::vector<ShardPlan> plans = cut(padded_sizes, limits);
  constexpr std::size_t kMostShards = 65535;  // split.count is written as u16
  if (plans.size() > kMostShards) {
    return fail(ErrorCode::failed, "{} shards are more than the {} that a split model can have",
                plans.size(), kMostShards);
  }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    plans[i].number = static_cast<std::uint32_t>(i + 1);
    plans[i].count = static_cast<std::uint32_t>(plans.size());
    plans[i].file_bytes += build_head(model, plans[i]).size();
  }
  return plans;
}

Result<void> write_shard(int fd, const WriteModel& model, const ShardPlan& plan,
                         const TensorSource& source) {
  CHECK(plan.first_tensor <= model.tensors.size() &&
        plan.n_tensors <= model.tensors.size() - plan.first_tensor);
  TRY(write_all(fd, build_head(model, plan)));
  for (std::size_t i = plan.first_tensor; i < plan.first_tensor + plan.n_tensors; ++i) {
    const WriteTensor& tensor = model.tensors[i];
    TensorSink sink(fd, data_bytes(tensor));
    if (!tensor.bytes.empty()) {
      TRY(sink.write(tensor.bytes));
    } else {
      if (!source) return refused_tensor(tensor, "nobody provides its data");
      TRY(source(i, sink));
    }
    if (sink.n_written() != sink.n_bytes()) {
      return refused_tensor(tensor, "fewer bytes were provided than its shape needs");
    }
    TRY(write_padding(fd, align_up(sink.n_bytes(), model.alignment) - sink.n_bytes()));
  }
  return {};
}

Result<void> write_gguf(int fd, const WriteModel& model, const TensorSource& source) {
  const std::vector<ShardPlan> plans = TRY(plan_shards(model));
  return write_shard(fd, model, plans[0], source);
}

}  // namespace hearth::format
