# SPDX-License-Identifier: Apache-2.0
"""What all tiny test models share: vocabularies, metadata, the token list, files with logits."""

import gguf
import numpy as np
from reference_model import PLAIN, ReferenceModel

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
    w = gguf.GGUFWriter(path, cfg.model_type)
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
    head_dim = getattr(cfg, "head_dim", None) or cfg.hidden_size // cfg.num_attention_heads
    w.add_rope_dimension_count(head_dim)
    w.add_rope_freq_base(cfg.rope_parameters["rope_theta"])
    if head_dim * cfg.num_attention_heads != cfg.hidden_size:
        w.add_key_length(head_dim)
        w.add_value_length(head_dim)
    w.add_vocab_size(VOCABULARY)
    assert vocabulary(w) == VOCABULARY
    return w


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def token_list(rng):
    ids = rng.integers(3, VOCABULARY, TOKENS)
    ids[5] = ids[4]  # an immediate repeat
    ids[15:18] = ids[2:5]  # and a repeated run
    return [int(i) for i in ids]


ROUNDED_TOKENS = 8


def save(out, name, ids, logits=None):
    model = ReferenceModel(out / f"{name}.gguf", np.float64)
    exact = model.forward(ids)
    note = ""
    if logits is None:
        logits = exact
    else:
        note = f", float64 against transformers: max difference {np.abs(exact - logits).max():.1e}"
        assert np.abs(exact - logits).max() < 1e-4
    (out / f"{name}.tokens").write_text(",".join(map(str, ids)) + "\n")
    logits.astype("<f4").tofile(out / f"{name}.logits.f32")
    if any(kind not in PLAIN for kind in model.types.values()):
        rounded = model.forward(ids, model.as_hearth_rounds)[-ROUNDED_TOKENS:]
        rounded.astype("<f4").tofile(out / f"{name}.rounded.f32")
    print(f"{name}: logits rms {np.sqrt(np.mean(np.square(logits))):.3f}{note}")
