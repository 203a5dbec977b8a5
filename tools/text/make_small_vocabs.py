#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains one small vocabulary of each kind; writes each as a GGUF of metadata, with golden ids.

The ids come from the library that trained the vocabulary (RWKV's from the ten lines below), so they
are an opinion independent of our tokenizers. Files: NAME.gguf, NAME.gguf.inp (texts separated by
a line "__ggml_vocab_test__") and NAME.gguf.out (a line of ids each; nothing added, special text not
parsed).

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python3 tools/text/make_small_vocabs.py tests/fixtures/vocab
"""

import io
import json
import pathlib
import random
import struct
import sys
import tempfile

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SEPARATOR = "\n__ggml_vocab_test__\n"

# A corpus made here, so that nobody's text is copied: sentences of a toy grammar in a few scripts.
SUBJECTS = [
    "The lamp",
    "A hearth",
    "My neighbour",
    "The old engine",
    "Every token",
    "Our kettle",
    "She",
    "He",
    "Nobody",
    "The quiet room",
    "A small model",
    "The 3rd train",
]
VERBS = [
    "warms",
    "doesn't warm",
    "counts",
    "isn't",
    "remembers",
    "they've lost",
    "we'll find",
    "prints",
    "I'm told it holds",
    "you'd forget",
    "carries",
    "reads 128 of",
]
OBJECTS = [
    "the evening tea.",
    "12345 numbers!",
    "a river; its banks, its stones",
    "foo_bar(x, y);",
    "the door (left open)...",
    "naïve café façades",
    "über große Öfen",
    "2024-11-21 at 09:30",
    "приветливый дом",
    "русский язык и чай",
    "東京の朝",
    "小さな炉辺。",
    "warm rooms & cold halls",
    "emoji 😀🔥 and 👩‍🚀",
    "https://example.org/a?b=c",
    "tabs\tand  two   spaces",
]

SAMPLES = [
    "",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\n\n",
    "\n\n\n",
    " \n \n",
    "The hearth warms the evening tea.",
    " the hearth",
    "The  hearth   warms",
    "don't we'll I'M they'Ve",
    "123 4567 89012345",
    "x=1;y=22;z=333",
    "naïve café",
    "приветливый чай",
    "東京の小さな炉辺。",
    "emoji 😀🔥 👩‍🚀 done",
    "unseen: ŧ ㄅ 🜁 ỷ",
    "foo_bar(x, y); // comment\n\treturn 0;",
    "A" * 50,
    "a" * 33 + " " * 17 + "b",
    "HELLO Hello hello",
    "trailing space ",
    "line one\nline two\r\nline three\n",
    "½ ² Ⅻ １２",
    "e\u0301 vs \u00e9",
    "\u00a0nbsp\u3000wide",
    "</s> <s> <unk> [CLS] <|endoftext|>",
]


def corpus() -> list[str]:
    rng = random.Random(1)
    pick = rng.choice
    return [f"{pick(SUBJECTS)} {pick(VERBS)} {pick(OBJECTS)}" for _ in range(4000)]


class Gguf:
    """Just enough of a GGUF version 3 writer for string, number and array metadata."""

    def __init__(self) -> None:
        self.pairs: list[bytes] = []

    @staticmethod
    def text(value: str | bytes) -> bytes:
        raw = value.encode() if isinstance(value, str) else value
        return struct.pack("<Q", len(raw)) + raw

    def add(self, key: str, kind: int, payload: bytes) -> None:
        self.pairs.append(self.text(key) + struct.pack("<I", kind) + payload)

    def string(self, key: str, value: str) -> None:
        self.add(key, 8, self.text(value))

    def u32(self, key: str, value: int) -> None:
        self.add(key, 4, struct.pack("<I", value))

    def boolean(self, key: str, value: bool) -> None:
        self.add(key, 7, struct.pack("<?", value))

    def strings(self, key: str, values: list) -> None:
        self.add(key, 9, struct.pack("<IQ", 8, len(values)) + b"".join(map(self.text, values)))

    def floats(self, key: str, values: list[float]) -> None:
        self.add(key, 9, struct.pack(f"<IQ{len(values)}f", 6, len(values), *values))

    def i32s(self, key: str, values: list[int]) -> None:
        self.add(key, 9, struct.pack(f"<IQ{len(values)}i", 5, len(values), *values))

    def raw(self, key: str, value: bytes) -> None:
        self.add(key, 9, struct.pack("<IQ", 0, len(value)) + value)

    def bytes(self) -> bytes:
        return struct.pack("<IIQQ", 0x46554747, 3, 0, len(self.pairs)) + b"".join(self.pairs)


def start(model: str, pre: str | None = None) -> Gguf:
    gguf = Gguf()
    gguf.string("general.architecture", "llama")
    gguf.string("general.name", f"small {model} vocabulary")
    gguf.string("tokenizer.ggml.model", model)
    if pre:
        gguf.string("tokenizer.ggml.pre", pre)
    return gguf


def finish(folder: pathlib.Path, name: str, gguf: Gguf, encode, special_text: bool = True) -> None:
    """special_text: the library, like us, can take the text of special tokens as text."""
    path = folder / f"{name}.gguf"
    path.write_bytes(gguf.bytes())
    samples = SAMPLES if special_text else SAMPLES[:-1]
    path.with_suffix(".gguf.inp").write_bytes(SEPARATOR.join(samples).encode())
    lines = [" ".join(map(str, encode(text))) for text in samples]
    path.with_suffix(".gguf.out").write_text("\n".join(lines) + "\n")


def merges_of(tokenizer: Tokenizer) -> list[str]:
    return [" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


def in_order(tokenizer: Tokenizer) -> list[str]:
    vocab = tokenizer.get_vocab()
    return sorted(vocab, key=vocab.get)


def byte_level(folder: pathlib.Path, name: str, pre: str, splits: list, gpt2_regex: bool) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=gpt2_regex)]
    )
    tokenizer.train_from_iterator(
        corpus(),
        trainers.BpeTrainer(
            vocab_size=700,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokens = in_order(tokenizer)
    gguf = start("gpt2", pre)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>"]
    gguf.strings("tokenizer.ggml.tokens", tokens + special)
    gguf.i32s("tokenizer.ggml.token_type", [1] * len(tokens) + [3, 3, 3, 4])
    gguf.strings("tokenizer.ggml.merges", merges_of(tokenizer))
    gguf.u32("tokenizer.ggml.bos_token_id", len(tokens))
    gguf.u32("tokenizer.ggml.eos_token_id", len(tokens) + 2)
    finish(folder, name, gguf, lambda text: tokenizer.encode(text).ids)


def sentencepiece_model(kind: str, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()),
        model_writer=model,
        model_type=kind,
        byte_fallback=kind == "bpe",
        character_coverage=0.9995,
        minloglevel=2,
        **options,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def piece_type(model, i: int) -> int:
    if model.is_unknown(i):
        return 2
    if model.is_control(i):
        return 3
    if model.is_byte(i):
        return 6
    return 5 if model.is_unused(i) else 1


def with_pieces(gguf: Gguf, model) -> None:
    n = model.get_piece_size()
    gguf.strings("tokenizer.ggml.tokens", [model.id_to_piece(i) for i in range(n)])
    gguf.floats("tokenizer.ggml.scores", [model.get_score(i) for i in range(n)])
    gguf.i32s("tokenizer.ggml.token_type", [piece_type(model, i) for i in range(n)])


def spm(folder: pathlib.Path) -> None:
    model = sentencepiece_model(
        "bpe",
        vocab_size=800,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        split_digits=True,
        allow_whitespace_only_pieces=True,
    )
    gguf = start("llama")
    with_pieces(gguf, model)
    finish(folder, "spm", gguf, lambda text: model.encode(text))


def protobuf_field(message: bytes, wanted: int) -> bytes:
    """The first length-delimited field of that number."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 2:
            size = varint()
            if tag >> 3 == wanted:
                return message[at : at + size]
            at += size
        elif tag & 7 == 0:
            varint()
        else:
            at += 4 if tag & 7 == 5 else 8
    return b""


# A handful of normalisation rules: NFKC's own tables are 300 KB and exercise the same code.
RULES = {
    "\t": " ",
    "\n": " ",
    "\r": " ",
    "\u00a0": " ",
    "\u3000": " ",
    "e\u0301": "\u00e9",
    "\u00bd": "1/2",
    "\u00b2": "2",
    "\uff11": "1",
    "\uff12": "2",
    "\u2167": "VIII",
    "\u216b": "XII",
    "\u200d": "",
}


def unigram(folder: pathlib.Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        for source, target in RULES.items():
            rules.write(
                " ".join(f"{ord(c):X}" for c in source)
                + "\t"
                + " ".join(f"{ord(c):X}" for c in target)
                + "\n"
            )
        rules.flush()
        model = sentencepiece_model(
            "unigram",
            vocab_size=400,
            hard_vocab_limit=False,
            normalization_rule_tsv=rules.name,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
        )
    normalizer = protobuf_field(model.serialized_model_proto(), 3)
    gguf = start("t5")
    with_pieces(gguf, model)
    gguf.boolean("tokenizer.ggml.add_space_prefix", True)
    gguf.boolean("tokenizer.ggml.remove_extra_whitespaces", True)
    gguf.raw("tokenizer.ggml.precompiled_charsmap", protobuf_field(normalizer, 2))
    finish(folder, "unigram", gguf, lambda text: model.encode(text))


def wordpiece(folder: pathlib.Path) -> None:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=1000))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        corpus(),
        trainers.WordPieceTrainer(vocab_size=600, special_tokens=special, show_progress=False),
    )
    tokens = in_order(tokenizer)
    # Converted as llama.cpp's files are: words begin with U+2581, continuations lose their ##.
    spelled = [
        t if t in special else t[2:] if t.startswith("##") and len(t) > 2 else "\u2581" + t
        for t in tokens
    ]
    assert len(set(spelled)) == len(spelled)
    gguf = start("bert", "jina-v2-en")
    gguf.strings("tokenizer.ggml.tokens", spelled)
    gguf.i32s("tokenizer.ggml.token_type", [3 if t in special else 1 for t in tokens])
    for i, key in enumerate(["padding", "unknown", "bos", "seperator", "mask"]):
        gguf.u32(f"tokenizer.ggml.{key}_token_id", i)
    finish(folder, "wordpiece", gguf, lambda text: tokenizer.encode(text).ids, special_text=False)


def raw_bpe(folder: pathlib.Path) -> None:
    """Gemma 4's kind: merges over UTF-8 with spaces as U+2581, lines apart, bytes as <0xHH>."""
    alphabet = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[^\\n]+|[\\n]+"), "isolated")
    tokenizer.train_from_iterator(
        (f"{line}\n" for line in corpus()),
        trainers.BpeTrainer(
            vocab_size=900, special_tokens=alphabet, show_progress=False, max_token_length=12
        ),
    )
    tokens = in_order(tokenizer)
    newlines = [t for t in ["\n", "\n\n", "\n\n\n"] if t not in tokens]
    trained = Tokenizer.from_str(tokenizer.to_str())
    special = ["<bos>", "<eos>", "<unk>", "<turn|>"]
    gguf = start("gemma4")
    gguf.strings("tokenizer.ggml.tokens", tokens + newlines + special)
    types = [6] * 256 + [1] * (len(tokens) - 256 + len(newlines)) + [3, 3, 2, 3]
    gguf.i32s("tokenizer.ggml.token_type", types)
    gguf.strings("tokenizer.ggml.merges", merges_of(tokenizer))
    n = len(tokens) + len(newlines)
    for i, key in enumerate(["bos", "eos", "unknown"]):
        gguf.u32(f"tokenizer.ggml.{key}_token_id", n + i)
    ids = {token: i for i, token in enumerate(tokens + newlines)}

    def encode(text: str) -> list[int]:
        out: list[int] = []
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text.replace(" ", "\u2581")):
            if not word.strip("\n") and word in ids:
                out.append(ids[word])
            else:
                out += trained.encode(word).ids
        return out

    finish(folder, "raw_bpe", gguf, encode)


def escaped(token: bytes) -> str:
    return "".join(chr(b) if 0x20 < b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in token)


def rwkv(folder: pathlib.Path) -> None:
    words = {word.encode() for line in corpus() for word in line.split()}
    words |= {b" " + word for word in words} | {b"\n\n", b"  ", b"    ", "東京".encode()}
    tokens = (
        [b""]
        + [bytes([byte]) for byte in range(256)]
        + sorted(words - {bytes([b]) for b in range(256)})
    )
    ids = {token: i for i, token in enumerate(tokens) if i > 0}
    longest = max(map(len, tokens))

    def encode(text: str) -> list[int]:
        raw, out, at = text.encode(), [], 0
        while at < len(raw):
            n = next(
                n for n in range(longest, 0, -1) if raw[at : at + n] in ids and at + n <= len(raw)
            )
            out.append(ids[raw[at : at + n]])
            at += n
        return out

    gguf = start("rwkv")
    gguf.strings("tokenizer.ggml.tokens", ["<s>"] + [escaped(t) for t in tokens[1:]])
    gguf.i32s("tokenizer.ggml.token_type", [3] + [1] * (len(tokens) - 1))
    gguf.u32("tokenizer.ggml.eos_token_id", 0)
    finish(folder, "rwkv", gguf, encode, special_text=False)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    qwen2 = (
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
        "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    )
    byte_level(folder, "byte_bpe_gpt2", "gpt-2", [], True)
    byte_level(
        folder, "byte_bpe_smollm", "smollm", [pre_tokenizers.Digits(individual_digits=True)], True
    )
    byte_level(
        folder, "byte_bpe_qwen2", "qwen2", [pre_tokenizers.Split(Regex(qwen2), "isolated")], False
    )
    spm(folder)
    unigram(folder)
    wordpiece(folder)
    raw_bpe(folder)
    rwkv(folder)


if __name__ == "__main__":
    main()
