#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check-templates.sh RUNNER TEMPLATES CACHE MOST: other people's templates, where they are at hand.
# Python's jinja2, at its pinned version, and Hearth must print the same over at most MOST conversations
# each (0: all); and over random expressions and statements.
set -euo pipefail

runner=$1 templates=$2 cache=$3 most=$4
jinja=$cache/templates-$(sha256sum tools/templates/requirements.txt | cut -c1-12)
if [ ! -d "$jinja" ]; then
  rm -rf "$jinja.new"
  python3 -m pip install --quiet --disable-pip-version-check --target "$jinja.new" \
    -r tools/templates/requirements.txt
  mv "$jinja.new" "$jinja"
fi
export PYTHONPATH=$jinja
python3 tools/templates/conformance.py --runner "$runner" --most "$most" "$templates"
python3 tools/templates/facts.py --runner "$runner" "$templates"
python3 tools/templates/differential.py --runner "$runner" --cases 2000 --lines
python3 tools/templates/differential.py --runner "$runner" --cases 1000 --statements --lines
