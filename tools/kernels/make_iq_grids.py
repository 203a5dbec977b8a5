#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/kernels/generated/iq_grids.inc: the code books of the IQ1, IQ2 and IQ3 types.

The books are facts of the GGUF format. They are read from the packed tables of the PyPI package
"gguf" (0.19.0, MIT; module gguf.quants), which needs numpy:

    python3 tools/kernels/make_iq_grids.py > src/kernels/generated/iq_grids.inc
"""

import sys

import numpy as np
from gguf import quants

BOOKS = [
    ("kIq1Grid", quants.IQ1_S, 2048, 8),
    ("kIq2XxsGrid", quants.IQ2_XXS, 256, 8),
    ("kIq2XsGrid", quants.IQ2_XS, 512, 8),
    ("kIq2SGrid", quants.IQ2_S, 1024, 8),
    ("kIq3XxsGrid", quants.IQ3_XXS, 256, 4),
    ("kIq3SGrid", quants.IQ3_S, 512, 4),
]


def main() -> None:
    # The decoders rebuild the eighth sign bit from parity instead of storing this table.
    for seven, eight in enumerate(quants.IQ2_XXS.ksigns):
        assert eight == seven | (bin(seven).count("1") & 1) << 7

    out = sys.stdout
    out.write("// SPDX-License-Identifier: Apache-2.0\n")
    out.write(
        "//\n// Written by tools/kernels/make_iq_grids.py from the PyPI package gguf 0.19.0.\n"
    )
    for name, book, entries, run in BOOKS:
        book.init_grid()
        grid = book.grid.reshape(entries, run)
        assert np.all(grid == np.rint(grid)) and np.all(np.abs(grid) < 128)
        out.write(f"\nconst int8_t {name}[{entries}][{run}] = {{\n")
        rows = ["{" + ", ".join(str(int(v)) for v in row) + "}" for row in grid]
        per_line = 2 if run == 8 else 5
        for i in range(0, entries, per_line):
            out.write("    " + ", ".join(rows[i : i + per_line]) + ",\n")
        out.write("};\n")


if __name__ == "__main__":
    main()
