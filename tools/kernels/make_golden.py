#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes blocks of every weight type with the floats they stand for, as the PyPI package "gguf"
(0.19.0, needs numpy) decodes them; Q1_0 and Q2_0, which it lacks, are decoded by
tools/oracle/weight_types.py.

    python3 tools/kernels/make_golden.py 2 > src/kernels/testdata/dequantize_golden.bin

Records: u32 type, u32 n_bytes, u32 n_floats, the bytes, the floats; little endian. The argument is the
number of random blocks for each type. Constant ones follow (all bits clear, all set, 0x55, 0xAA and
0x80, which is -128), then random quants under extreme scales: the smallest and largest subnormal, the
smallest normal, the largest of either sign; for MXFP4 the exponents 0, 1, 253, 254 and 255; for NVFP4
0x01, 0x07, 0x7E, 0x7F and 0xFF. 16-bit scales are finite: what a NaN scale decodes to is nobody's promise.
"""

import pathlib
import struct
import sys

import numpy as np
from gguf.constants import GGML_QUANT_SIZES

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
from weight_types import BLOCK_TYPES, HALVES, T, dequantize, put_half  # noqa: E402

HALF_EXTREMES = np.array([0x0001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF], np.uint16).view(np.float16)


def n_halves(kind):
    return 1 if kind == T.IQ1_M else len(HALVES.get(kind, ()))


def finite_scales(kind, blocks: np.ndarray) -> np.ndarray:
    for offset in HALVES.get(kind, ()):  # an exponent of all ones loses its lowest bit
        high = blocks[:, offset + 1]
        blocks[:, offset + 1] = np.where((high & 0x7C) == 0x7C, high & 0xFB, high)
    if kind == T.IQ1_M:  # its scale is in the top nibbles of four words; the last is on top
        top = blocks[:, 55]
        blocks[:, 55] = np.where((top & 0x70) == 0x70, top & 0xBF, top)
    return blocks


def extreme_scales(rng, kind, size: int) -> np.ndarray:
    blocks = rng.integers(0, 256, (len(HALF_EXTREMES), size), dtype=np.uint8)
    for index in range(n_halves(kind)):
        put_half(blocks, kind, index, np.roll(HALF_EXTREMES, index))
    if kind == T.MXFP4:
        blocks[:, 0] = [0, 1, 253, 254, 255]
    if kind == T.NVFP4:
        blocks[:, :4] = np.array([0x01, 0x07, 0x7E, 0x7F, 0xFF], np.uint8)[:, None]
    return blocks


def main() -> None:
    n_random = int(sys.argv[1])
    rng = np.random.default_rng(20240607)
    out = sys.stdout.buffer
    for kind in BLOCK_TYPES:
        elems, size = GGML_QUANT_SIZES[kind]
        random = rng.integers(0, 256, (n_random, size), dtype=np.uint8)
        constants = np.array([[0], [255], [0x55], [0xAA], [0x80]], dtype=np.uint8)
        blocks = finite_scales(kind, np.concatenate([random, np.repeat(constants, size, axis=1)]))
        blocks = np.concatenate([blocks, extreme_scales(rng, kind, size)])
        with np.errstate(over="ignore"):  # the largest exponents of MXFP4 give infinities
            floats = dequantize(blocks, kind).astype(np.float32)
        assert floats.size == blocks.shape[0] * elems
        out.write(struct.pack("<III", kind, blocks.size, floats.size))
        out.write(blocks.tobytes())
        out.write(floats.tobytes())


if __name__ == "__main__":
    main()
