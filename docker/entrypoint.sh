#!/bin/sh
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
# Arguments that begin with "-", or none at all, are brine-server's; anything else is a command.
set -eu
case ${1:-} in
'' | -*) exec brine-server "$@" ;;
*) exec "$@" ;;
esac
