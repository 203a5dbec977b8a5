#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check-lint.sh BUILD [all]: clang-tidy over the sources of src and apps that are not tests, with
# the flags of that build. Three seconds a file are too many for every run, so only those are looked
# at that the last ten commits or the working tree touch ("all": every one); and of these only the
# ones that changed, with their headers and .clang-tidy, since they were last found clean: the
# stamps lie in BUILD/lint.
set -euo pipefail

build=$1
scope=${2:-recent}
stamps=$build/lint
mkdir -p "$stamps"

declare -A recent
if [ "$scope" = recent ]; then
  oldest=$(git rev-list --max-count=11 HEAD | tail -n 1)
  while IFS= read -r path; do
    recent[${path%.*}]=1 # x.h touched: look at x.cc
  done < <(git diff --name-only "$oldest" && git ls-files --others --exclude-standard)
fi

# "source header header..." for each object, from what the compiler told ninja. With ccache's base
# directory set the paths are relative to the build folder ("../../src/x.cc").
dependencies=$(ninja -C "$build" -t deps | awk -v repo="$PWD/" '
  /^[^ ].*: #deps/ { if (line) print line; line = ""; next }
  /^    / { path = $1; if (index(path, repo) == 1) path = substr(path, length(repo) + 1)
            sub(/^(\.\.\/)+/, "", path)
            if (path ~ /^(src|apps)\//) line = line (line ? " " : "") path }
  END { if (line) print line }' | sort -u)

# What is looked at: sources of src and apps but tests, benchmarks and fuzz targets.
is_looked_at() {
  case $1 in
    apps/*_test.cc | src/*_test.cc | src/*_bench.cc | src/*_fuzz.cc) return 1 ;;
    src/*.cc | apps/*.cc) ;;
    *) return 1 ;;
  esac
  [ "$scope" = all ] || [ -n "${recent[${1%.*}]:-}" ]
}

stale=()
declare -A stamp_of known
while read -r -a files; do
  source=${files[0]:-}
  is_looked_at "$source" || continue
  known[$source]=1
  stamp=$stamps/$(cat .clang-tidy "${files[@]}" | sha256sum | cut -c1-40)
  if [ ! -e "$stamp" ]; then
    stale+=("$source")
    stamp_of[$source]=$stamp
  fi
done <<<"$dependencies"

# Who looks at nothing finds nothing: whatever this build compiles and should be looked at is known.
while IFS= read -r source; do
  is_looked_at "$source" || continue
  if [ -z "${known[$source]:-}" ]; then
    echo "check-lint: $source is part of $build, but ninja does not tell what it was made from: build first" >&2
    exit 1
  fi
done < <(sed -n "s|^ *\"file\": \"$PWD/\(.*\)\",\{0,1\}\$|\1|p" "$build/compile_commands.json")

echo "${#stale[@]} files to look at"
if [ "${#stale[@]}" -eq 0 ]; then exit 0; fi
# The flags are those of g++.
printf '%s\0' "${stale[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "$build" \
  --extra-arg=-Wno-error --extra-arg=-Wno-unknown-warning-option \
  --extra-arg=-Wno-unused-command-line-argument
for source in "${stale[@]}"; do touch "${stamp_of[$source]}"; done
