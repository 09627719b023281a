#!/usr/bin/env bash
# Builds .venv with the python3 and pip of this machine, once: a stamp remembers what it was built from, and it is
# built again only when pyproject.toml or constraints.txt changes, or another Python is asked for.
#
#   PYTHON=python3.12 scripts/setup.sh     another Python (3.11 or newer); it stays until another is asked for
#   INSTALLER=uv scripts/setup.sh          uv instead of pip; it must be there, and it does not read pip's settings
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv
stamp=$venv/.built-from
python=python3
if [ -x $venv/bin/python ]; then
    python=$venv/bin/python
fi
python=${PYTHON:-$python}
installer=${INSTALLER:-pip}
bar=on
[ -t 1 ] || bar=off

if ! command -v "$python" >/dev/null; then
    echo "set-up: found no '$python'; needed Python 3.11 or newer, e.g. PYTHON=python3.12 make setup" >&2
    exit 1
fi
version=$("$python" -c 'import sys; print(sys.version.split()[0])')
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "set-up: found Python $version; needed 3.11 or newer, e.g. PYTHON=python3.12 make setup" >&2
    exit 1
fi

built_from="python $version · $(cksum <pyproject.toml) · $(cksum <constraints.txt)"
if [ "$(cat $stamp 2>/dev/null || true)" = "$built_from" ]; then
    exit 0
fi

# An environment of another Python is of no use; an unfinished one of this Python is carried on with.
if [ -x $venv/bin/python ] && ! $venv/bin/python -c "import sys; sys.exit(sys.version.split()[0] != '$version')"; then
    rm -rf $venv
fi
if [ ! -x $venv/bin/python ]; then
    echo "set-up: .venv with Python $version; the first time takes minutes and about 2.5 GB"
    if ! "$python" -m venv $venv; then
        rm -rf $venv
        echo "set-up: '$python -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
fi
rm -f $stamp

install() {
    if [ "$installer" = uv ]; then
        uv pip install --quiet --python $venv/bin/python "$@"
    else
        $venv/bin/python -m pip install -qq --no-input --progress-bar $bar --disable-pip-version-check "$@"
    fi
}

# PyTorch first and by its exact pin: a range can fetch a build for CUDA where one for the CPU lies at hand.
constraints=constraints.txt
torch=$(grep '^torch==' constraints.txt)
echo "set-up: 1 of 2, $torch"
if ! install "$torch" -c constraints.txt; then
    echo "set-up: $torch cannot be had here; taking what pyproject.toml allows, so last digits may differ" >&2
    constraints=$venv/constraints.txt
    grep -v '^torch==' constraints.txt >$constraints
fi
echo "set-up: 2 of 2, everything else"
if ! install --editable '.[dev]' -c $constraints; then
    echo "set-up: failed; the lines above say why, and make setup carries on from here" >&2
    exit 1
fi
echo "$built_from" >$stamp
echo "set-up: done, in $venv"
