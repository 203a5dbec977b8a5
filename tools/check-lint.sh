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

# "source header header..." for each object, from what the compiler told ninja.
dependencies=$(ninja -C "$build" -t deps | awk -v repo="$PWD/" '
  /^[^ ].*: #deps/ { if (line) print line; line = ""; next }
  /^    / { path = $1; if (index(path, repo) == 1) path = substr(path, length(repo) + 1)
            if (path ~ /^(src|apps)\//) line = line (line ? " " : "") path }
  END { if (line) print line }' | sort -u)

stale=()
declare -A stamp_of
while read -r -a files; do
  source=${files[0]:-}
  case $source in
    '' | *_test.cc | *_bench.cc | *_fuzz.cc) continue ;;
  esac
  if [ "$scope" = recent ] && [ -z "${recent[${source%.*}]:-}" ]; then continue; fi
  stamp=$stamps/$(cat .clang-tidy "${files[@]}" | sha256sum | cut -c1-40)
  if [ ! -e "$stamp" ]; then
    stale+=("$source")
    stamp_of[$source]=$stamp
  fi
done <<<"$dependencies"
echo "${#stale[@]} files to look at"
if [ "${#stale[@]}" -eq 0 ]; then exit 0; fi
# The flags are those of g++.
printf '%s\0' "${stale[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "$build" \
  --extra-arg=-Wno-error --extra-arg=-Wno-unknown-warning-option \
  --extra-arg=-Wno-unused-command-line-argument
for source in "${stale[@]}"; do touch "${stamp_of[$source]}"; done
