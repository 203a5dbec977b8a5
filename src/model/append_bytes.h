// SPDX-License-Identifier: Apache-2.0
//
// Building the headers of this folder's files in memory: numbers as they lie there, which is little
// endian on every machine that Hearth runs on.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hearth::model {

static_assert(std::endian::native == std::endian::little, "files have the byte order of memory");

inline void append_bytes(std::vector<std::byte>& out, const void* bytes, std::size_t n) {
  const std::size_t at = out.size();
  out.resize(at + n);
  if (n > 0) std::memcpy(out.data() + at, bytes, n);
}

template <class T>
  requires std::is_integral_v<T>
void append_number(std::vector<std::byte>& out, T value) {
  append_bytes(out, &value, sizeof(T));
}

}  // namespace hearth::model
