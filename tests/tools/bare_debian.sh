#!/bin/bash
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# bare_debian.sh [TARGET...]: tries the README's first commands where a stranger would: a Debian 12
# with nothing installed but make.  Builds such a system with debootstrap in a folder of its own,
# copies the tree as version control sees it, serves with `make run`, talks to it, puts it before the Django
# site of docker/site and has its poison refused, then runs `make test` (or the targets given).  Says how
# long each took; the way to the site has ten minutes.  Needs root, debootstrap and curl; leaves nothing behind.
#   BARE_MIRROR=http://deb.debian.org/debian   where packages come from
#   BARE_ROOT=DIR                              keep the system in DIR and use it again
# Last line "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

mirror=${BARE_MIRROR:-http://deb.debian.org/debian}
root=${BARE_ROOT:-}
keep=$root
passed=0
failed=0
server=
site=
TO_THE_SITE_S_MAX=600

check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1)) && echo "ok   $what"
    else
        failed=$((failed + 1)) && echo "FAIL $what"
    fi
}

inside() (exec_inside "$@")

# In the background this is the program itself and can be told to end.
exec_inside() {
    exec chroot "$root" /usr/bin/env -i HOME=/nonexistent PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@" </dev/null
}

clean_up() {
    for child in $server $site; do kill "$child" 2>/dev/null || true; done
    for mounted in proc dev/pts dev/shm dev; do
        if mountpoint -q "$root/$mounted"; then umount "$root/$mounted"; fi
    done
    if [ -z "$keep" ]; then rm -rf --one-file-system "$root"; fi
}

build_system() {
    if [ -z "$root" ]; then root=$(mktemp -d "${TMPDIR:-/tmp}/bare-debian.XXXXXX"); fi
    mkdir -p "$root"
    chmod 755 "$root" # apt downloads as a user of its own
    trap clean_up EXIT
    if [ ! -e "$root/usr/bin/apt-get" ]; then
        debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.debootstrap" 2>&1 || {
            tail -n 20 "$root.debootstrap"
            exit 1
        }
        rm -f "$root.debootstrap"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    echo '127.0.0.1 localhost' >"$root/etc/hosts" # as Debian's installer does, and debootstrap does not
    # Security updates, as a Debian that is kept up to date has them.
    {
        echo "deb $mirror bookworm main"
        echo "deb $mirror bookworm-updates main"
        echo "deb $mirror-security bookworm-security main"
    } >"$root/etc/apt/sources.list"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mkdir -p "$root/dev/shm"
    mountpoint -q "$root/dev/shm" || mount -t tmpfs tmpfs "$root/dev/shm"
    mountpoint -q "$root/dev/pts" || mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    rm -rf "$root/brine"
    mkdir "$root/brine"
    # Files that are deleted and not yet committed are listed too; they are not there to be copied.
    git ls-files -co --exclude-standard -z | xargs -0 -r ls -d 2>/dev/null | tar -c -T - | tar -x -C "$root/brine"
}

# Ends when the server that `make run` builds answers, or when make has ended without.
wait_for_server() {
    for _ in $(seq 600); do
        if inside /brine/build/brine-cli ping 2>/dev/null | grep -qx PONG; then return 0; fi
        kill -0 "$server" 2>/dev/null || return 1
        sleep 1 # waits for make to install, compile and serve
    done
    return 1
}

try_run() {
    local started=$SECONDS
    inside sh -c 'cd /brine && exec make run' >"$root/run.log" 2>&1 &
    server=$!
    if ! wait_for_server; then
        tail -n 30 "$root/run.log"
        return 1
    fi
    echo "     make run serves after $((SECONDS - started)) s"
    [ "$(inside /brine/build/brine-cli set greeting hello)" = OK ] || return 1
    [ "$(inside /brine/build/brine-cli get greeting)" = hello ] || return 1
    # The signal goes to make, whose recipe became the server: ask the server itself to end.
    local pid
    pid=$(inside /brine/build/brine-cli info server | tr -d '\r' | sed -n 's/^process_id://p')
    kill -TERM "$pid"
    wait "$server" || return 1
    server=
}

# What README says of a Django site: Debian's packages of it, a server with the policy django, the site, its poison.
try_site() {
    local page poison victim pid
    inside apt-get -q -y --no-install-recommends install python3-django python3-django-redis >"$root/site.log" 2>&1 || return 1
    exec_inside /brine/build/brine-server --server.port=6394 --gate.policy=django --log.file=/tmp/brine.log &
    pid=$!
    exec_inside env CACHE_URL=redis://127.0.0.1:6394/1 PYTHONDONTWRITEBYTECODE=1 python3 /brine/docker/site/site.py 8394 >>"$root/site.log" 2>&1 &
    site=$!
    page=$(curl -s --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:8394/) || return 1
    poison=$(curl -s http://127.0.0.1:8394/poison)
    victim=$(curl -s http://127.0.0.1:8394/victim)
    echo "     from the tree to the site with its poison refused: $((SECONDS - begun)) s"
    kill "$site" "$pid"
    site=
    wait "$pid" || return 1
    [[ $page == *"You were here 1 times"* && $poison == *PICKLEDENIED*posix.system* && $victim == *"holds: None"* ]] || {
        printf '%s\n' "$page" "$poison" "$victim"
        return 1
    }
    [ $((SECONDS - begun)) -le $TO_THE_SITE_S_MAX ]
}

try_target() {
    local started=$SECONDS code=0
    inside sh -c "cd /brine && make $1" >"$root/target.log" 2>&1 || code=$?
    tail -n 1 "$root/target.log" | sed "s/^/     make $1, $((SECONDS - started)) s: /"
    [ "$code" = 0 ] || grep -v '^ *\(CC\|LD\|ok\) ' "$root/target.log" | tail -n 60
    return "$code"
}

# Debian's redis-cli, which `make test` has installed.
try_redis_cli() {
    inside /brine/build/brine-server --server.port=6393 --log.file=/tmp/brine.log &
    local pid=$!
    inside /brine/build/brine-cli ping --wait 20s -p 6393 >/dev/null || return 1
    [ "$(inside redis-cli -p 6393 set greeting hello)" = OK ] && [ "$(inside redis-cli -p 6393 get greeting)" = hello ] || return 1
    inside redis-cli -p 6393 shutdown
    wait "$pid"
}

if [ "$(id -u)" != 0 ]; then
    echo "bare_debian.sh needs root, for debootstrap and chroot" >&2
    exit 2
fi
build_system
begun=$SECONDS
inside apt-get -q update >/dev/null
inside apt-get -q -y --no-install-recommends install make >/dev/null 2>&1
check "make run installs, builds and serves" try_run
check "a Django site stands before it within ten minutes, and its poison is refused" try_site
for target in "${@:-test}"; do
    check "make $target" try_target "$target"
done
if inside sh -c 'command -v redis-cli' >/dev/null; then check "redis-cli talks to it" try_redis_cli; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
