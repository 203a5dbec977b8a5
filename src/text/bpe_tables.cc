// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_tables.h"

#include <utility>

namespace hearth::text {

void PairTable::add(std::uint32_t left, std::uint32_t right, MergePair merged) {
  if (find(left, right).piece != kNoPiece) return;
  if (2 * (size_ + 1) > slots_.size()) {
    const std::vector<Slot> old = std::exchange(slots_, {});
    slots_.resize(old.empty() ? 64 : 2 * old.size());
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.merged.piece != kNoPiece) insert(slot);
    }
  }
  insert({left, right, merged});
  ++size_;
}

void PairTable::insert(const Slot& slot) {
  std::size_t i = hash(slot.left, slot.right) & mask_;
  while (slots_[i].merged.piece != kNoPiece) i = (i + 1) & mask_;
  slots_[i] = slot;
}

void JoinSet::add(std::uint32_t left, std::uint32_t right) {
  const std::uint32_t a = small(left);
  const std::uint32_t b = small(right);
  if (a < 256 && b < 256)
    near_.set(a * 256 + b);
  else
    far_.insert(std::uint64_t{left} << 32 | right);
}

}  // namespace hearth::text
