// SPDX-License-Identifier: Apache-2.0
//
// Byte strings numbered from 0 in the order they are added, and found again by their bytes: the
// hash table under every vocabulary. Built once, then read by any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::text {

// A multiply-and-fold hash: keys are a few bytes long and looked up once or more for each input
// byte.
inline std::uint64_t hash_bytes(std::string_view bytes) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  std::uint64_t hash = bytes.size() * kMultiplier;
  const char* p = bytes.data();
  std::size_t n = bytes.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 32;
  };
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    mix(word);
  }
  std::uint64_t tail = 0;
  for (std::size_t i = 0; i < n; ++i)
    tail |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
  mix(tail);
  return hash;
}

class ByteIndex {
 public:
  static constexpr std::int32_t kNone = -1;

  std::size_t size() const { return ends_.size(); }
  std::string_view at(std::size_t number) const {
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(arena_).substr(begin, ends_[number] - begin);
  }

  std::int32_t find(std::string_view key) const {
    if (slots_.empty()) return kNone;
    const std::uint64_t hash = hash_bytes(key);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.number == kNone) return kNone;
      if (slot.tag == tag && at(static_cast<std::size_t>(slot.number)) == key) return slot.number;
    }
  }

  // Adds a key and returns its number. A key that is there already gets a number of its own, but
  // find() goes on returning the first.
  std::int32_t add(std::string_view key);
  // The number of a key, added if it is new.
  std::int32_t intern(std::string_view key) {
    const std::int32_t found = find(key);
    return found != kNone ? found : add(key);
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t number = kNone;
  };
  void insert(std::int32_t number);
  void grow();

  std::string arena_;
  std::vector<std::size_t> ends_;
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
};

}  // namespace hearth::text
