#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tiny models of every family with random weights, with their logits by transformers.

For every model NAME it writes NAME.gguf, NAME.tokens (token ids, comma separated, one
sequence from position 0) and NAME.logits.f32 (little-endian float32 [token][vocabulary],
row i = logits after token i).

tiny-llama-TYPE   a LlamaForCausalLM with random weights, written as F32 and as F16, BF16, Q8_0,
                  Q4_0, Q4_1, Q5_0, Q5_1 by gguf-py's quantisers (all matrices, embedding
                  included); untied head, byte-level BPE
tiny-llama3-TYPE  the same with llama-3 rope scaling (rope_freqs.weight), tied embeddings, a
                  head_dim that is not hidden / heads, and an SPM vocabulary; F32 and Q8_0
tiny-qwen2-TYPE   a Qwen2ForCausalLM: biases on q, k and v, untied head; F32 and Q8_0
tiny-qwen3-TYPE   a Qwen3ForCausalLM: norms on q and k, a head_dim of its own, tied; F32 and Q8_0

Logits: of the F32 models, what transformers computes in float32; of all others, a float64
forward pass over the weights as gguf-py decodes them (reference_model.py), that is, without
any rounding of activations.  The float64 pass is also checked against transformers.

    python3 -m venv venv && venv/bin/pip install -r tools/oracle/requirements.txt
    venv/bin/python tools/oracle/make_tiny_families.py --out tests/fixtures/models
"""

import argparse
import math
import pathlib

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from tiny_gguf import VOCABULARY, add_bpe, add_spm, finish, save, token_list, writer
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

FILE_TYPE = {
    "F32": gguf.LlamaFileType.ALL_F32,
    "F16": gguf.LlamaFileType.MOSTLY_F16,
    "BF16": gguf.LlamaFileType.MOSTLY_BF16,
    "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
    "Q4_1": gguf.LlamaFileType.MOSTLY_Q4_1,
    "Q5_0": gguf.LlamaFileType.MOSTLY_Q5_0,
    "Q5_1": gguf.LlamaFileType.MOSTLY_Q5_1,
}


def interleave(m, heads):
    """Rows of q and k from 'two halves' to 'interleaved pairs' rotary order."""
    rows, columns = m.shape
    half = rows // heads // 2
    return np.ascontiguousarray(
        m.reshape(heads, 2, half, columns).swapaxes(1, 2).reshape(rows, columns)
    )


def rope_factors(cfg):
    """The llama-3 frequency divisors, or None."""
    p = cfg.rope_parameters
    if p["rope_type"] != "llama3":
        return None
    low = p["original_max_position_embeddings"] / p["low_freq_factor"]
    high = p["original_max_position_embeddings"] / p["high_freq_factor"]
    out = []
    for i in range(0, cfg.head_dim, 2):
        wave = 2 * math.pi * p["rope_theta"] ** (i / cfg.head_dim)
        if wave < high:
            out.append(1.0)
        elif wave > low:
            out.append(p["factor"])
        else:
            part = (low / wave - 1) / (low / high - 1)
            out.append(1 / ((1 - part) / p["factor"] + part))
    return np.array(out, np.float32)


LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def tensors(model):
    """GGUF name -> float32 array of a transformers model."""
    cfg = model.config
    sd = {k: v.detach().to(torch.float32).numpy() for k, v in model.state_dict().items()}
    out = {"token_embd.weight": sd["model.embed_tokens.weight"]}
    if (factors := rope_factors(cfg)) is not None:
        out["rope_freqs.weight"] = factors
    heads = {"attn_q": cfg.num_attention_heads, "attn_k": cfg.num_key_value_heads}
    for i in range(cfg.num_hidden_layers):
        for theirs, ours in LAYER_NAMES.items():
            for part in ("weight", "bias"):
                m = sd.get(f"model.layers.{i}.{theirs}.{part}")
                if m is None:
                    continue
                if cfg.model_type == "llama" and ours in heads:
                    m = interleave(m, heads[ours])
                out[f"blk.{i}.{ours}.{part}"] = m
    out["output_norm.weight"] = sd["model.norm.weight"]
    if not cfg.tie_word_embeddings:
        out["output.weight"] = sd["lm_head.weight"]
    return out


# --- models ------------------------------------------------------------------------------


def random_model(seed, config=LlamaConfig, model=LlamaForCausalLM, **settings):
    """A model whose logits and attention are far from uniform."""
    cfg = config(
        vocab_size=VOCABULARY,
        max_position_embeddings=512,
        rms_norm_eps=1e-5,
        attn_implementation="eager",
        **settings,
    )
    model = model(cfg).eval()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if name.endswith("bias"):
                value = 0.5 * rng.standard_normal(p.shape)
            elif p.dim() == 1:
                value = 1 + 0.2 * rng.standard_normal(p.shape)
            else:
                gain = 1.5 if "q_proj" in name or "k_proj" in name else 1.0
                value = gain * rng.standard_normal(p.shape) / math.sqrt(p.shape[1])
                if "embed_tokens" in name or "lm_head" in name:
                    value *= 2
            p.copy_(torch.from_numpy(value.astype(np.float32)))
    return model


def write_transformers_family(out, name, model, vocabulary, types, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].numpy()
    arrays = tensors(model)
    for kind in types:
        path = out / f"{name}-{kind.lower()}.gguf"
        w = writer(path, model.config, f"Hearth test: {name} {kind}", FILE_TYPE[kind], vocabulary)
        for key, m in arrays.items():
            if m.ndim == 1 or kind == "F32":
                w.add_tensor(key, m)
            else:
                w.add_tensor(key, gguf.quants.quantize(m, T[kind]), raw_dtype=T[kind])
        finish(w)
        save(out, path.stem, ids, logits if kind == "F32" else None)


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--out", type=pathlib.Path, required=True, help="folder to write into")
    args = ap.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    ids = token_list(rng)

    plain = random_model(
        11, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    kinds = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1")
    write_transformers_family(args.out, "tiny-llama", plain, add_bpe, kinds, ids)

    scaled = random_model(
        12, hidden_size=64, intermediate_size=96, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=1, head_dim=32, tie_word_embeddings=True,
        rope_parameters={
            "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
        },
    )  # fmt: skip
    write_transformers_family(args.out, "tiny-llama3", scaled, add_spm, ("F32", "Q8_0"), ids)

    qwen2 = random_model(
        13, Qwen2Config, Qwen2ForCausalLM, hidden_size=64, intermediate_size=96,
        num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2,
        tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    )  # fmt: skip
    write_transformers_family(args.out, "tiny-qwen2", qwen2, add_bpe, ("F32", "Q8_0"), ids)

    qwen3 = random_model(
        14, Qwen3Config, Qwen3ForCausalLM, hidden_size=64, intermediate_size=96,
        num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    )  # fmt: skip
    write_transformers_family(args.out, "tiny-qwen3", qwen3, add_bpe, ("F32", "Q8_0"), ids)


if __name__ == "__main__":
    main()
