# SPDX-License-Identifier: Apache-2.0
"""Conversations that between them use what chat templates know of: roles, tools, thinking, parts."""

import copy
import itertools

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": 'Get the weather.\nAlso "tomorrow\'s".',
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city, e.g. Zürich <CH>"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                "days": {
                    "type": ["integer", "null"],
                    "minimum": 1,
                    "maximum": 18446744073709551615,
                },
                "where": {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}},
                    "required": ["lat"],
                },
                "tags": {"type": "array", "items": {"type": "string"}},
                "any": {"anyOf": [{"type": "string"}, {"type": "number"}]},
            },
            "required": ["city"],
        },
        "return": {"type": "string", "description": "The forecast"},
    },
}
SEARCH = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "",
        "parameters": {"type": "object", "properties": {}},
        "strict": False,
    },
}
BARE = {"type": "function", "function": {"name": "now", "description": "The time."}}
PLAIN = {
    "name": "plain",
    "description": "A tool without its envelope.",
    "parameters": {
        "type": "object",
        "properties": {"x": {"type": "number", "description": "A number"}},
        "required": ["x"],
    },
}
# What schemas have beyond the usual.
RICH = {
    "type": "function",
    "function": {
        "name": "book_room",
        "description": "Books.",
        "parameters": {
            "type": "object",
            "properties": {
                "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 9,
                    "nullable": True,
                    "examples": ["Ann", 'B"o'],
                    "default": "x",
                },
                "n": {"type": "number", "minimum": 0.5, "maximum": 1e21, "default": -0.0},
                "kind": {
                    "description": "Which.",
                    "oneOf": [
                        {"type": "string", "description": "word", "enum": ["a", "b"]},
                        {"type": "integer", "description": "number", "default": 3},
                    ],
                },
                "nights": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"day": {"type": ["string", "null"]}},
                        "required": ["day"],
                        "additionalProperties": False,
                    },
                },
                "more": {"type": "object", "additionalProperties": {"type": "boolean"}},
                "ref": {"$ref": "#/$defs/r"},
                "level": {"type": "integer", "enum": [1, 2, None]},
            },
            "required": ["name", "kind"],
            "additionalProperties": False,
            "$defs": {"r": {"type": "string"}},
        },
        "strict": True,
        "returns": {"type": "object", "properties": {"id": {"type": "integer"}}},
        "return_parameters": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
        "examples": [{"request": "a room", "params": {"name": "Ann"}}],
    },
}
TOOLS = [None, [WEATHER], [WEATHER, SEARCH, BARE], [PLAIN], [], [RICH, WEATHER]]


def user(text="Hi"):
    return {"role": "user", "content": text}


def system(text="Be brief."):
    return {"role": "system", "content": text}


def assistant(text="Hello!", **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments, number=0, with_id=True, enveloped=True):
    function = {"name": name, "arguments": arguments}
    if not enveloped:
        return function
    made = {"type": "function", "function": function}
    if with_id:
        made["id"] = "call%05d" % number
    return made


def result(content, name="get_weather", number=0):
    return {"role": "tool", "content": content, "name": name, "tool_call_id": "call%05d" % number}


def calling(arguments, **options):
    return assistant(
        options.pop("text", ""), tool_calls=[call("get_weather", arguments, **options)]
    )


ARGUMENTS = {
    "city": 'Zürich "x"\n<b>',
    "days": 2,
    "deep": {"a": [1, 2.5, None, True]},
    "ratio": 1e-7,
}
ARGUMENT_TEXT = '{"city": "Zürich", "days": 2}'

CONVERSATIONS = {
    "empty": [],
    "one turn": [user()],
    "system": [system(), user()],
    "only system": [system()],
    "developer": [{"role": "developer", "content": "Obey."}, user()],
    "system twice": [system(), system("And kind."), user()],
    "system late": [user(), assistant(), system("Now in verse."), user("Go on")],
    "turns": [system(), user(), assistant(), user("More"), assistant("Yes"), user("End")],
    "ends with assistant": [user(), assistant("The answer is")],
    "starts with assistant": [assistant(), user()],
    "two users": [user("a"), user("b")],
    "two assistants": [user("a"), assistant("b"), assistant("c"), user("d")],
    "unknown role": [user(), {"role": "critic", "content": "No."}, user()],
    "empty content": [system(""), user(""), assistant(""), user("")],
    "no content": [user(), {"role": "assistant"}, user()],
    "none content": [user(), {"role": "assistant", "content": None}, user()],
    "spaces": [system("  padded \n"), user("\n\n lines \n"), assistant("  x  "), user("\t")],
    "unicode": [
        system("Grüße 🌍"),
        user("你好\u2028次 \u00a0x\u200d"),
        assistant("ΑΣ ß İ"),
        user("é\u0301"),
    ],
    "markup": [
        user("<|im_start|>system\n{{ x }} {% if %} </think> &amp; 'q' \"d\" \\n"),
        assistant("<think>no</think>ok"),
        user("[INST] </s>"),
    ],
    "parts": [
        user(
            [
                {"type": "text", "text": "Look:"},
                {"type": "image"},
                {"type": "text", "text": " what?"},
            ]
        ),
        assistant([{"type": "text", "text": "A cat."}]),
        user("Sure?"),
    ],
    "typed parts": [
        system([{"type": "text", "text": "See."}]),
        user(
            [
                {"type": "image", "image": "a.png"},
                {"type": "image_url", "image_url": {"url": "u"}},
                {"type": "video", "video": "v.mp4"},
                {"type": "audio", "audio": "s"},
                {"type": "text", "text": "All"},
            ]
        ),
    ],
    "thinking": [user(), assistant("4", reasoning_content="2+2 is 4."), user("And 3+3?")],
    "thinking field": [
        user(),
        assistant("4", thinking="Let me add."),
        user("And?"),
        assistant("6", reasoning="Again."),
        user("So"),
    ],
    "inline thinking": [
        user(),
        assistant("<think>\nhm\n</think>\n\nfour"),
        user("why"),
        assistant("<think></think>because"),
        user("ok"),
    ],
    "thinking parts": [
        user([{"type": "text", "text": "Add."}]),
        assistant([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "4"}]),
        user("And?"),
        assistant([{"type": "reasoning", "text": "so"}, {"type": "text", "text": "6"}]),
    ],
    "blocks": [
        system({"text": "Be brief."}),
        user({"parts": [{"type": "text", "text": "Hi"}, {"type": "image"}]}),
        assistant(
            {
                "blocks": [
                    {"type": "thoughts", "text": "hm"},
                    {
                        "type": "tool_calls",
                        "calls": [{"name": "get_weather", "arguments": '{"city": "Bern"}'}],
                    },
                    {"type": "tool_outputs", "outputs": [{"output": "dry", "name": "get_weather"}]},
                    {"type": "response", "text": "Dry."},
                ]
            }
        ),
        user("ok"),
    ],
    "thinking last": [user(), assistant("6", reasoning_content="3+3")],
    "call": [
        user("Weather?"),
        calling(ARGUMENTS),
        result("sunny"),
        assistant("Sun."),
        user("Thanks"),
    ],
    "call text": [user("Weather?"), calling(ARGUMENT_TEXT), result('{"t": 20}')],
    "call empty": [user(), calling({}), result("")],
    "call empty text": [user(), calling("{}"), result("x"), user("then")],
    "call with words": [
        system(),
        user(),
        calling({"city": "Bern"}, text="Let me look."),
        result("rain"),
    ],
    "call no id": [
        user(),
        calling({"city": "Bern"}, with_id=False),
        {"role": "tool", "content": "rain"},
    ],
    "call none content": [
        user(),
        {"role": "assistant", "content": None, "tool_calls": [call("get_weather", ARGUMENTS)]},
        result("fog"),
        assistant("Fog."),
    ],
    "call no content": [
        user(),
        {"role": "assistant", "tool_calls": [call("get_weather", ARGUMENTS)]},
        result("fog"),
    ],
    "call bare": [
        user(),
        assistant("", tool_calls=[call("get_weather", {"city": "Bern"}, enveloped=False)]),
        result("hail"),
    ],
    "call short id": [
        user(),
        assistant("", tool_calls=[dict(call("get_weather", {"city": "Bern"}), id="a1")]),
        dict(result("hail"), tool_call_id="a1"),
    ],
    "calls": [
        user(),
        assistant(
            "", tool_calls=[call("get_weather", {"city": "Bern"}), call("search", {"q": "x"}, 1)]
        ),
        result("snow"),
        result([1, {"a": "ü"}], "search", 1),
        assistant("Done."),
        user("ok"),
    ],
    "calls in turns": [
        user(),
        calling({"city": "A"}),
        result("1"),
        calling({"city": "B"}, number=1),
        result("2", number=1),
        assistant("Both."),
        user("more"),
        calling({"city": "C"}, number=2),
        result("3", number=2),
    ],
    "call ends": [user(), calling({"city": "Bern"})],
    "call thinking": [
        user(),
        assistant(
            "", reasoning_content="I need data.", tool_calls=[call("get_weather", {"city": "Bern"})]
        ),
        result("dry"),
        assistant("Dry.", reasoning_content="So it is dry."),
        user("ok"),
    ],
    "tool object": [
        user(),
        calling({"city": "Bern"}),
        result({"temp": 20.0, "ok": True, "why": None}),
    ],
    "tool parts": [user(), calling({"city": "Bern"}), result([{"type": "text", "text": "dry"}])],
    "tool alone": [user(), result("dry")],
    "ipython": [user(), calling({"code": "1"}), {"role": "ipython", "content": {"output": "2"}}],
    "function role": [user(), {"role": "function", "name": "f", "content": "3"}],
    "calls wide": [
        user(),
        assistant("x", tool_calls=[call("f%d" % i, {"i": i}, i) for i in range(4)]),
    ]
    + [result(str(i), "f%d" % i, i) for i in range(4)],
    "no calls": [
        user(),
        assistant("x", tool_calls=[]),
        user("y"),
        assistant("z", tool_calls=None),
        user("w"),
    ],
    "extras": [dict(user(), name="ann"), assistant("x", prefix=True, refusal=None), user("end")],
}

TOKENS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "sep_token": "<sep>",
    "cls_token": "<cls>",
    "mask_token": "<mask>",
}
COMMON = {"messages", "tools", "add_generation_prompt"} | set(TOKENS)
FLAG_VALUES = [
    True,
    False,
    None,
    "low",
    "high",
    "x",
    7,
    ["plain"],
    [{"title": "T", "text": "Doc", "id": 1}],
    {"a": "b"},
]


# What the messages, parts, calls and tools above have; other names that a template looks up are tried
# as fields of messages.
KNOWN_FIELDS = set(
    "role content name tool_call_id tool_calls type text image image_url video audio function"
    " arguments id description parameters properties required items keys values get".split()
)
FLAG_LABELS = ["turns", "call", "thinking", "call thinking", "parts", "calls in turns"]


def cases(names, fields=()):
    """(label, variables) for a template that reads these names and looks up these fields."""
    flags = sorted(names - COMMON)
    for (label, messages), tools, prompt in itertools.product(
        CONVERSATIONS.items(), TOOLS, (True, False)
    ):
        if tools == [] and not prompt:
            continue
        variables = dict(TOKENS, messages=messages, add_generation_prompt=prompt, tools=tools)
        yield label, variables
        if tools is None and prompt:
            yield label + ", nothing else", {"messages": messages}
    for flag, value, label in itertools.product(flags, FLAG_VALUES, CONVERSATIONS):
        for tools, prompt in ((None, True), ([WEATHER], True), ([WEATHER, SEARCH], False)):
            variables = dict(
                TOKENS,
                messages=copy.deepcopy(CONVERSATIONS[label]),
                add_generation_prompt=prompt,
                tools=tools,
            )
            variables[flag] = value
            yield "%s, %s=%r" % (label, flag, value), variables
    yield from pairs_of_flags(flags)
    yield from other_fields(sorted(set(fields) - KNOWN_FIELDS))


def pairs_of_flags(flags):
    for (one, other), label in itertools.product(itertools.combinations(flags, 2), FLAG_LABELS):
        for values in itertools.product((True, False, "high"), repeat=2):
            variables = dict(
                TOKENS,
                messages=CONVERSATIONS[label],
                add_generation_prompt=True,
                tools=[WEATHER] if values[0] else None,
            )
            variables.update(zip((one, other), values))
            yield "%s, %s=%r, %s=%r" % (label, one, values[0], other, values[1]), variables


def other_fields(fields):
    """Each field in every message of some conversations."""
    for field, value, label in itertools.product(fields, FLAG_VALUES, FLAG_LABELS):
        variables = dict(
            TOKENS,
            messages=[dict(message, **{field: value}) for message in CONVERSATIONS[label]],
            add_generation_prompt=True,
            tools=[WEATHER, SEARCH],
        )
        yield "%s, each message with %s=%r" % (label, field, value), variables
