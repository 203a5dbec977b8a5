# SPDX-License-Identifier: Apache-2.0
"""Writes what Python's jinja2 makes of our own templates, for the tests that run without Python.

    python3 tools/templates/make_goldens.py tests/fixtures/templates

Per template NAME.jinja: goldens/NAME.json, the cases as [conversation, tools, prompt, extras, text], text
null where Python raises; goldens/conversations.json, what these numbers and names stand for; and
goldens/expressions.json, sources over one set of variables as [source, text].
"""

import json
import pathlib
import random
import sys

import conversations
import differential
import jinja_oracle

N_EXPRESSIONS = 1200
N_TEMPLATES = 300
SOURCES = pathlib.Path(__file__).with_name("sources.txt")


def write(path, value):
    """One case a line, so that a change shows as one."""
    if isinstance(value, list):
        text = "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n]\n"
    else:
        text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


def golden_cases(name, source):
    names = jinja_oracle.undeclared(source)
    cases = []
    if name.startswith("constructs"):  # these hardly look at the conversation
        names = set()
    for label in list(conversations.CONVERSATIONS)[: None if names else 2]:
        for tools, prompt in ((0, True), (0, False), (2, True), (3, False)):
            if conversations.TOOLS[tools] is not None and "tools" not in names:
                continue
            if not prompt and "add_generation_prompt" not in names:
                continue
            cases.append((label, tools, prompt, {}))
    for flag in sorted(names - conversations.COMMON):
        for value in conversations.FLAG_VALUES:
            for label in ("turns", "call", "thinking", "call thinking"):
                cases.append((label, 0, True, {flag: value}))
    out = []
    for label, tools, prompt, extras in cases:
        variables = dict(
            conversations.TOKENS,
            messages=conversations.CONVERSATIONS[label],
            tools=conversations.TOOLS[tools],
            add_generation_prompt=prompt,
            **extras
        )
        ok, text = jinja_oracle.render(source, variables)
        out.append([label, tools, prompt, extras, text if ok else None])
    return out


def expression_cases():
    """sources.txt, a template a line (with \u23ce and \u240d for newlines and returns), and random
    sources with a fixed seed. Of the latter that raise only a few are kept: they test little."""
    rng = random.Random(20240726)
    grammar = differential.Grammar(rng)
    out = []
    for line in SOURCES.read_text(encoding="utf-8").split("\n")[:-1]:
        source = line.replace("\u23ce", "\n").replace("\u240d", "\r")
        ok, text = jinja_oracle.render(source, differential.VARIABLES)
        if any(odd in text for odd in differential.ODD_TEXT):
            raise SystemExit("the text depends on an address: " + source)
        out.append([source, text if ok else None])
    for statements, wanted in ((False, N_EXPRESSIONS), (True, N_TEMPLATES)):
        kept = 0
        while kept < wanted:
            source = (
                grammar.body(2)
                if statements
                else "{{ %s }}" % grammar.expr(rng.choice([1, 2, 2, 3]))
            )
            ok, text = jinja_oracle.render(source, differential.VARIABLES)
            if len(source) > 400 or (ok and len(text) > 400) or (not ok and rng.random() < 0.85):
                continue
            if (
                jinja_oracle.folds_a_slice(source)
                or any(odd in text for odd in differential.ODD_TEXT)
                or "complex" in text
                or "10**" in source
            ):
                continue
            kept += 1
            out.append([source, text if ok else None])
    return out


def main(folder):
    goldens = folder / "goldens"
    goldens.mkdir(exist_ok=True)
    write(
        goldens / "conversations.json",
        {
            "conversations": conversations.CONVERSATIONS,
            "tools": conversations.TOOLS,
            "tokens": conversations.TOKENS,
            "now": jinja_oracle.NOW,
            "variables": differential.VARIABLES,
        },
    )
    for path in sorted(folder.glob("*.jinja")):
        cases = golden_cases(path.stem, path.read_text(encoding="utf-8"))
        write(goldens / (path.stem + ".json"), cases)
        print(
            "%-28s %4d cases, %4d of them raise"
            % (path.name, len(cases), sum(case[4] is None for case in cases))
        )
    write(goldens / "expressions.json", expression_cases())
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
