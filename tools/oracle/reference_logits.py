#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the float64 reference logits of a GGUF llama model for a list of token ids.

With --block N the input of every quantised linear layer is first rounded to int8 in
blocks of N (symmetric, amax / 127, halves to even), as an engine with integer dot products
does; its logits then agree with such an engine to float32 rounding, where without --block
they differ by the rounding of the activations (a few per cent of the logits' RMS).

    venv/bin/python tools/oracle/reference_logits.py MODEL.gguf --ids 5,17,9 --out ref.f32
    venv/bin/python tools/oracle/reference_logits.py MODEL.gguf --ids NAME.tokens --block 32 \\
        --compare engine.f32
"""

import argparse
import pathlib

import numpy as np
from kl_activation import blocks
from reference_model import ReferenceModel, log_softmax


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("model", help="GGUF file of the llama architecture")
    ap.add_argument("--ids", required=True, help="comma separated ids, or a file of them")
    ap.add_argument("--block", type=int, default=0, help="int8 activation block (0: no rounding)")
    ap.add_argument(
        "--f16-scale", action="store_true", help="round the scale to float16 (ggml's Q8_0)"
    )
    ap.add_argument("--out", help="write float32 [token][vocabulary] here")
    ap.add_argument("--compare", help="float32 logits of an engine, same layout")
    args = ap.parse_args()

    text = pathlib.Path(args.ids).read_text() if pathlib.Path(args.ids).exists() else args.ids
    ids = [int(i) for i in text.replace(",", " ").split()]
    act = blocks(args.block, f16_scale=args.f16_scale) if args.block else None
    logits = ReferenceModel(args.model, np.float64).forward(ids, act)
    if args.out:
        logits.astype("<f4").tofile(args.out)
    if args.compare:
        got = np.fromfile(args.compare, "<f4").reshape(logits.shape)
        ref, other = log_softmax(logits), log_softmax(got)
        kl = (np.exp(ref) * (ref - other)).sum(-1)
        print(f"max difference       {np.abs(got - logits).max():.3e}")
        print(
            f"relative RMS         {np.sqrt(np.mean((got - logits) ** 2) / np.mean(logits**2)):.3e}"
        )
        print(f"KL mean / max        {kl.mean():.3e} / {kl.max():.3e}")
        print(f"same most probable   {100 * (ref.argmax(-1) == other.argmax(-1)).mean():.1f} %")


if __name__ == "__main__":
    main()
