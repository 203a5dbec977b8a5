# SPDX-License-Identifier: Apache-2.0
"""Runs every test of this folder; says what was skipped and how many passed, for ./check to read."""

import pathlib
import sys
import unittest
import warnings

warnings.simplefilter("ignore")
here = str(pathlib.Path(__file__).parent)
tests = unittest.defaultTestLoader.discover(here, pattern="*_test.py")
result = unittest.TextTestRunner(verbosity=2, warnings="ignore").run(tests)
for test, reason in result.skipped:
    print(f"SKIPPED {test.id()}: {reason}")
n_bad = len(result.failures) + len(result.errors)
print(f"{result.testsRun - n_bad - len(result.skipped)} cases passed")
sys.exit(0 if result.wasSuccessful() else 1)
