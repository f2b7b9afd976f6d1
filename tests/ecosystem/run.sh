#!/bin/sh
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# tests/tools/redis_py_roundtrip.py with the releases of redis-py that people have: the newest of
# each major version, with and without hiredis, from PyPI.
#
#   tests/ecosystem/run.sh [SERVER] [BUILD]     default: $BRINE_SERVER or build/brine-server, build
#
# What is downloaded stays in BUILD/ecosystem and is used again.  RELEASES="5.0.8 8.1.0" runs these
# instead.  The last line is `N passed, N failed` over all of them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
server=${1:-${BRINE_SERVER:-build/brine-server}}
build=${2:-build}
releases=${RELEASES:-4 5 6 7 8}
python=/usr/bin/python3 # Debian's, not whatever comes first in PATH
place=$build/ecosystem

mkdir -p "$place"
place=$(cd "$place" && pwd)
if [ ! -x "$place/venv/bin/python" ]; then
    "$python" -m venv "$place/venv"
fi

passed=0 failed=0
for release in $releases; do
    case $release in
    *.*) wanted="==$release" ;;
    *) wanted="==$release.*" ;;
    esac
    for extra in "" "[hiredis]"; do
        library=$place/redis-$release${extra:+-hiredis}
        if [ ! -e "$library/complete" ]; then
            rm -rf "$library"
            "$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
                --target "$library" "redis$extra$wanted"
            touch "$library/complete"
        fi
        if output=$(PYTHONPATH=$library "$place/venv/bin/python" \
            "$here/../tools/redis_py_roundtrip.py" --server "$server" 2>&1); then :; fi
        printf '%s\n' "$output"
        last=$(printf '%s\n' "$output" | tail -n 1)
        case $last in
        *" passed, "*" failed")
            passed=$((passed + ${last%% passed*}))
            rest=${last#* passed, }
            failed=$((failed + ${rest%% failed*}))
            ;;
        *) failed=$((failed + 1)) ;;
        esac
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
