# SPDX-License-Identifier: Apache-2.0
"""A forward pass in numpy over the weights of a GGUF file: llama, qwen2 and qwen3.

Weights are used as gguf-py dequantises them, in the floating type that is asked
for; a hook sees (and may change) the input of every quantised linear layer.  Used
by the other scripts here; it is written for clarity and for short inputs.
"""

import gguf
import numpy as np
from weight_types import dequantize

PLAIN = (
    gguf.GGMLQuantizationType.F32,
    gguf.GGMLQuantizationType.F16,
    gguf.GGMLQuantizationType.BF16,
)


def log_softmax(x):
    x = x.astype(np.float64)
    x -= x.max(-1, keepdims=True)
    x -= np.log(np.exp(x).sum(-1, keepdims=True))
    return x


def round_blocks(x, block, rounding=np.rint, f16_scale=False):
    """Round rows to int8 in blocks of `block` from the start of the row; the last
    block may be shorter.  Returns the values that the int8 numbers stand for."""
    out = np.empty_like(x)
    for at in range(0, x.shape[-1], block):
        part = x[..., at : at + block]
        scale = np.abs(part).max(-1, keepdims=True) / np.float32(127)
        inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
        if f16_scale:
            scale = scale.astype(np.float16).astype(np.float32)
        out[..., at : at + block] = rounding(part * inverse) * scale
    return out


class ReferenceModel:
    def __init__(self, path, dtype=np.float32):
        self.dtype = dtype
        self.reader = gguf.GGUFReader(path)
        self.types = {t.name: t.tensor_type for t in self.reader.tensors}
        self.w = {
            t.name: np.ascontiguousarray(dequantize(t.data, t.tensor_type)).astype(dtype)
            for t in self.reader.tensors
        }
        arch = self.field("general.architecture")
        if arch not in ("llama", "qwen2", "qwen3"):
            raise SystemExit(f"architecture {arch!r}: only llama, qwen2 and qwen3 are supported")
        self.interleaved = arch == "llama"  # which values RoPE rotates together
        self.layers = self.field(arch + ".block_count")
        self.heads = self.field(arch + ".attention.head_count")
        self.kv_heads = self.field(arch + ".attention.head_count_kv")
        self.eps = self.field(arch + ".attention.layer_norm_rms_epsilon")
        self.head_dim = self.w["blk.0.attn_q.weight"].shape[0] // self.heads
        rope = self.field(arch + ".rope.dimension_count") or self.head_dim
        base = self.field(arch + ".rope.freq_base") or 10000.0
        self.freq = base ** (-np.arange(0, rope, 2, dtype=np.float64) / rope)
        if "rope_freqs.weight" in self.w:
            self.freq = self.freq / self.w["rope_freqs.weight"]
        self.head = "output.weight" if "output.weight" in self.w else "token_embd.weight"

    def field(self, name):
        f = self.reader.get_field(name)
        return f.contents() if f else None

    def linear(self, x, name, act):
        """x . w^T; the activations pass through act if the weight is quantised."""
        if act is not None and self.types[name] not in PLAIN:
            x = act(x, name)
        return x @ self.w[name].T

    def as_hearth_rounds(self, x, name):
        """The int8 rounding of activations that Hearth defines (docs/decisions/0002-numbers.md)."""
        elems, _ = gguf.GGML_QUANT_SIZES[self.types[name]]
        return round_blocks(x, 256 if elems == 256 else 32)

    def norm(self, x, name):
        ms = np.mean(np.square(x, dtype=np.float64), axis=-1, keepdims=True)
        return (x / np.sqrt(ms + self.eps)).astype(self.dtype) * self.w[name]

    def rotate(self, x):
        """Rotary embedding: on neighbours (GGUF llama files store q and k so), or on halves."""
        angle = np.arange(x.shape[0])[:, None] * self.freq[None, :]
        c = np.cos(angle).astype(self.dtype)[:, None, :]
        s = np.sin(angle).astype(self.dtype)[:, None, :]
        n = 2 * self.freq.size
        a, b = np.s_[..., 0:n:2], np.s_[..., 1:n:2]
        if not self.interleaved:
            a, b = np.s_[..., 0 : n // 2], np.s_[..., n // 2 : n]
        out = x.copy()
        out[a] = x[a] * c - x[b] * s
        out[b] = x[a] * s + x[b] * c
        return out

    def heads_of(self, x, name, heads, act):
        """Queries, keys or values [token][head][dim], with their bias and norm if there are any."""
        y = self.linear(x, name + ".weight", act)
        if name + ".bias" in self.w:
            y = y + self.w[name + ".bias"]
        y = y.reshape(len(x), heads, self.head_dim)
        norm = name + "_norm.weight"
        return self.norm(y, norm) if norm in self.w else y

    def forward(self, ids, act=None):
        """Logits [len(ids), vocabulary] of a sequence that starts at position 0."""
        n, d = len(ids), self.head_dim
        mask = np.triu(np.full((n, n), -np.inf, self.dtype), 1)
        h = self.w["token_embd.weight"][ids]
        for layer in range(self.layers):
            p = f"blk.{layer}."
            x = self.norm(h, p + "attn_norm.weight")
            q = self.rotate(self.heads_of(x, p + "attn_q", self.heads, act))
            k = self.rotate(self.heads_of(x, p + "attn_k", self.kv_heads, act))
            v = self.heads_of(x, p + "attn_v", self.kv_heads, act)
            mixed = np.empty((n, self.heads, d), self.dtype)
            for i in range(self.heads):
                j = i * self.kv_heads // self.heads
                s = q[:, i] @ k[:, j].T * self.dtype(d**-0.5) + mask
                s = np.exp(s - s.max(-1, keepdims=True))
                mixed[:, i] = (s / s.sum(-1, keepdims=True)) @ v[:, j]
            h = h + self.linear(mixed.reshape(n, -1), p + "attn_output.weight", act)
            x = self.norm(h, p + "ffn_norm.weight")
            gate = self.linear(x, p + "ffn_gate.weight", act)
            up = self.linear(x, p + "ffn_up.weight", act)
            x = gate / (1 + np.exp(-gate)) * up
            h = h + self.linear(x, p + "ffn_down.weight", act)
        return self.linear(self.norm(h, "output_norm.weight"), self.head, act)
