// SPDX-License-Identifier: Apache-2.0
//
// A cursor over bytes that somebody else owns. Every read is bounded: it either yields the value
// and moves on, or returns false and moves nothing. Little endian, no alignment needed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace hearth::format {

static_assert(std::endian::native == std::endian::little, "GGUF is read by copying its bytes");

class ByteReader {
 public:
  ByteReader() = default;
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  template <class T>
    requires std::is_arithmetic_v<T>
  [[nodiscard]] bool read(T& out) {
    if (remaining() < sizeof(T)) return false;
    std::memcpy(&out, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return true;
  }

  [[nodiscard]] bool take(std::uint64_t n_bytes, std::span<const std::byte>& out) {
    if (n_bytes > remaining()) return false;
    out = bytes_.subspan(offset_, static_cast<std::size_t>(n_bytes));
    offset_ += out.size();
    return true;
  }

  // A GGUF string: a 64-bit length, then that many bytes.
  [[nodiscard]] bool read_string(std::uint64_t max_bytes, std::string_view& out) {
    const std::size_t start = offset_;
    std::uint64_t n_bytes = 0;
    std::span<const std::byte> text;
    if (!read(n_bytes) || n_bytes > max_bytes || !take(n_bytes, text)) {
      offset_ = start;
      return false;
    }
    out = {reinterpret_cast<const char*>(text.data()), text.size()};
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;  // never above bytes_.size()
};

}  // namespace hearth::format
