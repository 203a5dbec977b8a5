#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares our token ids with llama.cpp's over random texts, on files that both can open.

Each file is asked with special text parsed and not, with BOS and EOS and without. --pre-tokenizers
asks the first file once more under every pre-tokenizer's name that both know, which needs the gguf
package. Exits 1 where ids differ and says where.

    pip install gguf==0.19.0
    python3 tools/text/against_llama_cpp.py --peer llama-tokenize --hearth build/release/hearth \\
        --pre-tokenizers tests/fixtures/vocab/*.gguf
"""

import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile

# Pieces that pre-tokenizers tell apart: cases, contractions, scripts, digits of several kinds, white
# space, punctuation, emoji, marks, what other models spell special tokens with.
PIECES = [
    *"a b the The HELLO camelCase 's 'RE 'll don't x.y A1b2 http://a.b/c?d=e naïve straße".split(),
    *"é ß ſ İ Ω я ПРИВЕТ 日本 東 カタ ひら 한국 ไทย العربية \u0915\u094d\u0937 ǅ ʰ ª ﬁ e\u0301".split(),
    *"12 345 6 7890 0 ١٢٣ १२ ½ ² Ⅷ １".split(),
    *" |  |   |\n|\n\n|\r\n|\t| \n |\u00a0|\u3000|\u200b|\u200d|\u2028|\ufeff".split("|"),
    *'! ?! ... -- _ / // \\ ( ) [] {} @#$ %^&* += ~` " “” 、。 ！ ▁ \u0301 \ufffd \ue000 \U00020000'.split(),
    *"🙂 👩\u200d🚀 🏳️\u200d🌈 🇩🇪".split(),
    *"<s> </s> <unk> <mask> <bos> <|endoftext|> <|im_start|> <|im_end|> <|eot_id|> [CLS] <0x0A>".split(),
]


def random_text(rng):
    if rng.random() < 0.2:  # bytes that are no text
        return bytes(rng.choice(b"\xff\xc3\xe2\x82\xf0\x9fabc \n<") for _ in range(400))
    return "".join(rng.choice(PIECES) for _ in range(700)).encode()


def ids_of(command, text):
    out = subprocess.run(command, input=text, capture_output=True, check=False)
    if out.returncode != 0:
        return None
    return re.findall(rb"\d+", out.stdout)


def compare(options, path, label, rng):
    """How many texts were compared, and how many differ."""
    differing = compared = 0
    for special in (False, True):
        for bos in (False, True):
            peer = [options.peer, "-m", path, "--stdin", "--no-escape", "--ids", "--log-disable"]
            ours = [options.hearth, "tokenize", "-m", path]
            peer += ([] if bos else ["--no-bos"]) + ([] if special else ["--no-parse-special"])
            ours += ([] if bos else ["--no-bos"]) + ([] if special else ["--no-special"])
            for _ in range(options.texts):
                text = random_text(rng)
                theirs, mine = ids_of(peer, text), ids_of(ours, text)
                if theirs is None:
                    print(f"{label}: the peer fails")
                    return compared, differing
                # The tool asks for BOS and EOS at once, and only where the model wants BOS.
                if bos and mine is not None and len(mine) == len(theirs) + 1:
                    mine = mine[: len(theirs)]
                compared += 1
                if theirs != mine:
                    differing += 1
                    both = enumerate(zip(theirs, mine or []))
                    at = next((i for i, (a, b) in both if a != b), "the end")
                    print(f"{label}: special {special}, BOS {bos}: differs at {at}")
    return compared, differing


def pre_tokenizer_names(source):
    return re.findall(r'\.name = "([^"]+)"', source.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, help="llama.cpp's llama-tokenize")
    parser.add_argument("--hearth", default="build/release/hearth")
    parser.add_argument("--texts", type=int, default=5, help="texts for each way of asking")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pre-tokenizers", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    results = [compare(options, path, path, rng) for path in options.files]
    if options.pre_tokenizers:
        root = pathlib.Path(__file__).resolve().parents[2]
        with tempfile.TemporaryDirectory() as folder:
            renamed = str(pathlib.Path(folder) / "renamed.gguf")
            for name in pre_tokenizer_names(root / "src/text/pretokenize/registry.cc"):
                script = [sys.executable, "-m", "gguf.scripts.gguf_new_metadata", "--force"]
                subprocess.run(
                    [*script, "--pre-tokenizer", name, options.files[0], renamed],
                    check=True,
                    capture_output=True,
                )
                results.append(compare(options, renamed, name, rng))
    compared, differing = map(sum, zip(*results))
    print(f"{compared} texts compared, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
