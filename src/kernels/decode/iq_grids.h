// SPDX-License-Identifier: Apache-2.0
//
// The code books of the IQ1, IQ2 and IQ3 types: facts of the format, written out by
// tools/kernels/make_iq_grids.py into generated/iq_grids.inc. One entry is a run of 8 (or 4)
// levels.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hearth::kernels {

extern const int8_t kIq1Grid[2048][8];    // IQ1_S and IQ1_M: -1, 0, 1
extern const int8_t kIq2XxsGrid[256][8];  // the IQ2 grids: 8, 25, 43
extern const int8_t kIq2XsGrid[512][8];
extern const int8_t kIq2SGrid[1024][8];
extern const int8_t kIq3XxsGrid[256][4];  // 4, 12, .. 52, 62
extern const int8_t kIq3SGrid[512][4];    // 1, 3, .. 15

}  // namespace hearth::kernels
