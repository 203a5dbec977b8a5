// SPDX-License-Identifier: Apache-2.0
//
// The layout of quantised weights for the vector tables (Kernels::packed): the same bits as in the
// file, in another order. 16 rows lie together as a panel in which a line of 64 bytes holds the
// same 4 bytes of all 16: a vector register is loaded from where it lies, a lane is a row, and a
// product reads one stream of memory. packed_layout.h draws it; nothing in it depends on the
// instruction set. The bits of Q6_K lie in another order within the block too (packed_q6_k.h).
//
//     block of 18 bytes, d qs[16]:    | d of 16 rows, block 0 | d of 16 rows, block 1 |
//                                     | qs[0..3] of 16 rows | qs[4..7] ... |  4 lines of block 0
//                                     | qs[0..3] of 16 rows | ...          |  4 lines of block 1
//
// A last panel of fewer rows is filled up with zeros. Plain float types are never packed: their
// sums have 16 lanes along k (docs/decisions/0002-numbers.md). Any thread may call; no errors, no
// heap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

namespace hearth::kernels {

inline constexpr size_t kPanelRows = 16;

// Changes whenever packing the same rows gives other bytes: panels that were kept on disk under
// another version are of no use any more (model/prepared_file.h).
inline constexpr uint32_t kPackedLayoutVersion = 3;

// Whether a table with Kernels::packed takes this type in panels (quantised weights), not in rows.
bool is_packed(WeightType type);

// Bytes of a panel of rows of k weights; a multiple of 64. A matrix of n rows has
// ceil(n / kPanelRows) panels, one after the other, 64-byte aligned.
size_t packed_panel_bytes(WeightType type, size_t k);

// Packs n_rows (1 to kPanelRows) rows, row_bytes apart, into a panel.
void pack_panel(WeightType type, const void* rows, size_t row_bytes, size_t k, size_t n_rows,
                void* panel);

// Writes row r of a panel, and nothing of the others; and gives it back as the file has it.
void pack_row(WeightType type, const void* row, size_t k, size_t r, void* panel);
void unpack_row(WeightType type, const void* panel, size_t k, size_t r, void* row);

}  // namespace hearth::kernels
