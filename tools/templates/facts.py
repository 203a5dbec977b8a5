# SPDX-License-Identifier: Apache-2.0
"""Checks what Hearth finds out about templates (src/text/template_facts.h) against Python's jinja2.

    python3 tools/templates/facts.py FOLDER [FOLDER...] \\
        --runner build/release/src/text/hearth_template_runner [--write TABLE.json]

For every *.jinja the facts are turned into predictions about a conversation that Hearth's probes do
not have, with other names, arguments and texts; the conversation is rendered by Python, and the
predicted text must be in it (or, where a fact says no, the content must not). Ends with status 1 where
a prediction fails. --write stores the facts by template name, for the tests; read the difference.
"""

import argparse
import json
import pathlib
import sys

import jinja_oracle

USER = {"role": "user", "content": "Wetter in Bern?"}
ARGUMENTS = {"city": "Bern", "unit": "K"}
TOOL = {
    "type": "function",
    "function": {
        "name": "look_outside",
        "description": "Looks.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where"},
                "unit": {"type": "string", "description": "Which"},
            },
            "required": ["city", "unit"],
        },
    },
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
IDS = ["abcdefgh1", "abcdefgh2"]


class Python:
    def __init__(self, source):
        self.source = source

    def text(self, messages, prompt=False, **more):
        variables = dict(TOKENS, messages=messages, add_generation_prompt=prompt, **more)
        ok, text = jinja_oracle.render(self.source, variables)
        return text if ok else ""


def call(number, facts):
    arguments = ARGUMENTS if facts["takes_object_arguments"] else json.dumps(ARGUMENTS)
    function = {"name": ("look_outside", "look_again")[number], "arguments": arguments}
    return {"id": IDS[number], "type": "function", "function": function}


def filled(text, number, key):
    name = ("look_outside", "look_again")[number]
    return text.replace("{id}", IDS[number]).replace("{name}", name).replace("{key}", key)


def written_arguments(form, text, number):
    """The predicted text of a call from its name to the end of its arguments, or None if those are
    spread in a way that only Python's output can tell."""
    if form["arguments"] == "pairs":
        keys = list(ARGUMENTS)
        return (
            filled(form["name_to_arguments"], number, keys[0])
            + keys[0]
            + filled(form["key_to_value"], number, keys[0])
            + ARGUMENTS[keys[0]]
            + filled(form["value_to_key"], number, keys[0])
            + keys[1]
            + filled(form["key_to_value"], number, keys[1])
            + ARGUMENTS[keys[1]]
        )
    spellings = [json.dumps(ARGUMENTS), json.dumps(ARGUMENTS, indent=4)]
    spellings.append(json.dumps(ARGUMENTS, separators=(",", ":")))
    if form["arguments"] == "quoted json":
        spellings = [json.dumps(spelling) for spelling in spellings]
    lead = filled(form["name_to_arguments"], number, "")
    return next((lead + each for each in spellings if lead + each in text), lead + spellings[0])


def check_calls(python, facts):
    form = facts["tool_call"]
    messages = [USER, {"role": "assistant", "content": "", "tool_calls": [call(0, facts)]}]
    text = python.text(messages)
    expected = (
        filled(form["before_name"], 0, "").lstrip()
        + "look_outside"
        + written_arguments(form, text, 0)
        + filled(form["after_arguments"], 0, "unit")
    )
    yield "call", expected in text
    if not facts["takes_parallel_calls"]:
        return
    messages[1]["tool_calls"].append(call(1, facts))
    text = python.text(messages)
    # The id of the first call may stand behind its arguments, that of the second before its name.
    between = [
        form["between_calls"]
        .replace("{id}", IDS[a], 1)
        .replace("{id}", IDS[b])
        .replace("{key}", "unit")
        for a, b in ((0, 1), (1, 1))
    ]
    start = "look_outside" + written_arguments(form, text, 0)
    end = "look_again" + written_arguments(form, text, 1)
    yield "calls", any(start + each + end in text for each in between)


def check_reasoning(python, facts):
    form = facts["reasoning"]
    answer = {"role": "assistant", "content": "Regen."}
    if form["field"] == "content":
        parts = [{"type": "thinking", "thinking": "Hm, Bern."}, {"type": "text", "text": "Regen."}]
        answer["content"] = parts
    else:
        answer[form["field"]] = "Hm, Bern."
    calling = dict(answer, tool_calls=[call(0, facts)])
    calling["content"] = answer["content"] if form["field"] == "content" else ""
    result = {"role": "tool", "tool_call_id": IDS[0], "name": "look_outside", "content": "9"}
    switch = facts.get("thinking_switch", {})
    more = {switch["name"]: switch["on"]} if switch.get("on") is not None else {}
    past = python.text([USER, answer, USER], **more)
    now = [python.text([USER, answer], **more), python.text([USER, calling, result], **more)]
    now += [python.text([USER, calling, result])]
    yield "past reasoning", ("Hm, Bern." in past) == form["shown_in_past_turns"] or bool(more)
    yield "reasoning", any("Hm, Bern." in text for text in now) == form["shown_in_current_turn"]
    whole = "Hm, Bern." + form["after"]
    yield "end of reasoning", any(whole in text for text in now + [past])
    prompt = python.text([USER], prompt=True)
    start = form["before"] + "Hm, Bern."
    yield "start of reasoning", any(start in text for text in now + [past]) or prompt.endswith(
        form["before"]
    )


def check_switch(python, facts):
    switch = facts["thinking_switch"]
    if "on" not in switch:
        return
    texts = []
    for value in (switch["on"], switch["off"]):
        more = {} if value is None else {switch["name"]: value}
        texts.append(python.text([USER], prompt=True, **more))
    yield "switch", bool(texts[0]) and bool(texts[1]) and texts[0] != texts[1]


def predictions(source, facts):
    """(what, whether it came true)"""
    python = Python(source)
    system = {"role": "system", "content": "Sei knapp."}
    yield "system", ("Sei knapp." in python.text([system, USER])) == facts["takes_system"]
    yield "text", ("Wetter in Bern?" in python.text([USER])) == facts["takes_text"]
    parts = python.text([{"role": "user", "content": [{"type": "text", "text": "Und morgen?"}]}])
    understood = "Und morgen?" in parts and "'type'" not in parts and '"type"' not in parts
    yield "parts", understood == facts["takes_parts"]
    tools = python.text([USER], tools=[TOOL])
    yield "tools", ("look_outside" in tools) == facts["takes_tools"]
    prompt = python.text([USER], prompt=True)
    yield "prompt", prompt.endswith(facts["generation_prompt"])
    if facts["takes_tool_calls"]:
        yield from check_calls(python, facts)
    calling = {"role": "assistant", "content": "", "tool_calls": [call(0, facts)]}
    result = {"role": "tool", "tool_call_id": IDS[0], "name": "look_outside", "content": "9 Grad"}
    shown = "9 Grad" in python.text([USER, calling, result])
    yield "tool results", shown == facts["takes_tool_results"]
    if "reasoning" in facts:
        yield from check_reasoning(python, facts)
    if "thinking_switch" in facts:
        yield from check_switch(python, facts)


def table_entry(facts):
    entry = {
        "takes": " ".join(k[6:] for k, v in facts.items() if k.startswith("takes_") and v),
        "prompt_thinking": facts["prompt_thinking"],
    }
    for part in ("tool_call", "reasoning", "thinking_switch"):
        if part in facts:
            entry[part] = facts[part]
    return entry


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--runner", required=True, help="the program hearth_template_runner")
    parser.add_argument("--write", type=pathlib.Path, help="a file for the facts")
    options = parser.parse_args()
    hearth = jinja_oracle.Hearth(options.runner)
    table = {}
    n_failed = n_made = 0
    for path in sorted(path for folder in options.folders for path in folder.glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        facts = hearth.facts(source, TOKENS)
        table[path.stem] = table_entry(facts)
        for what, came_true in predictions(source, facts):
            n_made += 1
            n_failed += not came_true
            if not came_true:
                print("%s: the prediction about %r fails" % (path.name, what))
    print("%d templates, %d predictions, %d failed" % (len(table), n_made, n_failed))
    if options.write:
        rows = [
            "%s: %s" % (json.dumps(k), json.dumps(v, ensure_ascii=False)) for k, v in table.items()
        ]
        options.write.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    return 1 if n_failed or not table else 0


if __name__ == "__main__":
    sys.exit(main())
