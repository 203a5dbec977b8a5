// SPDX-License-Identifier: Apache-2.0
//
// For tests and fuzz targets: GGUF files put together byte by byte, independent of the writer, so
// that they can be as wrong as a test needs; and a walk over everything that a parsed file offers.
#pragma once

#include <bit>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/gguf.h"

namespace hearth::format {

// Appends little-endian pieces of a GGUF file. Every method returns the builder, to be chained.
class GgufBytes {
 public:
  GgufBytes() = default;
  GgufBytes(std::uint64_t n_tensors, std::uint64_t n_metadata, std::uint32_t version = 3) {
    raw("GGUF").put(version).put(n_tensors).put(n_metadata);
  }

  template <class T>
  GgufBytes& put(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
    return *this;
  }
  GgufBytes& raw(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  GgufBytes& string(std::string_view text) { return put(std::uint64_t{text.size()}).raw(text); }
  // The key and type of an entry; its value follows by put, string or array.
  GgufBytes& key(std::string_view name, ValueType type) { return string(name).put(type); }
  GgufBytes& key(std::string_view name, std::uint32_t type) { return string(name).put(type); }
  template <class T>
  GgufBytes& entry(std::string_view name, ValueType type, T value) {
    return key(name, type).put(value);
  }
  GgufBytes& entry(std::string_view name, std::string_view text) {
    return key(name, ValueType::string).string(text);
  }
  template <class T>
  GgufBytes& array(std::string_view name, ValueType element, std::initializer_list<T> values) {
    key(name, ValueType::array).put(element).put(std::uint64_t{values.size()});
    for (const T value : values) {
      if constexpr (std::is_same_v<T, std::string_view>)
        string(value);
      else
        put(value);
    }
    return *this;
  }
  GgufBytes& tensor(std::string_view name, std::initializer_list<std::uint64_t> dims,
                    std::uint32_t type, std::uint64_t offset) {
    string(name).put(static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t dim : dims) put(dim);
    return put(type).put(offset);
  }
  GgufBytes& pad(std::size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, '\0');
    return *this;
  }
  GgufBytes& data(std::size_t n_bytes, char fill = 'd') {
    bytes_.append(n_bytes, fill);
    return *this;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// A copy in a heap block of exactly its size, so that AddressSanitizer sees any byte read behind
// it.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text) : size_(text.size()), bytes_(new std::byte[size_]) {
    if (size_ > 0) std::memcpy(bytes_.get(), text.data(), size_);
  }
  std::span<const std::byte> span() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<std::byte[]> bytes_;
};

// A file and what it parses to; the bytes live as long as the facts.
struct ParsedBytes {
  std::vector<ExactBytes> files;
  Result<Gguf> gguf;
};

// Shards are called m1.gguf, m2.gguf...; a single file m.gguf.
inline ParsedBytes parse_bytes(const std::vector<std::string>& files) {
  std::vector<ExactBytes> copies;
  std::vector<std::string> names;
  for (const std::string& file : files) {
    copies.emplace_back(file);
    names.push_back(files.size() == 1 ? "m.gguf" : "m" + std::to_string(copies.size()) + ".gguf");
  }
  std::vector<FileBytes> shards;
  for (std::size_t i = 0; i < files.size(); ++i) shards.push_back({names[i], copies[i].span()});
  Result<Gguf> gguf = Gguf::parse(shards);
  return {std::move(copies), std::move(gguf)};
}
inline ParsedBytes parse_bytes(const GgufBytes& file) {
  return parse_bytes({file.bytes()});
}

// What a get_* returned, or a zero for anything else than a value.
template <class T>
T got(const Result<std::optional<T>>& result) {
  return result ? result->value_or(T{}) : T{};
}

// Calls every getter for every key and reads the ends of every tensor. The result keeps an
// optimiser from leaving reads out; its value means nothing.
inline std::uint64_t touch_everything(const Gguf& gguf) {
  std::uint64_t sum = gguf.version() + gguf.file_name().size();
  const auto touch_text = [&](std::string_view text) {
    if (!text.empty()) sum += static_cast<unsigned char>(text.front() ^ text.back());
  };
  const auto touch_array = [&](const ArrayView& array) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      const ValueType type = array.element_type();
      if (type == ValueType::string) {
        touch_text(array.string_at(i));
        continue;
      }
      if (type != ValueType::f32 && type != ValueType::f64) {
        sum += static_cast<std::uint64_t>(array.int_at(i));
      }
      sum += std::bit_cast<std::uint64_t>(array.float_at(i));
    }
  };
  for (const KeyValue& entry : gguf.metadata()) {
    const std::string_view key = entry.key;
    touch_text(key);
    if (gguf.find(key) != &entry.value) std::abort();
    if (const auto value = gguf.get_uint(key); value && *value) sum += **value;
    if (const auto value = gguf.get_int(key); value && *value) {
      sum += static_cast<std::uint64_t>(**value);
    }
    if (const auto value = gguf.get_float(key); value && *value) {
      sum += std::bit_cast<std::uint64_t>(**value);
    }
    if (const auto value = gguf.get_bool(key); value && *value) sum += **value ? 1 : 0;
    if (const auto value = gguf.get_string(key); value && *value) touch_text(**value);
    for (std::uint32_t type = 0; type <= 12; ++type) {
      const auto value = gguf.get_array(key, static_cast<ValueType>(type));
      if (value && *value) touch_array(**value);
    }
    if (const auto value = gguf.get_int_array(key); value && *value) touch_array(**value);
    if (const auto value = gguf.get_float_array(key); value && *value) touch_array(**value);
    if (const auto value = gguf.require_uint(key); value) sum += *value;
    if (const auto value = gguf.require_float(key); value)
      sum += std::bit_cast<std::uint64_t>(*value);
    if (const auto value = gguf.require_string(key); value) touch_text(*value);
    if (const auto value = gguf.require_array(key, ValueType::string); value) touch_array(*value);
  }
  for (const Tensor& tensor : gguf.tensors()) {
    if (gguf.find_tensor(tensor.name) != &tensor || tensor.n_elements() == 0) std::abort();
    sum += std::to_integer<std::uint64_t>(tensor.bytes.front());
    sum += std::to_integer<std::uint64_t>(tensor.bytes.back());
    sum += type_info(tensor.type).block_bytes + tensor.file_offset + tensor.shard;
  }
  return sum;
}

}  // namespace hearth::format
