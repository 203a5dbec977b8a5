#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# isa_objects_test.sh NM READELF NAME OBJECT...
#
# The object files of one instruction set may be linked into a program for every machine only if no
# code of theirs can be reached before that set is chosen. Hence, for each object:
#   - no weak or unique symbol: the linker might keep this copy of an inline function for everybody
#   - every global symbol it defines is inside hearth::kernels::NAME
#   - no constructors (.init_array, .ctors): nothing runs before dispatch
nm=$1 readelf=$2 name=$3
shift 3
failed=0
complain() {
  echo "$1: $2" >&2
  failed=1
}
[ $# -gt 0 ] || complain "$name" "no object files given"
for object; do
  [ -f "$object" ] || complain "$object" "missing"
  weak=$("$nm" "$object" | awk '$(NF-1) ~ /^[wWvVu]$/ { print $NF }')
  [ -z "$weak" ] || complain "$object" "weak symbols: $weak"
  # hearth::kernels::NAME is mangled as N6hearth7kernels<length>NAME.
  outside=$("$nm" --defined-only --extern-only "$object" |
    awk -v want="N6hearth7kernels${#name}${name}" 'NF && index($NF, want) == 0 { print $NF }')
  [ -z "$outside" ] || complain "$object" "globals outside the namespace: $outside"
  if "$readelf" -SW "$object" | grep -E '\.(init_array|ctors|preinit_array)' >/dev/null; then
    complain "$object" "has constructors"
  fi
done
exit $failed
