#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check-fuzz.sh BUILD SECONDS LOGS NAME: runs one fuzz target of that build for so long, from a copy of
# its committed corpus (that of its name, or of the first word of it: fuzz/corpus/template serves two).
# What it says is in LOGS/NAME.log; the end of that is shown where it fails. A
# reproducer of a crash is left in BUILD.
set -euo pipefail

build=$1 seconds=$2 log=$3/$4.log name=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
corpus=fuzz/corpus/${name%_fuzz}
if [ ! -d "$corpus" ]; then corpus=${corpus%%_*}; fi
if [ -d "$corpus" ]; then cp -r "$corpus/." "$work"; fi
cd "$build"
if ! "fuzz/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
  "$work" >"$log" 2>&1; then
  tail -n 60 "$log"
  exit 1
fi
echo "$name: $(grep 'stat::number_of_executed_units' "$log")"
