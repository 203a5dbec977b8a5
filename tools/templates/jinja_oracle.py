# SPDX-License-Identifier: Apache-2.0
"""Chat templates as transformers renders them, with jinja2 alone.

The environment is the one of transformers' chat_template_utils: the immutable sandbox with trim_blocks
and lstrip_blocks, the loop controls, a {% generation %} tag, a "tojson" that is json.dumps without
HTML escapes, and the functions raise_exception and strftime_now. The clock stands still at NOW.
"""

import copy
import datetime
import functools
import json
import re
import subprocess
import traceback
import warnings

import jinja2
import jinja2.ext
import jinja2.meta
import jinja2.sandbox

# Random templates make odd Python, which its compiler has opinions on.
warnings.filterwarnings("ignore", category=SyntaxWarning)

NOW = [2024, 7, 26, 15, 4, 5]


class Generation(jinja2.ext.Extension):
    """{% generation %}: prints its body, which is a scope of its own as a call block's is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_generate")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _generate(self, context, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def strftime_now(format):
    return datetime.datetime(*NOW).strftime(format)


@functools.cache
def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    return env


@functools.lru_cache(maxsize=64)
def compiled(source):
    return environment().from_string(source)


def line_of(error):
    """The line of the template that an exception is about, or None."""
    if isinstance(error, RecursionError):
        return None  # where the stack ends is no matter of the template
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return lines[-1] if lines else None


def attempt(source, variables):
    """(True, text, None), or (False, message, line) where Python raises."""
    try:
        # A copy, for there are ways around the immutable sandbox ("indent" extends a list in place).
        text = compiled(source).render(**copy.deepcopy(variables))
        text.encode()
        return True, text, None
    except Exception as error:
        return False, "%s: %s" % (type(error).__name__, error), line_of(error)


def render(source, variables):
    """(True, text), or (False, message) where Python raises."""
    return attempt(source, variables)[:2]


def undeclared(source):
    """The names that a template reads and does not set, without the functions of the language."""
    try:
        names = jinja2.meta.find_undeclared_variables(environment().parse(source))
    except jinja2.TemplateSyntaxError:
        return set()
    return names - set(environment().globals)


def fields(source):
    """The names that a template looks up by x.name, x['name'] or x.get('name')."""
    try:
        tree = environment().parse(source)
    except jinja2.TemplateSyntaxError:
        return set()
    nodes = jinja2.nodes
    names = {node.attr for node in tree.find_all(nodes.Getattr)}
    keys = [node.arg for node in tree.find_all(nodes.Getitem)]
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "get":
            keys += call.args[:1]
    names |= {key.value for key in keys if isinstance(key, nodes.Const)}
    methods = set(dir(str)) | set(dir(dict)) | set(dir(list))
    return {name for name in names if isinstance(name, str)} - methods


def line_in(message):
    """The line that Hearth's error names, or None."""
    found = re.match(r"line (\d+): .", message)
    return int(found[1]) if found else None


def agree(expected, actual):
    """Whether Hearth's (ok, text) says what attempt()'s (ok, text, line) does."""
    ok, text, line = expected
    if ok != actual[0]:
        return False
    if ok:
        return text == actual[1]
    named = line_in(actual[1])
    return named is not None and (line is None or line == named)


def folds_a_slice(source):
    """Whether Jinja's compiler may fold a slice of a constant that has none, like (1)[1:], into
    undefined. It does where all around is constant too; elsewhere, and in Hearth, it raises."""
    try:
        tree = environment().parse(source)
    except jinja2.TemplateSyntaxError:
        return False
    for node in tree.find_all(jinja2.nodes.Getitem):
        if not isinstance(node.arg, jinja2.nodes.Slice):
            continue
        try:
            value = node.node.as_const(jinja2.nodes.EvalContext(environment()))
        except Exception:
            continue
        if not isinstance(value, (str, list, tuple, range)):
            return True
    return False


class Hearth:
    """The process of hearth_template_runner."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def render(self, source, variables):
        answer = self.ask({"template": source, "variables": variables, "now": NOW})
        return answer["ok"], answer["text"] if answer["ok"] else answer["error"]

    def facts(self, source, variables):
        """What template_facts.h finds out."""
        return self.ask({"template": source, "variables": variables, "facts": True})["facts"]

    def ask(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the runner ended with status %s" % self.process.wait())
        return json.loads(line)
