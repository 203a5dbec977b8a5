#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/fixtures/rope: one tiny random model of each family, and its logits under each RoPE
scaling, as transformers computes them in float32.

FAMILY.gguf holds no scaling but for the tensor rope_freqs.weight; scaling is metadata, which the
test (src/model/rope_model_test.cc) puts into copies in memory.  FAMILY-SCALING.logits.f32 is
little-endian float32 [token][vocabulary] over the tokens of tokens.txt, one sequence from
position 0.  The head size is not width / heads in any of them.

    venv/bin/python tools/oracle/make_tiny_rope.py --out tests/fixtures/rope
"""

import argparse
import math
import pathlib

import gguf
import numpy as np
import torch
from make_tiny_families import LAYER_NAMES, interleave, rope_factors
from tiny_gguf import finish
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
VOCABULARY, TOKENS, THETA = 64, 40, 100.0
YARN = {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64}
SCALINGS = {
    "none": {"rope_type": "default"},
    "linear": {"rope_type": "linear", "factor": 4.0},
    "yarn": YARN,
    "yarn-beta": {**YARN, "beta_fast": 4.0, "beta_slow": 0.5},
    "freqs": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
}  # fmt: skip


def config(family, scaling):
    return FAMILIES[family][0](
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, max_position_embeddings=512,
        rms_norm_eps=1e-6, tie_word_embeddings=True, attention_bias=family == "qwen2",
        rope_parameters={"rope_theta": THETA, **SCALINGS[scaling]},
    )  # fmt: skip


def weights(family):
    """Random weights for transformers; norms near 1, biases not 0."""
    rng = np.random.default_rng(list(FAMILIES).index(family))
    state = {}
    for name, value in FAMILIES[family][1](config(family, "none")).state_dict().items():
        shape = tuple(value.shape)
        if name.endswith("norm.weight"):
            m = 1 + 0.2 * rng.standard_normal(shape)
        elif name.endswith(".bias"):
            m = 0.5 * rng.standard_normal(shape)
        else:
            m = rng.standard_normal(shape) * 1.5 / math.sqrt(shape[-1])
        state[name] = torch.tensor(m, dtype=torch.float32)
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    return state


def write_gguf(path, family, state):
    cfg = config(family, "freqs")
    w = gguf.GGUFWriter(path, family)
    w.add_name(f"Hearth test: RoPE of {family}")
    w.add_license("CC0-1.0")
    w.add_context_length(cfg.max_position_embeddings)
    w.add_embedding_length(cfg.hidden_size)
    w.add_block_count(cfg.num_hidden_layers)
    w.add_feed_forward_length(cfg.intermediate_size)
    w.add_head_count(cfg.num_attention_heads)
    w.add_head_count_kv(cfg.num_key_value_heads)
    w.add_layer_norm_rms_eps(cfg.rms_norm_eps)
    w.add_rope_freq_base(THETA)
    w.add_key_length(cfg.head_dim)
    w.add_value_length(cfg.head_dim)
    arrays = {k: v.numpy() for k, v in state.items()}
    w.add_tensor("token_embd.weight", arrays["model.embed_tokens.weight"])
    w.add_tensor("rope_freqs.weight", rope_factors(cfg))
    heads = {"attn_q": cfg.num_attention_heads, "attn_k": cfg.num_key_value_heads}
    for i in range(cfg.num_hidden_layers):
        for theirs, ours in LAYER_NAMES.items():
            for part in ("weight", "bias"):
                m = arrays.get(f"model.layers.{i}.{theirs}.{part}")
                if m is None:
                    continue
                if family == "llama" and ours in heads:  # GGUF's order of rotated pairs
                    m = interleave(m, heads[ours])
                w.add_tensor(f"blk.{i}.{ours}.{part}", m)
    w.add_tensor("output_norm.weight", arrays["model.norm.weight"])
    finish(w)


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--out", type=pathlib.Path, required=True, help="folder to write into")
    args = ap.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    ids = [int(i) for i in np.random.default_rng(99).integers(0, VOCABULARY, TOKENS)]
    (args.out / "tokens.txt").write_text(",".join(map(str, ids)) + "\n")
    for family in FAMILIES:
        state = weights(family)
        write_gguf(args.out / f"{family}.gguf", family, state)
        for scaling in SCALINGS:
            model = FAMILIES[family][1](config(family, scaling)).eval()
            model.load_state_dict(state)
            with torch.no_grad():
                logits = model(torch.tensor([ids])).logits[0].numpy()
            logits.astype("<f4").tofile(args.out / f"{family}-{scaling}.logits.f32")
            print(f"{family}-{scaling}: logits rms {np.sqrt(np.mean(np.square(logits))):.3f}")


if __name__ == "__main__":
    main()
