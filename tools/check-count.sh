#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check-count.sh LOG: how many test cases a run of ctest went through, from its LastTest.log: what
# each GoogleTest program or script reports ("[  PASSED  ] N tests." or "N cases passed"), else one.
set -euo pipefail

awk '
  function close_test() { if (open) total += cases > 0 ? cases : 1 }
  /^[0-9]+\/[0-9]+ Testing: / { close_test(); open = 1; cases = 0 }
  /^\[  PASSED  \] [0-9]+ tests?\./ { cases += $4 }
  /^[0-9]+ cases? passed$/ { cases += $1 }
  END { close_test(); print total + 0 }
' "$1"
