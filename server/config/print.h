/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the command line prints beside config.h's two.  Private to server/config; any thread. */
#ifndef BRINE_CONFIG_PRINT_H
#define BRINE_CONFIG_PRINT_H

#include "config/config.h"

enum brine_status config_print_help(struct buf *out) MUST_USE;

#endif
