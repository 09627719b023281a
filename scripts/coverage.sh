#!/usr/bin/env bash
# Branch coverage of src/adaptlearn by the tests; fails below the floor in pyproject.toml ([tool.coverage.report]).
#
#   scripts/coverage.sh                     all tests but the long ones, then the table of what is not reached
#   scripts/coverage.sh tests/core          a part of them: other rooms then look poor, and no floor is held
#
# Small kernels (tests marked `kernels`) are compiled by Numba, which no tracer sees: they are run once more as the plain
# Python that they are. Templates of the classroom are left out, and pyproject.toml says why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-.venv/bin/python}

"$python" -m coverage erase
"$python" -m coverage run -m pytest "$@"
NUMBA_DISABLE_JIT=1 "$python" -m coverage run -m pytest -q -n 0 -m kernels
"$python" -m coverage combine -q
"$python" -m coverage report ${1:+--fail-under=0}
