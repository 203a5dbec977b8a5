# SPDX-License-Identifier: Apache-2.0
"""Weight types beyond what gguf-py 0.19 does: decoders of Q1_0 and Q2_0, random blocks of all.

Importing this module makes Q2_0 known to gguf-py's reader and writer.
"""

import math

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T


def add_type(name, number, elems, size):
    """A member of gguf-py's enumeration that its release does not have yet."""
    if number in T._value2member_map_:
        return
    member = int.__new__(T, number)
    member._name_, member._value_ = name, number
    T._member_map_[name] = T._value2member_map_[number] = member
    T._member_names_.append(name)
    gguf.GGML_QUANT_SIZES[member] = (elems, size)


add_type("Q2_0", 42, 64, 18)

# Byte offsets of the float16 scale(s) in a block; the second is a minimum or its scale.
HALVES = {
    T.Q4_0: (0,),
    T.Q4_1: (0, 2),
    T.Q5_0: (0,),
    T.Q5_1: (0, 2),
    T.Q8_0: (0,),
    T.Q2_K: (80, 82),
    T.Q3_K: (108,),
    T.Q4_K: (0, 2),
    T.Q5_K: (0, 2),
    T.Q6_K: (208,),
    T.IQ4_NL: (0,),
    T.IQ4_XS: (0,),
    T.IQ3_S: (0,),
    T.IQ3_XXS: (0,),
    T.IQ2_S: (0,),
    T.IQ2_XS: (0,),
    T.IQ2_XXS: (0,),
    T.IQ1_S: (0,),
    T.TQ1_0: (52,),
    T.TQ2_0: (64,),
    T.Q1_0: (0,),
    T(42): (0,),
}
# For types with minima: the mean quant times d is taken off by dmin.
MEAN_QUANT = {T.Q2_K: 1.5, T.Q4_K: 7.5, T.Q5_K: 15.5}
# Every type that is not made of plain floats, in the order of their numbers.
BLOCK_TYPES = sorted([*HALVES, T.IQ1_M, T.MXFP4, T.NVFP4])


def dequantize(data, kind):
    """Rows of bytes to float32, by gguf-py where it can."""
    if kind not in (T.Q1_0, T(42)):
        return gguf.quants.dequantize(data, kind)
    bits = 1 if kind == T.Q1_0 else 2
    rows = data.reshape(-1, 18)
    d = rows[:, :2].copy().view(np.float16).astype(np.float32)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    q = (rows[:, 2:, None] >> shifts) & np.uint8((1 << bits) - 1)
    q = q.reshape(rows.shape[0], -1).astype(np.float32)
    w = d * (2 * q - 1) if bits == 1 else d * (q - 1)
    return w.reshape(*data.shape[:-1], -1)


def put_half(raw, kind, index, halves):
    """Sets the index-th float16 scale of every block [n][bytes]."""
    bits = np.asarray(halves, np.float16).view(np.uint16)
    if kind == T.IQ1_M:  # spread over the top nibbles of four words, lowest first
        for i in range(4):
            nibble = (bits >> np.uint16(4 * i) & 15).astype(np.uint8)
            raw[:, 49 + 2 * i] = raw[:, 49 + 2 * i] & 15 | nibble << 4
        return
    at = HALVES[kind][index]
    raw[:, at : at + 2] = bits.view(np.uint8).reshape(-1, 2)


def random_blocks(rng, kind, rows, columns, std):
    """Random bytes as blocks of a type, scaled to a given standard deviation of weights."""
    if kind in (T.TQ1_0, T.TQ2_0):
        return gguf.quants.quantize(
            (rng.standard_normal((rows, columns)) * std).astype(np.float32), kind
        )
    per, size = gguf.GGML_QUANT_SIZES[kind]
    n = rows * columns // per
    raw = rng.integers(0, 256, (n, size), dtype=np.uint8)
    if kind == T.MXFP4:
        # mean square of the 16 code values is 9.125 (on the halved scale 2^(e - 128) x {0..12})
        raw[:, 0] = 128 + round(math.log2(std / 5.4)) + rng.integers(-1, 2, n)
        return raw.reshape(rows, -1)
    if kind == T.NVFP4:
        # scales around std / 2.7 as UE4M3: 8 codes for each power of two, 2^-6 is code 8
        middle = 8 * (math.log2(std / 2.7) + 7)
        raw[:, :4] = np.clip(middle + rng.integers(-6, 7, (n, 4)), 1, 126)
        return raw.reshape(rows, -1)
    scale = rng.uniform(0.5, 1.5, n) * rng.choice([-1.0, 1.0], n)

    def put(unit):
        put_half(raw, kind, 0, unit * scale)
        if kind in MEAN_QUANT:
            put_half(raw, kind, 1, unit * MEAN_QUANT[kind] * scale)

    put(1 / 64)
    unit = dequantize(raw.reshape(rows, -1), kind).astype(np.float64).std() * 64
    put(std / unit)
    return raw.reshape(rows, -1)
