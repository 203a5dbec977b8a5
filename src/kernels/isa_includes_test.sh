#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# isa_includes_test.sh DIRECTORY: the units of an instruction set, and every header they can reach,
# may
# include <stddef.h>, <stdint.h>, the intrinsics and kernels/ alone. An inline function of the
# standard
# library, compiled with their flags, could become everybody's copy.
cd "$1" || exit 1
bad=$(grep -nE '^#include' avx2/* avxvnni/* avx512vnni/* amx/* emulated/* neon/* dotprod/* i8mm/* \
        generic/* decode/* scalar/*.h layout.h packed_layout.h packed.h blocked.h paired.h half.h \
        constants.h table.h kernels.h activations.h attention.h kv_type.h kv_blocks.h kv_blocks.inc \
        functions.inc types.inc 2>/dev/null |
  grep -vE '#include (<(stddef|stdint|immintrin|arm_neon)\.h>|"kernels/[a-z0-9_/]*\.(h|inc)")$')
[ -z "$bad" ] && exit 0
echo "$bad" >&2
exit 1
