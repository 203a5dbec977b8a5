// SPDX-License-Identifier: Apache-2.0
#include "text/byte_index.h"

namespace hearth::text {

std::int32_t ByteIndex::add(std::string_view key) {
  if (2 * (size() + 1) > slots_.size()) grow();
  arena_.append(key);
  ends_.push_back(arena_.size());
  const auto number = static_cast<std::int32_t>(ends_.size() - 1);
  insert(number);
  return number;
}

void ByteIndex::insert(std::int32_t number) {
  const std::string_view key = at(static_cast<std::size_t>(number));
  const std::uint64_t hash = hash_bytes(key);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t i = hash & mask_;; i = (i + 1) & mask_) {
    Slot& slot = slots_[i];
    if (slot.number == kNone) {
      slot = {tag, number};
      return;
    }
    if (slot.tag == tag && at(static_cast<std::size_t>(slot.number)) == key) return;
  }
}

void ByteIndex::grow() {
  slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), {});
  mask_ = slots_.size() - 1;
  for (std::size_t i = 0; i < size(); ++i) insert(static_cast<std::int32_t>(i));
}

}  // namespace hearth::text
