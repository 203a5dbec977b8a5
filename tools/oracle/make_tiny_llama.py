#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tiny random llama models of tests/fixtures/models, with their logits.

For every model NAME it writes NAME.gguf, NAME.tokens (token ids, comma separated, one
sequence from position 0) and NAME.logits.f32 (little-endian float32 [token][vocabulary],
row i = logits after token i).  Three families:

tiny-llama-TYPE   a transformers LlamaForCausalLM with random weights, written as F32 and as
                  F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 by gguf-py's quantisers (all matrices,
                  embedding included); untied head, byte-level BPE
tiny-llama3-TYPE  the same with llama-3 rope scaling (rope_freqs.weight), tied embeddings, a
                  head_dim that is not hidden / heads, and an SPM vocabulary; F32 and Q8_0
tiny-blocks-SET   random bytes as quantised blocks with sane scales, for types that gguf-py
                  decodes but cannot produce: Q4_K, Q6_K and two files of mixed types

Logits: of the two f32 models, what transformers computes in float32; of all others, a
float64 forward pass over the weights as gguf-py decodes them (llama_reference.py), that is,
without any rounding of activations.  The float64 pass is also checked against transformers.

    python3 -m venv venv && venv/bin/pip install -r tools/oracle/requirements.txt
    venv/bin/python tools/oracle/make_tiny_llama.py --out tests/fixtures/models
"""

import argparse
import math
import pathlib

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from llama_reference import Llama
from transformers import LlamaConfig, LlamaForCausalLM

TOKENS = 20
CHATML = (
    "{% for message in messages %}{{ '<|start|>' + message['role'] + '\n' + message['content'] + "
    "'<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"
)


# --- vocabularies ------------------------------------------------------------------------


def byte_letters():
    """The byte -> printable letter table of byte-level BPE (GPT-2)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters, extra = {}, 0
    for b in range(256):
        if b in plain:
            letters[b] = chr(b)
        else:
            letters[b] = chr(256 + extra)
            extra += 1
    return letters


def add_bpe(w):
    """256 bytes, 28 merges, 4 control tokens = 288."""
    space = byte_letters()[32]
    merges = [
        (space, "t"), ("h", "e"), (space, "a"), ("i", "n"), ("r", "e"), ("o", "n"), (space + "t", "he"),
        ("e", "r"), (space, "s"), ("a", "t"), (space, "w"), ("o", "u"), ("n", "d"), (space, "c"),
        ("i", "s"), ("i", "t"), ("e", "n"), ("l", "l"), ("in", "g"), (space + "a", "nd"), (space, "o"),
        ("o", "r"), ("e", "s"), (space, "m"), (space, "f"), ("a", "n"), ("e", "d"), (space + "o", "f"),
    ]  # fmt: skip
    tokens = list(byte_letters().values()) + [a + b for a, b in merges]
    types = [gguf.TokenType.NORMAL] * len(tokens)
    for special in ("<|bos|>", "<|eos|>", "<|start|>", "<|end|>"):
        tokens.append(special)
        types.append(gguf.TokenType.CONTROL)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges([f"{a} {b}" for a, b in merges])
    w.add_bos_token_id(284)
    w.add_eos_token_id(285)
    w.add_eot_token_id(287)
    w.add_add_bos_token(False)
    w.add_chat_template(CHATML)
    return len(tokens)


def add_spm(w):
    """3 control tokens, 256 byte tokens, 29 pieces = 288."""
    pieces = ["▁", *"etaoinshrdlucm", "▁t", "he", "▁the", "in", "▁a", "nd", "▁and", "er", "on", "re", "is",
              "it", "en", "ou"]  # fmt: skip
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + pieces
    types = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2
    types += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * len(pieces)
    # Longer pieces score higher, then the earlier ones: the order in which SPM joins them.
    scores = [0.0] * 259 + [-1000.0 - i if len(p) == 1 else -float(i) for i, p in enumerate(pieces)]
    w.add_tokenizer_model("llama")
    w.add_tokenizer_pre("default")
    w.add_token_list(tokens)
    w.add_token_scores(scores)
    w.add_token_types(types)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_unk_token_id(0)
    w.add_add_bos_token(True)
    w.add_add_eos_token(False)
    w.add_add_space_prefix(True)
    w.add_chat_template(
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}"
        "{{ message['content'] + eos_token }}{% endif %}{% endfor %}"
    )
    return len(tokens)


VOCABULARY = 288


# --- GGUF --------------------------------------------------------------------------------


def writer(path, cfg, title, file_type, vocabulary):
    w = gguf.GGUFWriter(path, "llama")
    w.add_name(title)
    w.add_license("CC0-1.0")
    w.add_file_type(file_type)
    w.add_quantization_version(2)
    w.add_context_length(cfg.max_position_embeddings)
    w.add_embedding_length(cfg.hidden_size)
    w.add_block_count(cfg.num_hidden_layers)
    w.add_feed_forward_length(cfg.intermediate_size)
    w.add_head_count(cfg.num_attention_heads)
    w.add_head_count_kv(cfg.num_key_value_heads)
    w.add_layer_norm_rms_eps(cfg.rms_norm_eps)
    w.add_rope_dimension_count(cfg.head_dim)
    w.add_rope_freq_base(cfg.rope_parameters["rope_theta"])
    if cfg.head_dim * cfg.num_attention_heads != cfg.hidden_size:
        w.add_key_length(cfg.head_dim)
        w.add_value_length(cfg.head_dim)
    w.add_vocab_size(VOCABULARY)
    assert vocabulary(w) == VOCABULARY
    return w


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


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
    for i in range(cfg.num_hidden_layers):
        for theirs, ours in LAYER_NAMES.items():
            m = sd[f"model.layers.{i}.{theirs}.weight"]
            if ours == "attn_q":
                m = interleave(m, cfg.num_attention_heads)
            elif ours == "attn_k":
                m = interleave(m, cfg.num_key_value_heads)
            out[f"blk.{i}.{ours}.weight"] = m
    out["output_norm.weight"] = sd["model.norm.weight"]
    if not cfg.tie_word_embeddings:
        out["output.weight"] = sd["lm_head.weight"]
    return out


# --- models ------------------------------------------------------------------------------


def random_model(seed, **settings):
    """A LlamaForCausalLM whose logits and attention are far from uniform."""
    cfg = LlamaConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=512,
        rms_norm_eps=1e-5,
        attn_implementation="eager",
        **settings,
    )
    model = LlamaForCausalLM(cfg).eval()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if p.dim() == 1:
                value = 1 + 0.2 * rng.standard_normal(p.shape)
            else:
                gain = 1.5 if "q_proj" in name or "k_proj" in name else 1.0
                value = gain * rng.standard_normal(p.shape) / math.sqrt(p.shape[1])
                if "embed_tokens" in name or "lm_head" in name:
                    value *= 2
            p.copy_(torch.from_numpy(value.astype(np.float32)))
    return model


def token_list(rng):
    ids = rng.integers(3, VOCABULARY, TOKENS)
    ids[5] = ids[4]  # an immediate repeat
    ids[15:18] = ids[2:5]  # and a repeated run
    return [int(i) for i in ids]


FILE_TYPE = {
    "F32": gguf.LlamaFileType.ALL_F32,
    "F16": gguf.LlamaFileType.MOSTLY_F16,
    "BF16": gguf.LlamaFileType.MOSTLY_BF16,
    "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
    "Q4_1": gguf.LlamaFileType.MOSTLY_Q4_1,
    "Q5_0": gguf.LlamaFileType.MOSTLY_Q5_0,
    "Q5_1": gguf.LlamaFileType.MOSTLY_Q5_1,
    "Q4_K": gguf.LlamaFileType.MOSTLY_Q4_K_M,
    "Q6_K": gguf.LlamaFileType.MOSTLY_Q6_K,
}


def save(out, name, ids, logits=None):
    exact = Llama(out / f"{name}.gguf", np.float64).forward(ids)
    note = ""
    if logits is None:
        logits = exact
    else:
        note = f", float64 against transformers: max difference {np.abs(exact - logits).max():.1e}"
        assert np.abs(exact - logits).max() < 1e-4
    (out / f"{name}.tokens").write_text(",".join(map(str, ids)) + "\n")
    logits.astype("<f4").tofile(out / f"{name}.logits.f32")
    print(f"{name}: logits rms {np.sqrt(np.mean(np.square(logits))):.3f}{note}")


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


# Byte offsets of the float16 scale(s) in a block; the second is a minimum's scale.
HALVES = {
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
}
# For types with minima: the mean quant times d is taken off by dmin.
MEAN_QUANT = {T.Q2_K: 1.5, T.Q4_K: 7.5, T.Q5_K: 15.5}


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
    jitter = rng.uniform(0.5, 1.5, n)

    def put(scale):
        for at, mean in zip(HALVES[kind], (1.0, MEAN_QUANT.get(kind, 0.0))):
            half = (scale * mean * jitter).astype(np.float16)
            raw[:, at : at + 2] = half.view(np.uint8).reshape(n, 2)

    put(1 / 64)
    unit = gguf.quants.dequantize(raw.reshape(rows, -1), kind).astype(np.float64).std() * 64
    put(std / unit)
    return raw.reshape(rows, -1)


def write_blocks(out, name, seed, cfg, kinds, file_type, tied, ids):
    rng = np.random.default_rng(seed)
    path = out / f"{name}.gguf"
    w = writer(path, cfg, f"Hearth test: {name}", file_type, add_bpe)
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
    if not tied:
        matrix("output.weight", VOCABULARY, n, 2.0)
    finish(w)
    save(out, name, ids)


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

    cfg = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=256, intermediate_size=256, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=1, head_dim=64, max_position_embeddings=512,
        rms_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    mostly = gguf.LlamaFileType
    write_blocks(
        args.out, "tiny-blocks-q4_k", 21, cfg, {"*": T.Q4_K}, mostly.MOSTLY_Q4_K_S, True, ids
    )
    write_blocks(
        args.out, "tiny-blocks-q6_k", 22, cfg, {"*": T.Q6_K}, mostly.MOSTLY_Q6_K, True, ids
    )
    mix = {
        "*": T.Q5_K, "token_embd": T.IQ4_NL, "attn_q": T.Q2_K, "attn_k": T.Q3_K, "attn_v": T.Q6_K,
        "attn_output": T.IQ4_XS, "ffn_gate": T.MXFP4, "ffn_up": T.Q3_K, "ffn_down": T.Q5_K,
        "output": T.Q6_K,
    }  # fmt: skip
    write_blocks(args.out, "tiny-blocks-mix", 23, cfg, mix, mostly.MOSTLY_Q5_K_M, False, ids)
    low = {
        "*": T.TQ2_0, "token_embd": T.IQ3_S, "attn_q": T.IQ2_XXS, "attn_k": T.IQ2_XS,
        "attn_v": T.IQ3_XXS, "attn_output": T.IQ2_S, "ffn_gate": T.IQ1_S, "ffn_up": T.TQ1_0,
        "ffn_down": T.TQ2_0,
    }  # fmt: skip
    write_blocks(args.out, "tiny-blocks-low", 24, cfg, low, mostly.MOSTLY_IQ2_M, True, ids)


if __name__ == "__main__":
    main()
