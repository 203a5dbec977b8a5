#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tiny llama models whose weights are random blocks of each quantised type.

gguf-py decodes these types but quantises few of them, so the blocks are random bytes with scales
that give the weights a sane variance (of either sign).  tiny-blocks-TYPE has the embedding in that
type, tied to be the output as well, and q, v and down: so each type is looked up and multiplied.
The other matrices are TQ2_0, to keep the files small.  Types of blocks of 32 that
make_tiny_families.py writes are left out.

Files as make_tiny_families.py has them; the logits are a float64 pass over the weights as gguf-py
decodes them (Q1_0 and Q2_0: weight_types.py), without any rounding of activations.

    venv/bin/python tools/oracle/make_tiny_types.py --out tests/fixtures/models

Needs numpy and gguf only.
"""

import argparse
import math
import pathlib
from types import SimpleNamespace

import numpy as np
from gguf import GGMLQuantizationType as T
from tiny_gguf import VOCABULARY, add_bpe, finish, save, token_list, writer
from weight_types import BLOCK_TYPES, random_blocks

ELSEWHERE = (T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0)


def write_blocks(out, name, seed, cfg, kinds, ids):
    rng = np.random.default_rng(seed)
    path = out / f"{name}.gguf"
    w = writer(path, cfg, f"Hearth test: {name}", 0, add_bpe)
    n, f = cfg.hidden_size, cfg.intermediate_size
    q, kv = cfg.num_attention_heads * cfg.head_dim, cfg.num_key_value_heads * cfg.head_dim

    def matrix(key, rows, columns, gain=1.0):
        kind = kinds.get(key.split(".")[-2], kinds["*"])
        std = gain / math.sqrt(columns)
        w.add_tensor(key, random_blocks(rng, kind, rows, columns, std), raw_dtype=kind)

    def norm(key):
        w.add_tensor(key, (1 + 0.2 * rng.standard_normal(n)).astype(np.float32))

    matrix("token_embd.weight", VOCABULARY, n, 2.0)
    for i in range(cfg.num_hidden_layers):
        p = f"blk.{i}."
        norm(p + "attn_norm.weight")
        matrix(p + "attn_q.weight", q, n, 1.5)
        matrix(p + "attn_k.weight", kv, n, 1.5)
        matrix(p + "attn_v.weight", kv, n)
        matrix(p + "attn_output.weight", n, q)
        norm(p + "ffn_norm.weight")
        matrix(p + "ffn_gate.weight", f, n)
        matrix(p + "ffn_up.weight", f, n)
        matrix(p + "ffn_down.weight", n, f)
    norm("output_norm.weight")
    finish(w)
    save(out, name, ids)


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--out", type=pathlib.Path, required=True, help="folder to write into")
    args = ap.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    ids = token_list(np.random.default_rng(1))
    cfg = SimpleNamespace(
        model_type="llama", hidden_size=256, intermediate_size=256, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=1, head_dim=64, max_position_embeddings=512,
        rms_norm_eps=1e-5, rope_parameters={"rope_theta": 10000.0},
    )  # fmt: skip
    for kind in BLOCK_TYPES:
        if kind not in ELSEWHERE:
            name = f"tiny-blocks-{kind.name.lower()}"
            kinds = {"token_embd": kind, "attn_q": kind, "attn_v": kind, "ffn_down": kind}
            write_blocks(args.out, name, 100 + kind, cfg, {"*": T.TQ2_0} | kinds, ids)


if __name__ == "__main__":
    main()
