#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the reference of every sampler against llama.cpp's own samplers, on random cases.

reference.py says what each sampler means; this asks libllama.so (through ctypes, no model) to do
the same to the same candidates, and compares how many are kept and their probabilities.

    python3 tools/sample/against_llama_cpp.py LIBLLAMA.so [CASES]

Equal logits are told apart only by our own rules, so probabilities are compared as sorted lists.
Two kinds of cases are counted apart. Rounding: llama.cpp computes in float32, so among equal
probabilities top-p and typical may keep one more or less where their sum meets p, and XTC may see
a probability on the other side of its threshold. Overflow: where Mirostat 1's estimate of how many
to keep is above 2^31 (near-equal logits), llama.cpp casts it to int and keeps one. Any other
difference ends the run with status 1.
Written for llama.cpp 0c1e57098 (libllama 0.5.0).
"""

import ctypes as C
import math
import random
import sys

import reference as R


class Data(C.Structure):
    _fields_ = [("id", C.c_int32), ("logit", C.c_float), ("p", C.c_float)]


class Array(C.Structure):
    _fields_ = [
        ("data", C.POINTER(Data)),
        ("size", C.c_size_t),
        ("selected", C.c_int64),
        ("sorted", C.c_bool),
    ]


class Bias(C.Structure):
    _fields_ = [("token", C.c_int32), ("bias", C.c_float)]


F, I, U, N = C.c_float, C.c_int32, C.c_uint32, C.c_size_t


class Vector(C.Structure):
    """The three pointers of a std::vector, for llama_sampler_init_dry_testing."""

    _fields_ = [("begin", C.c_void_p), ("end", C.c_void_p), ("capacity", C.c_void_p)]

    @classmethod
    def over(cls, array):
        at = C.addressof(array)
        return cls(at, at + C.sizeof(array), at + C.sizeof(array))


class Peer:
    def __init__(self, path):
        self.lib = C.CDLL(path)
        self.silence = C.CFUNCTYPE(None, C.c_int, C.c_char_p, C.c_void_p)(lambda *_: None)
        self.lib.llama_log_set(self.silence, None)

    def make(self, name, types, *args):
        f = getattr(self.lib, name)
        f.restype, f.argtypes = C.c_void_p, types
        return f(*args)

    def dry(self, p):
        arrays = [(I * len(b))(*b) for b in p["dry_sequence_breakers"]]
        inner = (Vector * max(len(arrays), 1))(*[Vector.over(a) for a in arrays])
        outer = Vector.over(inner) if arrays else Vector(None, None, None)
        return self.make(
            "_Z30llama_sampler_init_dry_testingffiiRKSt6vectorIS_IiSaIiEESaIS1_EE",
            [F, F, I, I, C.POINTER(Vector)],
            p["dry_multiplier"], p["dry_base"], p["dry_allowed_length"],
            10**6 if p["dry_penalty_last_n"] < 0 else p["dry_penalty_last_n"], C.byref(outer),
        )  # fmt: skip

    def sampler(self, name, p, n, u):
        prefix = "llama_sampler_init_"
        keep = p["min_keep"]
        if name == "logit_bias":
            bias = [Bias(t, -math.inf if b is None else b) for t, b in p["logit_bias"]]
            array = (Bias * max(len(bias), 1))(*bias)
            return self.make(prefix + name, [I, I, C.POINTER(Bias)], n, len(bias), array)
        if name == "penalties":
            window = 10**6 if p["repeat_last_n"] < 0 else p["repeat_last_n"]
            return self.make(
                prefix + name, [I, I, F, F, F],
                n + 200, window, p["repeat_penalty"], p["frequency_penalty"], p["presence_penalty"],
            )  # fmt: skip
        if name == "dry":
            return self.dry(p)
        if name == "top_k":
            return self.make(prefix + name, [I], p["top_k"])
        if name == "top_n_sigma":
            return self.make(prefix + name, [F], p["top_n_sigma"])
        if name in ("top_p", "min_p", "typical_p"):
            short = "typical" if name == "typical_p" else name
            return self.make(prefix + short, [F, N], p[name], keep)
        if name == "xtc":  # its random number is its own, so the chance is made 0 or 1
            chance = 1.0 if u <= p["xtc_probability"] else 0.0
            return self.make(prefix + name, [F, F, N, U], chance, p["xtc_threshold"], keep, 1)
        if name == "temperature":
            return self.make(
                prefix + "temp_ext", [F, F, F],
                p["temp"], p["dynatemp_range"], p["dynatemp_exponent"],
            )  # fmt: skip
        if name == "mirostat_1":  # mu begins as twice tau
            return self.make(prefix + "mirostat", [I, U, F, F, I], n, 1, p["mu"] / 2, 0.1, 100)
        if name == "mirostat_2":
            return self.make(prefix + "mirostat_v2", [U, F, F], 1, p["mu"] / 2, 0.1)
        assert name == "adaptive_p"
        return self.make(prefix + name, [F, F, U], p["adaptive_target"], p["adaptive_decay"], 1)

    def apply(self, name, cands, p, history, u, n):
        """What llama.cpp's sampler leaves of the candidates, without those at -infinity."""
        data = (Data * len(cands))(*[Data(i, l, 0) for i, l in cands])
        array = Array(data, len(cands), -1, False)
        free, accept, apply = (
            getattr(self.lib, f"llama_sampler_{f}") for f in ("free", "accept", "apply")
        )
        free.argtypes, accept.argtypes = [C.c_void_p], [C.c_void_p, I]
        apply.argtypes = [C.c_void_p, C.POINTER(Array)]
        if name.startswith("mirostat"):
            temp = self.make("llama_sampler_init_temp", [F], p["temp"])
            apply(temp, C.byref(array))
            free(temp)
            live = [d for d in array.data[: array.size] if d.logit != -math.inf]
            data = (Data * len(live))(*live)
            array = Array(data, len(live), -1, False)
        sampler = self.sampler(name, p, n, u)
        if name in ("penalties", "dry"):
            for token in history:
                accept(sampler, token)
        apply(sampler, C.byref(array))
        kept = [(d.id, d.logit) for d in array.data[: array.size] if d.logit != -math.inf]
        free(sampler)
        return kept


def case(name, rng, number):
    """A case as reference.py makes them, with the parts that are not written to a file."""
    made = None
    while made is None:
        made = R.make_case(name, rng, number)
        number += 1
    p = {**R.DEFAULTS, **made["params"]}
    p["vocab"] = len(made["logits"])
    if name == "adaptive_p":  # llama.cpp's first step
        p["adaptive_decay"] = min(p["adaptive_decay"], 0.99)
        p["adaptive_weight"] = 1 / (1 - p["adaptive_decay"])
        p["adaptive_sum"] = p["adaptive_target"] * p["adaptive_weight"]
    cands = [(i, l / R.SCALE) for i, l in enumerate(made["logits"]) if l != R.DEAD]
    return cands, p, made["history"], made["u"]


def explained(name, cands, got, want):
    """Why another number of candidates was kept: "rounding", "overflow" or None."""
    if name == "mirostat_1" and len(got) == 1 and len(want) == len(cands):
        return "overflow"
    tied = len({l for _, l in cands}) < len(cands)
    near = abs(len(got) - len(want)) == 1 or name == "xtc"
    return "rounding" if name in ("top_p", "typical_p", "xtc") and tied and near else None


def main():
    peer, n_cases = Peer(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    failed = False
    for name in R.VARIED:
        rng = random.Random(f"{name} against llama.cpp")
        counts = {"alike": 0, "rounding": 0, "overflow": 0}
        worst = 0.0
        for number in range(n_cases):
            cands, p, history, u = case(name, rng, number)
            want = R.__dict__[name](cands, p, history, u)
            if name == "logit_bias":  # llama.cpp's row is dense when it is biased
                live = dict(cands)
                cands = [(i, live.get(i, -math.inf)) for i in range(p["vocab"])]
            got = peer.apply(name, cands, p, history, u, p["vocab"])
            verdict = explained(name, cands, got, want)
            if len(got) == len(want):
                pairs = zip(sorted(R.probs(want)), sorted(R.probs(got)))
                difference = max(abs(x - y) for x, y in pairs)
                worst = max(worst, difference)
                verdict = "alike" if difference < 1e-5 else None
            if verdict is None:
                failed = True
                print(f"{name}: kept {len(got)}, not {len(want)}, of {cands} with {p}, u = {u}")
            else:
                counts[verdict] += 1
        print(f"{name:12} {counts}, probabilities within {worst:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
