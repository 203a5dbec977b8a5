#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed inputs of fuzz/gguf_fuzz.cc: tiny sound GGUF files of every shape that the reader
knows, and the hostile ones of src/format/gguf_hostile_test.cc. Same bytes every time.

Usage: make_corpus.py [FOLDER]   (default: fuzz/corpus/gguf of this checkout)
"""

import pathlib
import struct
import sys

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
PACK = {
    U8: "B",
    I8: "b",
    U16: "H",
    I16: "h",
    U32: "I",
    I32: "i",
    F32: "f",
    BOOL: "B",
    U64: "Q",
    I64: "q",
    F64: "d",
}
MAX64 = 2**64 - 1


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def scalar(kind, value):
    return text(value) if kind == STRING else struct.pack("<" + PACK[kind], value)


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + scalar(kind, value)


def array(key, kind, values, count=None):
    count = len(values) if count is None else count
    return (
        text(key)
        + struct.pack("<IIQ", ARRAY, kind, count)
        + b"".join(scalar(kind, value) for value in values)
    )


def tensor(name, dims, kind, offset):
    return (
        text(name)
        + struct.pack("<I", len(dims))
        + struct.pack(f"<{len(dims)}Q", *dims)
        + struct.pack("<IQ", kind, offset)
    )


def gguf(entries=(), tensors=(), data=b"", version=3, alignment=32, n_entries=None, n_tensors=None):
    head = b"GGUF" + struct.pack(
        "<IQQ",
        version,
        len(tensors) if n_tensors is None else n_tensors,
        len(entries) if n_entries is None else n_entries,
    )
    head += b"".join(entries) + b"".join(tensors)
    return head + b"\0" * (-len(head) % alignment) + data


def files(*parts):
    """The fuzz target's framing of one to three files."""
    framed = b"".join(struct.pack("<H", len(part)) + part for part in parts[:-1])
    return bytes([len(parts) - 1]) + framed + parts[-1]


def shard(number, count, tensors, name):
    return gguf(
        [
            entry("split.no", U16, number),
            entry("split.count", U16, count),
            entry("split.tensors.count", I32, tensors),
        ],
        [tensor(name, [4], 24, 0)],
        b"data",
    )


def sound():
    scalars = [
        entry(f"scalar.{kind}", kind, "text" if kind == STRING else 1)
        for kind in range(13)
        if kind != ARRAY
    ]
    arrays = [
        array(f"array.{kind}", kind, ["a", "", "bc"] if kind == STRING else [1, 0, 1])
        for kind in range(13)
        if kind != ARRAY
    ]
    yield "empty_v2", gguf(version=2)
    yield "empty_v3", gguf()
    yield "scalars", gguf(scalars)
    yield "arrays", gguf(arrays)
    yield "vocab", gguf(
        [
            entry("general.architecture", STRING, "llama"),
            array("tokenizer.ggml.tokens", STRING, ["<s>", "</s>", "\u2581a", "<0x0A>"]),
            array("tokenizer.ggml.scores", F32, [0.0, 0.0, -1.0, -2.0]),
            array("tokenizer.ggml.token_type", I32, [3, 3, 1, 6]),
        ]
    )
    yield "tensors", gguf(
        [entry("general.alignment", U32, 64)],
        [tensor("token_embd.weight", [32, 2], 8, 0), tensor("norm", [4], 0, 128)],
        b"q" * 68 + b"\0" * 60 + b"n" * 16,
        alignment=64,
    )
    block = {
        2: (32, 18),
        3: (32, 20),
        6: (32, 22),
        7: (32, 24),
        12: (256, 144),
        14: (256, 210),
        20: (32, 18),
        30: (1, 2),
        35: (256, 66),
        39: (32, 17),
        40: (64, 36),
        41: (128, 18),
    }
    for kind, (elements, size) in block.items():
        yield f"type_{kind}", gguf([], [tensor("w", [elements, 1, 2], kind, 0)], b"w" * (2 * size))


def hostile():
    yield "metadata_count", gguf(n_entries=MAX64)[:24] + b"\1" * 64
    yield "tensor_count", gguf(n_tensors=MAX64 // 88)[:24] + b"\1" * 64
    yield "key_length", gguf(n_entries=1)[:24] + struct.pack("<Q", MAX64) + b"k" * 16
    yield "string_length", gguf([text("k") + struct.pack("<IQ", STRING, MAX64) + b"s" * 16])
    yield "array_length", gguf([array("k", U32, [1, 2], count=2**62 + 1)])
    yield "strings_length", gguf([array("k", STRING, ["a"], count=2**60 + 1)])
    yield "nested_array", gguf([text("k") + struct.pack("<IIQ", ARRAY, ARRAY, 1) * 50])
    yield "value_type", gguf([text("k") + struct.pack("<IQ", 13, 0)])
    yield "bool_2", gguf([entry("k", BOOL, 2)])
    yield "key_twice", gguf([entry("k", U8, 1), entry("k", U8, 2)])
    yield "alignment_0", gguf([entry("general.alignment", U32, 0)], [tensor("w", [1], 24, 0)], b"w")
    yield "alignment_huge", gguf(
        [entry("general.alignment", U32, 2**31)], [tensor("w", [1], 24, 0)], b"w"
    )
    yield "alignment_u64", gguf([entry("general.alignment", U64, MAX64)])
    yield "n_dims_5", gguf([], [tensor("w", [1] * 5, 24, 0)], b"w")
    yield "dim_0", gguf([], [tensor("w", [4, 0], 24, 0)], b"w")
    yield "shape_wraps", gguf([], [tensor("w", [16, 2**60 + 1], 24, 0)], b"w" * 64)
    yield "bytes_wrap", gguf([], [tensor("w", [32, MAX64 // 33], 8, 0)], b"w" * 64)
    yield "sum_wraps", gguf(
        [], [tensor("a", [2**62, 2], 24, 0), tensor("b", [64], 24, MAX64 - 31)], b"w" * 64
    )
    yield "past_end", gguf([], [tensor("w", [65], 24, 0)], b"w" * 64)
    yield "overlap", gguf([], [tensor("a", [33], 24, 0), tensor("b", [1], 24, 32)], b"w" * 64)
    yield "misaligned", gguf([], [tensor("w", [1], 24, 16)], b"w" * 64)
    yield "name_twice", gguf([], [tensor("w", [1], 24, 0), tensor("w", [1], 24, 32)], b"w" * 64)
    yield "type_removed", gguf([], [tensor("w", [256], 4, 0)], b"w" * 64)
    yield "type_foreign", gguf([], [tensor("w", [256], 137, 0)], b"w" * 64)
    yield "type_unknown", gguf([], [tensor("w", [256], 9999, 0)], b"w" * 64)
    yield "version_1", gguf(version=1)
    yield "big_endian", gguf(version=0x03000000)


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "fuzz/corpus/gguf"
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {name: files(content) for name, content in [*sound(), *hostile()]}
    seeds["split_2"] = files(shard(0, 2, 2, "a"), shard(1, 2, 2, "b"))
    seeds["split_3"] = files(shard(0, 3, 3, "a"), shard(1, 3, 3, "b"), shard(2, 3, 3, "c"))
    seeds["split_missing"] = files(shard(0, 5, 5, "a"), shard(3, 5, 5, "b"))
    seeds["split_order"] = files(shard(1, 2, 2, "a"), shard(0, 2, 2, "b"))
    seeds["split_name_twice"] = files(shard(0, 2, 2, "a"), shard(1, 2, 2, "a"))
    for name, content in seeds.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
