#!/bin/sh
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# install_packages.sh PACKAGE...: installs those Debian packages that are missing; does nothing, and
# needs neither root nor network, when all are there.
set -eu

missing=
for package in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "missing packages, and neither root nor sudo to install them:$missing" >&2
        exit 1
    }
    as_root=sudo
fi
echo "installing:$missing" >&2
# stdout is kept for the caller's own answer.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2 </dev/null
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing >&2 </dev/null
