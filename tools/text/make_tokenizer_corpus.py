#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz/tokenizer_fuzz.cc: texts for every built-in kind and tiny GGUF files.

python3 tools/text/make_tokenizer_corpus.py fuzz/corpus/tokenizer
"""

import pathlib
import struct
import sys

TEXTS = [
    "Hello, he's 1234567 don't  \n\n naïve 日本 <|im_end|>x<tool> y",
    "aaaaaaaa abab ▁▁ é\u0301 👩\u200d🚀\t\r\n",
]
N_KINDS = 14


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(pairs: dict) -> bytes:
    out = struct.pack("<IIQQ", 0x46554747, 3, 0, len(pairs))
    for key, value in pairs.items():
        out += text(key)
        if isinstance(value, str):
            out += struct.pack("<I", 8) + text(value)
        elif isinstance(value, bool):
            out += struct.pack("<I?", 7, value)
        elif isinstance(value, int):
            out += struct.pack("<II", 4, value)
        elif isinstance(value, bytes):
            out += struct.pack("<IIQ", 9, 0, len(value)) + value
        elif isinstance(value[0], str):
            out += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
        elif isinstance(value[0], float):
            out += struct.pack(f"<IIQ{len(value)}f", 9, 6, len(value), *value)
        else:
            out += struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    return out


def vocabulary(model: str, pre: str) -> bytes:
    tokens = "<unk> <s> </s> <0x0A> ▁ H e l o he ▁he Ġ Ċ <|end|>".split()
    pairs = {
        "general.architecture": "llama",
        "general.name": "phi-3",
        "tokenizer.ggml.model": model,
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [-float(i) for i in range(len(tokens))],
        "tokenizer.ggml.token_type": [2, 3, 3, 6] + [1] * 9 + [4],
        "tokenizer.ggml.merges": ["h e", "Ġ h", "l l", "Ċ Ċ"],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.add_space_prefix": True,
    }
    if model == "t5":
        units = [1 << 10, 0x41 | 1 << 8 | 2 << 10, 0x80000000]
        pairs["tokenizer.ggml.precompiled_charsmap"] = struct.pack("<I3I", 12, *units) + b"a\0"
    return gguf(pairs)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in range(N_KINDS):
        seed = bytes([0, kind, kind % 4]) + TEXTS[kind % 2].encode()
        (folder / f"text_{kind:02}").write_bytes(seed)
    for i, value in enumerate(TEXTS):
        (folder / f"cuts_{i}").write_bytes(bytes([1]) + value.encode())
    for model in ["llama", "gpt2", "gemma4", "bert", "t5", "rwkv"]:
        seed = bytes([2]) + vocabulary(model, "llama-bpe")
        (folder / f"metadata_{model}").write_bytes(seed)


if __name__ == "__main__":
    main()
