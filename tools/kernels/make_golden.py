#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes blocks of every weight type with the floats they stand for, as the PyPI package "gguf"
(0.19.0, needs numpy) decodes them; Q1_0 and Q2_0, which it lacks, are decoded here.

    python3 tools/kernels/make_golden.py 3 > src/kernels/testdata/dequantize_golden.bin

Records: u32 type, u32 n_bytes, u32 n_floats, the bytes, the floats; little endian. The argument is the
number of random blocks for each type; four constant ones (all bits clear, all set, 0x55, 0xAA) follow.
Scales are made finite: what a NaN scale decodes to is nobody's promise.
"""

import struct
import sys

import numpy as np
from gguf import GGMLQuantizationType, quants
from gguf.constants import GGML_QUANT_SIZES

# type number -> offsets of its 16-bit float scales
SCALES = {
    2: [0],
    3: [0, 2],
    6: [0],
    7: [0, 2],
    8: [0],
    10: [80, 82],
    11: [108],
    12: [0, 2],
    13: [0, 2],
    14: [208],
    16: [0],
    17: [0],
    18: [0],
    19: [0],
    20: [0],
    21: [0],
    22: [0],
    23: [0],
    29: [],
    34: [52],
    35: [64],
    39: [],
    40: [],
    41: [0],
    42: [0],
}
SIZES = {41: (128, 18), 42: (64, 18)}


def decode(number: int, blocks: np.ndarray) -> np.ndarray:
    if number == 41 or number == 42:
        bits = number - 40
        d = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        shifts = np.arange(0, 8, bits, dtype=np.uint8)
        q = (blocks[:, 2:, None] >> shifts) & np.uint8((1 << bits) - 1)
        q = q.reshape(blocks.shape[0], -1).astype(np.float32)
        return d * (2 * q - 1) if bits == 1 else d * (q - 1)
    return quants.dequantize(blocks, GGMLQuantizationType(number))


def finite_scales(number: int, blocks: np.ndarray) -> np.ndarray:
    for offset in SCALES[number]:  # an exponent of all ones loses its lowest bit
        high = blocks[:, offset + 1]
        blocks[:, offset + 1] = np.where((high & 0x7C) == 0x7C, high & 0xFB, high)
    if (
        number == 29
    ):  # IQ1_M spreads its scale over the top nibbles of four words; the last is on top
        top = blocks[:, 55]
        blocks[:, 55] = np.where((top & 0x70) == 0x70, top & 0xBF, top)
    return blocks


def main() -> None:
    n_random = int(sys.argv[1])
    rng = np.random.default_rng(20240607)
    out = sys.stdout.buffer
    for number in SCALES:
        elems, size = SIZES.get(number) or GGML_QUANT_SIZES[GGMLQuantizationType(number)]
        random = rng.integers(0, 256, (n_random, size), dtype=np.uint8)
        constant = np.repeat(np.array([[0], [255], [0x55], [0xAA]], dtype=np.uint8), size, axis=1)
        blocks = finite_scales(number, np.concatenate([random, constant]))
        floats = decode(number, blocks).astype(np.float32)
        assert floats.size == blocks.shape[0] * elems
        out.write(struct.pack("<III", number, blocks.size, floats.size))
        out.write(blocks.tobytes())
        out.write(floats.tobytes())


if __name__ == "__main__":
    main()
