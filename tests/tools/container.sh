#!/bin/bash
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# container.sh: builds the images of docker/ without a container engine: a base by debootstrap, the
# Dockerfiles' own steps by buildah in a chroot; then runs what is in them as their user and with
# their environment, asks the server's health, and sees the site of compose.django.yml refuse a
# poisoned pickle.  Needs root, debootstrap, buildah, curl; keeps its images in a folder of its own.
#   BARE_MIRROR=http://deb.debian.org/debian   where packages come from
#   CONTAINER_STORE=DIR                        keep base and images in DIR and use them again
# Last line "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

mirror=${BARE_MIRROR:-http://deb.debian.org/debian}
store=${CONTAINER_STORE:-$(mktemp -d "${TMPDIR:-/tmp}/brine-container.XXXXXX")}
passed=0
failed=0
children=()
buildah() { command buildah --root "$store/images" --runroot "$store/run" --storage-driver vfs "$@"; }

clean_up() {
    if [ ${#children[@]} -gt 0 ]; then kill "${children[@]}" 2>/dev/null || true; fi
    wait
    buildah rm --all >/dev/null 2>&1 || true
    if [ -z "${CONTAINER_STORE:-}" ]; then rm -rf --one-file-system "$store"; fi
}
trap clean_up EXIT

check() {
    local what=$1
    shift
    if "$@" >"$store/log" 2>&1; then
        passed=$((passed + 1)) && echo "ok   $what"
    else
        failed=$((failed + 1)) && echo "FAIL $what" && tail -n 20 "$store/log"
    fi
}

make_base() {
    local container
    if buildah inspect --type image debian:bookworm-slim >/dev/null 2>&1; then return 0; fi
    debootstrap --variant=minbase bookworm "$store/base" "$mirror" || return 1
    rm -rf "$store"/base/var/cache/apt/* "$store"/base/var/lib/apt/lists/*
    container=$(buildah from scratch)
    buildah copy -q "$container" "$store/base" / && buildah commit -q "$container" docker.io/library/debian:bookworm-slim
}

build() { # name Dockerfile context
    buildah bud --isolation chroot --pull-never --network host --format docker -t "$1" -f "$2" "$3"
}

# The image's own variables, then those given, as its own user; what it starts is this shell's child.
start() { # image log NAME=VALUE... -- command...
    local image=$1 log=$2 container folder variables=()
    shift 2
    container=$(buildah from --pull-never "$image")
    folder=$(buildah mount "$container")
    mapfile -t variables < <(buildah inspect --type image --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' "$image" | grep .)
    while [ "$1" != -- ]; do variables+=("$1") && shift; done
    shift
    chroot --userspec=10001:10001 "$folder" /usr/bin/env -i "${variables[@]}" "$@" >"$log" 2>&1 </dev/null &
    children+=($!)
}

answers() { # command...
    for _ in $(seq 100); do
        if "$@"; then return 0; fi
        sleep 0.1 # between two looks
    done
    return 1
}

health() { # port
    local command
    command=$(buildah inspect --type image --format '{{index .Docker.Config.Healthcheck.Test 1}}' brine) || return 1
    echo "$command"
    chroot --userspec=10001:10001 "$server_root" /usr/bin/env BRINE_SERVER_PORT="${1:-6391}" sh -c "$command"
}

sick() { ! health "$@"; }

# README's megabytes are these, give or take three.
size_is_stated() {
    local stated measured
    stated=$(sed -n 's/.*The image is \([0-9]*\) MB.*/\1/p' README.md)
    measured=$(buildah images --format '{{.Size}}' brine | sed 's/[. ].*//')
    echo "README: $stated MB, here: $measured MB"
    [ $((stated - measured)) -le 3 ] && [ $((measured - stated)) -le 3 ]
}

poisoned() {
    curl -s http://127.0.0.1:8391/ | grep 'You were here 1 times' &&
        curl -s http://127.0.0.1:8391/poison | tee /dev/stderr | grep 'PICKLEDENIED' &&
        curl -s http://127.0.0.1:8391/victim | tee /dev/stderr | grep 'None'
}

mkdir -p "$store"
check "a base of bookworm" make_base
check "docker/Dockerfile builds" build brine docker/Dockerfile .
check "docker/site/Dockerfile builds" build brine-site docker/site/Dockerfile docker/site
echo "     the image is $(buildah images --format '{{.Size}}' brine), $(buildah images --format '{{.Size}}' debian:bookworm-slim) of it the base"
check "README states its size" size_is_stated
start brine "$store/server.log" BRINE_SERVER_PORT=6391 BRINE_SNAPSHOT_DIR=/data -- brine-entrypoint --gate.policy=django
server_root=$(buildah mount | awk 'END { print $2 }')
check "the server runs as 10001 and is healthy" answers health
start brine "$store/locked.log" BRINE_SERVER_PORT=6392 -- brine-entrypoint --auth.password=told-by-argument
check "with a password that the check does not know it is healthy too" answers health 6392
check "where nobody listens it is not" sick 6393
start brine-site "$store/site.log" CACHE_URL=redis://127.0.0.1:6391/1 -- python3 /srv/site.py 8391
check "the site serves" answers curl -sf -o /dev/null http://127.0.0.1:8391/victim
check "the site's poison is refused" poisoned
check "another command runs" sh -c "chroot '$server_root' brine-entrypoint brine-cli --version | grep brine"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
