#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fine must the int8 activation scales be?  Measures it by KL divergence.

Hearth's quantised matrix product rounds the activations of a row to int8
(symmetric, scale = amax / 127) before it multiplies.  This script runs a llama
model's forward pass in float32 over real text twice: with untouched activations
(the reference) and with the activations of every quantised linear layer
(the output head included) rounded at a chosen granularity.  It prints, for each
granularity, KL(reference || variant) over all positions and how often the most
probable token stays the same.

Because the integer dot products are exact, rounding the activations and then
multiplying in float32 is the same arithmetic up to float32 rounding, which is
five orders of magnitude below the effects shown here.  The weights are used as
gguf-py dequantises them, so the weights' own quantisation error is in both sides.

    python3 -m venv venv && venv/bin/pip install -r tools/oracle/requirements.txt
    venv/bin/python tools/oracle/kl_activation.py MODEL.gguf --out table.md

Needs numpy, gguf and tokenizers only.  The model must be of the llama
architecture without biases (SmolLM2, Llama, ...).
"""

import argparse
import pathlib
import time
from collections import Counter

import numpy as np
from reference_model import ReferenceModel, log_softmax, round_blocks
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

LICENSES = pathlib.Path("/usr/share/common-licenses")


def default_texts():
    """Four English texts that are on every Debian machine with Python 3."""
    from pydoc_data.topics import topics

    manual = "\n".join(topics[k] for k in ("exceptions", "naming", "objects", "typesseq"))
    return {
        "GPL-3": (LICENSES / "GPL-3").read_text(),
        "Apache-2.0": (LICENSES / "Apache-2.0").read_text(),
        "Python manual": manual,
        "MPL-2.0": (LICENSES / "MPL-2.0").read_text(),
    }


def tokenizer(model):
    tokens = model.field("tokenizer.ggml.tokens")
    merges = [tuple(m.split(" ")) for m in model.field("tokenizer.ggml.merges")]
    tok = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    if model.field("tokenizer.ggml.pre") != "smollm":
        print("note: pre-tokeniser is not 'smollm'; token boundaries may be unusual")
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tok.decoder = decoders.ByteLevel()
    return tok


def half_away(x):
    return np.copysign(np.floor(np.abs(x) + np.float32(0.5)), x)


def blocks(size, **kw):
    return lambda x, name: round_blocks(x, size, **kw)


def even_blocks(size):
    """ceil(K / size) blocks of equal length (576 -> 3 x 192) instead of a short tail."""

    def act(x, name):
        k = x.shape[-1]
        count = -(-k // size)
        return round_blocks(x, -(-k // count))

    return act


def mixed(default, **special):
    """Block size by tensor kind; 0 leaves the activations alone."""

    def act(x, name):
        kind = name.split(".")[-2]
        size = special.get(kind, default)
        return round_blocks(x, size) if size else x

    return act


def binary_exponents(block, sub, limit):
    """One float scale for `block` values; each `sub` of them may use it divided by
    2^e, 0 <= e <= limit, so that integer sums over the whole block stay possible."""

    def act(x, name):
        out = np.empty_like(x)
        for at in range(0, x.shape[-1], block):
            part = x[..., at : at + block]
            whole = np.abs(part).max(-1, keepdims=True)
            for i in range(0, part.shape[-1], sub):
                piece = part[..., i : i + sub]
                amax = np.abs(piece).max(-1, keepdims=True)
                with np.errstate(divide="ignore", invalid="ignore"):
                    e = np.floor(np.log2(whole / amax))
                e = np.clip(np.nan_to_num(e, nan=0.0, posinf=limit), 0, limit)
                scale = whole / np.float32(127) * np.exp2(-e).astype(np.float32)
                inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
                # A ratio that rounds up to a power of two may ask for 128: clamp.
                q = np.clip(np.rint(piece * inverse), -127, 127)
                out[..., at + i : at + i + sub] = q * scale
        return out

    return act


ROW = 1 << 30
VARIANTS = {
    "32": blocks(32),
    "32, float16 scale (as ggml Q8_0/Q8_1)": blocks(32, f16_scale=True),
    "64": blocks(64),
    "128": blocks(128),
    "256 (576 = 256+256+64)": blocks(256),
    "256, halves away from zero": blocks(256, rounding=half_away),
    "256 cut evenly (576 = 3 x 192)": even_blocks(256),
    "whole row": blocks(ROW),
    "exponents 0..7 per 32 under 256": binary_exponents(256, 32, 7),
    "exponents 0..3 per 32 under 256": binary_exponents(256, 32, 3),
    "exponents 0..7 per 32 under the row": binary_exponents(ROW, 32, 7),
    "256, but ffn_down 32": mixed(256, ffn_down=32),
    "256, but ffn_down and attn_output 32": mixed(256, ffn_down=32, attn_output=32),
    "32, but head whole row": mixed(32, token_embd=ROW, output=ROW),
    "256 in ffn_down only": mixed(0, ffn_down=256),
    "256 in attn_output only": mixed(0, attn_output=256),
    "256 in q, k, v only": mixed(0, attn_q=256, attn_k=256, attn_v=256),
    "256 in gate, up only": mixed(0, ffn_gate=256, ffn_up=256),
    "256 in the head only": mixed(0, token_embd=256, output=256),
}


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("model", help="GGUF file of the llama architecture")
    ap.add_argument("--text", action="append", help="text file to use (repeatable)")
    ap.add_argument("--tokens", type=int, default=512, help="tokens of each text (default 512)")
    ap.add_argument("--skip", type=int, default=16, help="positions at the start not counted")
    ap.add_argument("--only", action="append", help="variants whose name starts so (repeatable)")
    ap.add_argument("--out", help="also write the table to this Markdown file")
    args = ap.parse_args()

    model = ReferenceModel(args.model)
    tok = tokenizer(model)
    texts = {t: pathlib.Path(t).read_text() for t in args.text} if args.text else default_texts()
    variants = {
        k: v
        for k, v in VARIANTS.items()
        if not args.only or any(k.startswith(o) for o in args.only)
    }
    kls = {k: [] for k in variants}
    same = {k: [] for k in variants}
    lines = [
        "Tensor types: "
        + ", ".join(f"{n} x {t}" for t, n in Counter(t.name for t in model.types.values()).items()),
        "",
    ]
    bos = (
        [model.field("tokenizer.ggml.bos_token_id")]
        if model.field("tokenizer.ggml.add_bos_token")
        else []
    )
    for title, text in texts.items():
        ids = (bos + tok.encode(text).ids)[: args.tokens]
        start = time.time()
        ref = log_softmax(model.forward(ids, lambda x, name: x))
        p = np.exp(ref)
        nll = -ref[np.arange(len(ids) - 1), ids[1:]].mean()
        lines.append(f"- {title}: {len(ids)} tokens, reference perplexity {np.exp(nll):.3f}")
        for name, act in variants.items():
            got = log_softmax(model.forward(ids, act))
            kl = (p * (ref - got)).sum(-1)[args.skip :]
            kls[name].append(kl)
            same[name].append((got.argmax(-1) == ref.argmax(-1))[args.skip :])
        print(f"{title}: {time.time() - start:.0f} s", flush=True)
    lines += [
        "",
        "| activation scale block | mean KL | median KL | p99 KL | max KL | top-1 same |",
        "|---|---|---|---|---|---|",
    ]
    for name in variants:
        kl = np.concatenate(kls[name])
        agree = np.concatenate(same[name]).mean()
        lines.append(
            f"| {name} | {kl.mean():.3e} | {np.median(kl):.3e} | {np.quantile(kl, 0.99):.3e} "
            f"| {kl.max():.3e} | {100 * agree:.2f} % |"
        )
    report = "\n".join(lines) + "\n"
    print(report)
    if args.out:
        pathlib.Path(args.out).write_text(report)


if __name__ == "__main__":
    main()
