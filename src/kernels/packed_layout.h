// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes of a block lie in a packed panel (packed.h), as constants of the block's type.
// The one description that packing, unpacking and every vector table share.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/layout.h"
#include "kernels/packed.h"

namespace hearth::kernels {
namespace {

constexpr size_t kPackedLine = 4 * kPanelRows;  // bytes: one word of every row

// Blocks whose size is no multiple of 4 have a tail of 1 or 2 bytes: their scale. Most have it in
// front, these at the end.
template <class Block>
constexpr bool kTailLast = false;
template <>
constexpr bool kTailLast<BlockQ3_K> = true;
template <>
constexpr bool kTailLast<BlockQ6_K> = true;
template <>
constexpr bool kTailLast<BlockTQ1_0> = true;
template <>
constexpr bool kTailLast<BlockTQ2_0> = true;

// A panel is a row of sets; a set is a line of tails, if the type has any, and then the lines of
// the words of as many blocks as one line of tails serves. The last set may be shorter.
struct PackedForm {
  size_t block_bytes;
  bool tail_last;

  constexpr size_t words() const { return block_bytes / 4; }
  constexpr size_t tail() const { return block_bytes % 4; }
  constexpr size_t set_blocks() const { return tail() == 0 ? 1 : 4 / tail(); }
  constexpr size_t tail_lines() const { return tail() == 0 ? 0 : 1; }
  constexpr size_t block_lines_bytes() const { return words() * kPackedLine; }
  constexpr size_t set_bytes() const {
    return tail_lines() * kPackedLine + set_blocks() * block_lines_bytes();
  }

  constexpr size_t panel_bytes(size_t n_blocks) const {
    const size_t rest = n_blocks % set_blocks();
    return n_blocks / set_blocks() * set_bytes() +
           (rest == 0 ? 0 : tail_lines() * kPackedLine + rest * block_lines_bytes());
  }
  // Of word 0 of row 0 of a block, and of its tail.
  constexpr size_t words_at(size_t block) const {
    return block / set_blocks() * set_bytes() + tail_lines() * kPackedLine +
           block % set_blocks() * block_lines_bytes();
  }
  constexpr size_t tails_at(size_t block) const {
    return block / set_blocks() * set_bytes() + block % set_blocks() * kPanelRows * tail();
  }
  // Where word 0 and the tail lie in a block as the file has it.
  constexpr size_t words_in_block() const { return tail_last ? 0 : tail(); }
  constexpr size_t tail_in_block() const { return tail_last ? 4 * words() : 0; }
};

template <class Block>
constexpr PackedForm kPackedForm{sizeof(Block), kTailLast<Block>};

}  // namespace
}  // namespace hearth::kernels
