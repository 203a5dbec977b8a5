# SPDX-License-Identifier: Apache-2.0
"""Compares Hearth's chat templates with Python's jinja2, byte by byte.

    pip install -r tools/templates/requirements.txt
    ninja -C build/release hearth_template_runner
    python3 tools/templates/conformance.py FOLDER [FOLDER...] \\
        --runner build/release/src/text/hearth_template_runner

Every *.jinja of the folders is rendered over the conversations of conversations.py: with and without
tools, system messages, tool calls, thinking, parts; with and without a generation prompt; and with
values for every variable that the template itself reads and every field that it looks up. Python and
Hearth must print the same bytes, or both must fail on the same line. Ends with status 1 where they
differ.
"""

import argparse
import pathlib
import random
import sys

import conversations
import jinja_oracle


def compare(path, hearth, verbose, most):
    source = path.read_text(encoding="utf-8")
    n_same = n_raised = n_cases = 0
    shown = 0
    cases = list(conversations.cases(jinja_oracle.undeclared(source), jinja_oracle.fields(source)))
    if most and len(cases) > most:
        cases = random.Random(1).sample(cases, most)
    for label, variables in cases:
        n_cases += 1
        expected = jinja_oracle.attempt(source, variables)
        actual = hearth.render(source, variables)
        if not jinja_oracle.agree(expected, actual):
            if shown < verbose:
                shown += 1
                print(
                    "%s: %s\n  python %s %r (line %s)\n  hearth %s %r"
                    % (path.name, label, *expected, *actual)
                )
            continue
        n_same += 1
        n_raised += not expected[0]
    print(
        "%-55s %6d cases, %6d equal (%d of them raise in both)"
        % (path.name, n_cases, n_same, n_raised),
        flush=True,
    )
    return n_cases, n_same


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--runner", required=True, help="the program hearth_template_runner")
    parser.add_argument(
        "--verbose", type=int, default=2, help="differences to show of each template"
    )
    parser.add_argument(
        "--most",
        type=int,
        default=0,
        help="cases of each template, drawn with a fixed seed; 0 for all",
    )
    parser.add_argument("--only", default="", help="part of the file names to look at")
    options = parser.parse_args()
    hearth = jinja_oracle.Hearth(options.runner)
    totals = [
        compare(path, hearth, options.verbose, options.most)
        for folder in options.folders
        for path in sorted(folder.glob("*.jinja"))
        if options.only in path.name
    ]
    n_cases, n_same = (sum(column) for column in zip(*totals))
    print(
        "%d templates, %d cases, %d equal, %d different"
        % (len(totals), n_cases, n_same, n_cases - n_same)
    )
    return 0 if totals and n_cases == n_same else 1


if __name__ == "__main__":
    sys.exit(main())
