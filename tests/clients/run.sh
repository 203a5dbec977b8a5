#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh PROGRAM FOLDER: official clients and harnesses against `hearth serve`, from a virtual
# environment in FOLDER with the versions of requirements.txt, which come from the package index.
# The model is a tiny one with random weights, so what is asked for is form and agreement, not sense.
#
# Run by ./check --clients alone: building and testing Hearth needs neither Python nor a network.
set -euo pipefail

program=$(realpath "$1") folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wanted=$folder/venv/$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [ ! -e "$wanted" ]; then
  mkdir -p "$folder"
  python3 -m venv --clear "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  touch "$wanted"
fi
export HEARTH_PROGRAM=$program PYTHONDONTWRITEBYTECODE=1
# None of them has anything to ask of anybody but the server.
export HF_HUB_OFFLINE=1 LITELLM_LOCAL_MODEL_COST_MAP=True NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
exec "$folder/venv/bin/python" "$here/run_all.py"
