#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reference of every sampler, in the plainest Python that says what each one means.

Writes the golden vectors tests/fixtures/sample/*.json that src/sample/golden_test.cc replays:

    python3 tools/sample/reference.py tests/fixtures/sample

It shares nothing with the C++ code: no partial sorts, no Z-algorithm, no incremental counts; the C
library's exp and log. Semantics follow llama.cpp (src/llama-sampler.cpp) but for three things that
both sides of this comparison define: a token at -infinity is no candidate, ties go to the likelier
and then to the lower id, and arithmetic is in double. Standard library only.
"""

import json
import math
import pathlib
import random
import struct
import sys

SCALE = 64  # logits are stored as integers / 64, so that they are exact floats
DEAD = -(10**6)  # stands for -infinity


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def best_first(cands):
    return sorted(cands, key=lambda c: (-c[1], c[0]))


def probs(cands):
    top = max(l for _, l in cands)
    w = [math.exp(l - top) for _, l in cands]
    total = math.fsum(w)
    return [x / total for x in w]


# Every sampler takes [(id, logit)], params, history, random number; and returns [(id, logit)].
def logit_bias(cands, p, history, u):
    out = dict(cands)
    for token, bias in p["logit_bias"]:
        if token in out:
            out[token] += -math.inf if bias is None else bias
    return [(i, l) for i, l in out.items() if l != -math.inf]


def penalties(cands, p, history, u):
    n = p["repeat_last_n"]
    window = history if n < 0 else history[len(history) - min(n, len(history)) :]
    out = []
    for i, l in cands:
        count = window.count(i)
        if count:
            l = l * p["repeat_penalty"] if l <= 0 else l / p["repeat_penalty"]
            l -= count * p["frequency_penalty"] + p["presence_penalty"]
        out.append((i, l))
    return out


def dry(cands, p, history, u):
    n = p["dry_penalty_last_n"]
    h = history if n < 0 else history[len(history) - min(n, len(history)) :]
    allowed = p["dry_allowed_length"]
    if len(h) <= allowed:
        return cands
    limit = len(h)
    for start in range(len(h) - 1, -1, -1):  # the nearest breaker
        fits = [b for b in p["dry_sequence_breakers"] if h[start : start + len(b)] == b]
        if fits:
            limit = len(h) - start - max(map(len, fits))
            break
    if limit < allowed:
        return cands
    longest = {}
    for end in range(1, len(h)):  # h[:end] against h: how long a common suffix
        m = 0
        while m < end and h[end - 1 - m] == h[len(h) - 1 - m]:
            m += 1
        m = min(m, limit)
        if m >= allowed:
            longest[h[end]] = max(longest.get(h[end], 0), m)
    spared = [b[0] for b in p["dry_sequence_breakers"] if len(b) == 1]
    return [
        (
            (i, l - p["dry_multiplier"] * p["dry_base"] ** (longest[i] - allowed))
            if i in longest and i not in spared
            else (i, l)
        )
        for i, l in cands
    ]


def top_n_sigma(cands, p, history, u):
    logits = [l for _, l in cands]
    mean = math.fsum(logits) / len(logits)
    sigma = math.sqrt(math.fsum((l - mean) ** 2 for l in logits) / len(logits))
    return [c for c in cands if c[1] >= max(logits) - p["top_n_sigma"] * sigma]


def top_k(cands, p, history, u):
    return best_first(cands)[: p["top_k"]] if p["top_k"] > 0 else cands


def typical_p(cands, p, history, u):
    cands = best_first(cands)
    ps = probs(cands)
    entropy = -math.fsum(x * math.log(x) for x in ps if x > 0)
    order = sorted(range(len(cands)), key=lambda i: abs(-math.log(ps[i]) - entropy))
    kept, total = [], 0.0
    for i in order:
        kept.append(cands[i])
        total += ps[i]
        if total > p["typical_p"] and len(kept) >= p["min_keep"]:
            break
    return kept


def top_p(cands, p, history, u):
    cands = best_first(cands)
    kept, total = [], 0.0
    for c, x in zip(cands, probs(cands)):
        kept.append(c)
        total += x
        if total >= p["top_p"] and len(kept) >= p["min_keep"]:
            break
    return kept


def min_p(cands, p, history, u):
    cands = best_first(cands)
    floor = cands[0][1] + (math.log(p["min_p"]) if p["min_p"] > 0 else -math.inf)
    return [c for n, c in enumerate(cands) if c[1] >= floor or n < p["min_keep"]]


def xtc(cands, p, history, u):
    if u > p["xtc_probability"] or len(cands) < 2:
        return cands
    cands = best_first(cands)
    n_top = sum(x >= p["xtc_threshold"] for x in probs(cands))
    drop = max(n_top - 1, 0)
    return cands[drop:] if len(cands) - drop >= p["min_keep"] else cands


def scaled(cands, temp):
    if temp <= 0:
        return best_first(cands)[:1]
    return [(i, l / temp) for i, l in cands]


def temperature(cands, p, history, u):
    if p["dynatemp_range"] <= 0:
        return scaled(cands, p["temp"])
    if len(cands) < 2:
        return cands
    entropy = -math.fsum(x * math.log(x) for x in probs(cands) if x > 0)
    low, high = max(0.0, p["temp"] - p["dynatemp_range"]), p["temp"] + p["dynatemp_range"]
    share = max(entropy, 0.0) / math.log(len(cands))
    return scaled(cands, low + (high - low) * share ** p["dynatemp_exponent"])


def mirostat_1(cands, p, history, u):
    cands = best_first(scaled(cands, p["temp"]))
    up = down = 0.0
    for i in range(min(len(cands), 100) - 1):
        t = math.log((i + 2) / (i + 1))
        up += t * (cands[i][1] - cands[i + 1][1])
        down += t * t
    if down == 0:
        return cands
    s = up / down
    if s == 0:  # all alike: the limit of what follows (llama.cpp casts an infinity to int here)
        return cands if 2 ** p["mu"] > p["vocab"] - 1 else cands[:1]
    k = ((s - 1) * 2 ** p["mu"] / (1 - p["vocab"] ** -(s - 1))) ** (1 / s)
    return cands[: max(int(k), 1)]


def mirostat_2(cands, p, history, u):
    cands = best_first(scaled(cands, p["temp"]))
    kept = [c for c, x in zip(cands, probs(cands)) if -math.log2(x) <= p["mu"]]
    return kept or cands[:1]


def adaptive_p(cands, p, history, u):
    if p["adaptive_target"] < 0:
        return cands
    aim = min(max(2 * p["adaptive_target"] - p["adaptive_sum"] / p["adaptive_weight"], 0.0), 1.0)
    out = []
    for (i, _), x in zip(cands, probs(cands)):
        d = abs(x - aim) / 0.3
        out.append((i, 5 - 10 * d * d / (1 + d)))
    return out


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def draws(seed, step):
    mask = 0xFFFFFFFF
    o = philox([step & mask, step >> 32, 0, 0], [seed & mask, seed >> 32])
    return [((o[0] << 32 | o[1]) >> 11) / 2**53, ((o[2] << 32 | o[3]) >> 11) / 2**53]


# What each golden file varies: parameter, choices. None of the choices sits where float rounding
# decides, except those (0, 1, equal logits) where the meaning is exact.
VARIED = {
    "logit_bias": {},
    "penalties": {
        "repeat_last_n": [0, 1, 3, 8, 64, -1],
        "repeat_penalty": [1, 1.1, 0.7, 2],
        "presence_penalty": [0, 0.5, -1],
        "frequency_penalty": [0, 0.3, -0.2],
    },
    "dry": {
        "dry_multiplier": [0.8, 1.5],
        "dry_base": [1, 1.75, 3],
        "dry_allowed_length": [0, 1, 2, 3],
        "dry_penalty_last_n": [5, 20, 64, -1],
    },
    "top_n_sigma": {"top_n_sigma": [0.3, 1.03, 2.1, 50]},
    "top_k": {"top_k": [0, 1, 2, 5, 40, 10**6]},
    "typical_p": {"typical_p": [0.01, 0.2, 0.53, 0.91, 0.999], "min_keep": [0, 0, 1, 4]},
    "top_p": {"top_p": [0, 0.1, 0.47, 0.9, 0.999], "min_keep": [0, 0, 1, 4]},
    "min_p": {"min_p": [0, 0.001, 0.051, 0.31, 1], "min_keep": [0, 0, 1, 4]},
    "xtc": {
        "xtc_probability": [0, 0.5, 1],
        "xtc_threshold": [0, 0.011, 0.1, 0.3, 0.5],
        "min_keep": [0, 0, 1, 4],
    },
    "temperature": {
        "temp": [0, 0.1, 0.8, 1, 1.7, -1],
        "dynatemp_range": [0, 0, 0.5, 2],
        "dynatemp_exponent": [1, 0.5, 2],
    },
    "mirostat_1": {"temp": [0, 0.8, 1], "mu": [0.5, 3, 10], "mirostat_tau": [5, 2]},
    "mirostat_2": {"temp": [0, 0.8, 1], "mu": [0.013, 1.37, 3.2, 10], "mirostat_tau": [5, 2]},
    "adaptive_p": {
        "adaptive_target": [-1, 0, 0.3, 0.9, 1],
        "adaptive_decay": [0, 0.5, 0.9],
        "adaptive_sum": [0, 0.4, 2.5],
        "adaptive_weight": [1, 3.1, 10],
    },
}
DEFAULTS = {
    "min_keep": 0,
    "temp": 1,
    "dynatemp_range": 0,
    "dynatemp_exponent": 1,
    "logit_bias": [],
    "dry_sequence_breakers": [],
}


def make_case(name, rng, number):
    n = [1, 2, 3, 7, 20, 40, 130][number % 7]
    shape = rng.randrange(4)
    if shape == 0:  # many ties
        logits = [rng.randrange(-3, 4) * SCALE for _ in range(n)]
    elif shape == 1:  # all alike
        logits = [rng.randrange(-3, 4) * SCALE] * n
    else:
        logits = [round(rng.gauss(0, shape * 1.5) * SCALE) for _ in range(n)]
    if n > 2 and rng.random() < 0.3:
        for i in rng.sample(range(n), n // 2):
            logits[i] = DEAD
    p = dict(DEFAULTS)
    for key, values in VARIED[name].items():
        value = rng.choice(values)
        p[key] = value if isinstance(value, int) else f32(value)
    few = max(1, min(n, rng.choice([2, 3, 6, 130])))  # small alphabets repeat more
    history = [rng.randrange(few) for _ in range(rng.choice([0, 1, 4, 30, 90]))]
    if name == "logit_bias":
        p["logit_bias"] = [
            [rng.randrange(n), rng.choice([f32(-1.3), 2, 0.5, None])]
            for _ in range(rng.randrange(4))
        ]
    if name == "dry":
        p["dry_sequence_breakers"] = [
            [rng.randrange(n) for _ in range(rng.choice([1, 1, 2, 3]))]
            for _ in range(rng.randrange(4))
        ]
    p["vocab"] = n
    u = rng.randrange(1000) / 1000
    cands = [(i, l / SCALE) for i, l in enumerate(logits) if l != DEAD]
    kept = globals()[name](cands, p, history, u)
    if not kept:
        return None
    ps = dict(zip([i for i, _ in kept], probs(kept)))
    ids = sorted(ps)
    del p["vocab"]
    return {
        "params": {k: v for k, v in p.items() if DEFAULTS.get(k) != v},
        "logits": logits,
        "history": history if name in ("penalties", "dry") else [],
        "u": u,
        "ids": ids,
        "p": [float(f"{ps[i]:.7g}") for i in ids],
    }


def main(folder):
    rng = random.Random(20240607)
    for name in VARIED:
        cases = [make_case(name, rng, number) for number in range(63)]
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases if c)
        (folder / f"{name}.json").write_text(
            f'{{"sampler":"{name}","scale":{SCALE},"dead":{DEAD},"cases":[\n{lines}\n]}}\n'
        )
    seeds = [0, 1, 7, 0xFFFFFFFE, 2**63 + 5]
    rows = [
        {"seed": s, "step": t, "draws": draws(s, t)}
        for s in seeds
        for t in [0, 1, 2, 1000, 2**32 + 3]
    ]
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    (folder / "draws.json").write_text(f'{{"rows":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
