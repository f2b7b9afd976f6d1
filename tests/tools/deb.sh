#!/bin/bash
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# deb.sh FOLDER: the packages of `make deb` (build/deb) where a stranger installs them: a fresh Debian 12
# by debootstrap.  Installs, starts as the unit does, asks, stops, builds programs, upgrades, removes, purges,
# and looks for what stayed behind; lintian reads them where it is there.  Needs root and debootstrap.
# What systemd itself does with the unit is not tried: it would have to be process 1.
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
    mkdir "$root/tmp/debs" && cp "$debs"/*.deb "$root/tmp/debs/"
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

# The log goes aside; the server, told by SIGHUP, would begin another.
rotate() {
    inside apt-get -q -y --no-install-recommends install logrotate || return 1
    inside install -d -o brine -g brine /var/log/brine && inside sh -c 'echo a line >/var/log/brine/brine.log'
    inside logrotate --force --verbose /etc/logrotate.d/brine 2>&1 | tee "$root/tmp/rotate.log"
    ! grep -i '^error' "$root/tmp/rotate.log" && test -e "$root/var/log/brine/brine.log.1" && test ! -e "$root/var/log/brine/brine.log" || return 1
    inside rm -r /var/log/brine
}

compile() {
    printf '#include <brine.h>\n#include <brine_client.h>\n#include <stdio.h>\nint main(void) { %s }\n' \
        'brine_close(NULL); return pickle_kind_name(PICKLE_KIND_INT) == NULL;' >"$root/tmp/x.c"
    # shellcheck disable=SC2016  # the shell inside expands it
    inside sh -c 'cc /tmp/x.c $(pkg-config --cflags --libs brine brine-client) -o /tmp/x && /tmp/x'
}

# A program needs the library and not its headers.
run_without_headers() {
    inside apt-get -q -y remove libbrine-dev && inside /tmp/x && inside rm -f /tmp/x /tmp/x.c
}

enabled() { test -L "$root/etc/systemd/system/multi-user.target.wants/brine.service"; }

# The same server under the next version's number, over a configuration that was edited.
upgrade() {
    local next="$root/tmp/next"
    dpkg-deb -R "$root"/tmp/debs/brine-server_*.deb "$next" && sed -i 's/^Version: .*/&+next/' "$next/DEBIAN/control" || return 1
    echo "# an owner's line" >>"$root/etc/brine/brine.toml"
    dpkg-deb --root-owner-group -b "$next" "$root/tmp/next.deb" && inside apt-get -q -y install /tmp/next.deb || return 1
    # shellcheck disable=SC2016  # dpkg's own variable
        packages | grep -x 'brine-server ii ' && inside dpkg-query -W -f '${Version}' brine-server | grep '+next$' &&
        grep -x "# an owner's line" "$root/etc/brine/brine.toml" && configuration_is_private && enabled
}

configuration_is_private() { test "$(inside stat -c '%U %a' /etc/brine/brine.toml)" = "brine 640"; }

# Removed and not purged: the program is gone, what its owner wrote is not.
remove() {
    inside apt-get -q -y remove brine-server && test ! -e "$root/usr/bin/brine-server" && test -e "$root/etc/brine/brine.toml"
}

purge() {
    inside sh -c "apt-get -q -y purge 'brine-*' 'libbrine*'" && ! packages | grep -E '^(lib)?brine'
}

# Suppressed: the maintainer has no address that a mail would reach, and no bug in Debian's tracker asks for the packages.
if command -v lintian >/dev/null; then
    check "lintian finds nothing" lintian --allow-root --fail-on error,warning \
        --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs "$debs"/*.changes
fi
check "a fresh Debian 12" make_root
inside apt-get -q update >/dev/null
inside apt-get -q -y --no-install-recommends install gcc libc6-dev pkgconf adduser >/dev/null 2>&1
check "apt installs all of them" inside sh -c 'apt-get -q -y --no-install-recommends install /tmp/debs/*.deb'
check "the configuration is the server's and nobody else's" configuration_is_private
check "the unit is enabled" enabled
check "the server starts, answers and stops as its user" serve
check "logrotate takes its file" rotate
check "a program is built with libbrine-dev" compile
check "it runs with the libraries alone" run_without_headers
check "an upgrade keeps the configuration" upgrade
check "the server of the upgrade starts, answers and stops" serve
check "the package can be removed" remove
check "the packages can be purged" purge
left_behind >"$root/left"
check "nothing of them stays" test ! -s "$root/left"
cat "$root/left"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
