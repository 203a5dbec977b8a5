#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check-lint.sh BUILD: clang-tidy over the sources of src and apps that are not tests, with the
# flags of that build. A file is looked at again only when it, a header of this repository that it
# includes, or .clang-tidy has changed: the stamps lie in BUILD/lint.
set -euo pipefail

build=$1
stamps=$build/lint
mkdir -p "$stamps"

# "file header header..." for each object, from what the compiler told ninja.
dependencies=$(ninja -C "$build" -t deps | awk -v repo="$PWD/" '
  /^[^ ].*: #deps/ { if (line) print line; line = ""; next }
  /^    / { path = $1; if (index(path, repo) == 1) path = substr(path, length(repo) + 1)
            if (path ~ /^(src|apps)\//) line = line (line ? " " : "") path }
  END { if (line) print line }')

stale=()
declare -A stamp_of
while read -r -a files; do
  source=${files[0]:-}
  case $source in
    '' | *_test.cc | *_bench.cc | *_fuzz.cc) continue ;;
  esac
  stamp=$stamps/$(cat .clang-tidy "${files[@]}" | sha256sum | cut -c1-40)
  if [ ! -e "$stamp" ]; then
    stale+=("$source")
    stamp_of[$source]=$stamp
  fi
done <<<"$dependencies"
if [ "${#stale[@]}" -eq 0 ]; then
  echo "nothing changed"
  exit 0
fi
echo "${#stale[@]} files"
# -Wno-unknown-warning-option: the flags are those of g++.
printf '%s\0' "${stale[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "$build" \
  --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument
for source in "${stale[@]}"; do touch "${stamp_of[$source]}"; done
