#!/bin/sh
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# The Python libraries that people install today, from PyPI, against a brine-server in enforce mode.
#
#   tests/ecosystem/run.sh [SERVER] [BUILD]     default: $BRINE_SERVER or build/brine-server, build
#
# For each set of libraries (today.txt, older.txt): tests/tools/gate_libraries.py, README's snippets,
# and the values of each preset.  For each major version of redis-py, with hiredis and without:
# tests/tools/redis_py_roundtrip.py.  SETS="today" and RELEASES="5.0.8 8.1.0" take a part.  What is
# downloaded stays in BUILD/ecosystem and is used again.  The last line is `N passed, N failed` of all.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tools=$here/../tools
server=$(realpath "${1:-${BRINE_SERVER:-build/brine-server}}")
build=${2:-build}
sets=${SETS-today older}
releases=${RELEASES-4 5 6 7 8}
python=/usr/bin/python3 # Debian's, not whatever comes first in PATH
passed=0
failed=0

mkdir -p "$build/ecosystem"
place=$(cd "$build/ecosystem" && pwd)

count() { # what command...: its last line is added up
    what=$1
    shift
    echo "=== $what"
    if output=$("$@" 2>&1); then :; fi
    printf '%s\n' "$output" | grep -v 'Unable to deserialize\|load persistent id instruction\|persistent_load function'
    last=$(printf '%s\n' "$output" | tail -n 1)
    case $last in
    *" passed, "*" failed")
        passed=$((passed + ${last%% passed*}))
        rest=${last#* passed, }
        failed=$((failed + ${rest%% failed*}))
        ;;
    *) failed=$((failed + 1)) ;;
    esac
}

# A virtual environment that is there as a whole or not at all.
environment() { # folder pip's arguments...
    folder=$1
    shift
    if [ ! -e "$folder/complete" ]; then
        rm -rf "$folder"
        "$python" -m venv "$folder"
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
        touch "$folder/complete"
    fi
}

for set in $sets; do
    environment "$place/$set" -r "$here/$set.txt"
    "$place/$set/bin/python" -m pip list --disable-pip-version-check --format freeze | tr '\n' ' '
    echo
    count "libraries of $set" "$place/$set/bin/python" -W ignore "$tools/gate_libraries.py" --any --server "$server"
    count "README's snippets with $set" "$place/$set/bin/python" -W ignore "$tools/readme_snippets.py" --any --server "$server"
    count "values of $set under their presets" "$place/$set/bin/python" -W ignore "$tools/preset_values.py" --check \
        "$(dirname "$server")/brine-cli"
done
for release in $releases; do
    case $release in
    *.*) wanted="==$release" ;;
    *) wanted="==$release.*" ;;
    esac
    for extra in "" "[hiredis]"; do
        environment "$place/redis-$release${extra:+-hiredis}" "redis$extra$wanted"
        count "redis-py $release$extra" "$place/redis-$release${extra:+-hiredis}/bin/python" "$tools/redis_py_roundtrip.py" \
            --server "$server"
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
