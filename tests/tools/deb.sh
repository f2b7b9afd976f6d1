#!/bin/bash
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# deb.sh FOLDER: the packages of `make deb` (build/deb) where a stranger installs them: a fresh Debian 12
# by debootstrap.  Installs, starts as the unit does, asks, stops, builds a program, removes, purges, and
# looks for what stayed behind.  Needs root and debootstrap.
#   BARE_MIRROR=http://deb.debian.org/debian   where packages come from
# Last line "N passed, N failed".
set -euo pipefail
debs=$(realpath "${1:-build/deb}")
mirror=${BARE_MIRROR:-http://deb.debian.org/debian}
root=$(mktemp -d "${TMPDIR:-/tmp}/brine-deb.XXXXXX")
chmod 755 "$root" # apt downloads as a user of its own
passed=0
failed=0

clean_up() {
    if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
    rm -rf --one-file-system "$root"
}
trap clean_up EXIT

check() {
    local what=$1
    shift
    if "$@" >"$root/log" 2>&1; then
        passed=$((passed + 1)) && echo "ok   $what"
    else
        failed=$((failed + 1)) && echo "FAIL $what" && tail -n 20 "$root/log"
    fi
}

inside() {
    chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@" </dev/null
}

make_root() {
    debootstrap --variant=minbase bookworm "$root" "$mirror" || return 1
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    cp "$debs"/brine_*.deb "$debs"/libbrine-dev_*.deb "$root/tmp/"
}

# What carries the name, but for what apt and dpkg keep about packages that were there.
left_behind() { (cd "$root" && find etc usr var/lib var/log -iname '*brine*' -not -path 'var/lib/dpkg/*') | sort; }
# shellcheck disable=SC2016  # dpkg's own variables
packages() { inside dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'; }

serve() {
    local pid
    mkdir -p "$root/var/lib/brine" && inside chown brine:brine /var/lib/brine
    inside setpriv --reuid=brine --regid=brine --clear-groups sh -c \
        'cd /var/lib/brine && exec brine-server --config /etc/brine/brine.toml --server.port=6392' &
    pid=$!
    inside brine-cli ping --wait 30s -p 6392 || return 1
    inside brine-cli -p 6392 ping | grep -x PONG || return 1
    kill -TERM "$(inside brine-cli -p 6392 info server | tr -d '\r' | sed -n 's/^process_id://p')" && wait "$pid"
}

compile() {
    printf '#include <brine.h>\n#include <stdio.h>\nint main(void) { return puts(BRINE_VERSION) < 0; }\n' >"$root/tmp/x.c"
    # shellcheck disable=SC2016  # the shell inside expands it
    inside sh -c 'cc /tmp/x.c $(pkg-config --cflags --libs brine) -o /tmp/x && /tmp/x'
}

remove() {
    inside apt-get -q -y purge brine libbrine-dev && inside rm -f /tmp/x /tmp/x.c && ! packages | grep -E '^(lib)?brine'
}

check "a fresh Debian 12" make_root
inside apt-get -q update >/dev/null
inside apt-get -q -y --no-install-recommends install gcc libc6-dev pkgconf adduser >/dev/null 2>&1
check "apt installs both packages" inside sh -c 'apt-get -q -y --no-install-recommends install /tmp/brine_*.deb /tmp/libbrine-dev_*.deb'
check "the configuration is the server's and nobody else's" test "$(inside stat -c '%U %a' /etc/brine/brine.toml)" = "brine 640"
check "the server starts, answers and stops as its user" serve
check "a program is built with libbrine-dev" compile
check "the packages can be purged" remove
left_behind >"$root/left"
check "nothing of them stays" test ! -s "$root/left"
cat "$root/left"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
