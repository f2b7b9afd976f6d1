/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The options of SET and GETEX, in any order.  Any thread. */
#ifndef BRINE_CMD_SET_OPTIONS_H
#define BRINE_CMD_SET_OPTIONS_H

#include "cmd/handlers.h"

enum set_options_of { SET_OPTIONS_OF_SET, SET_OPTIONS_OF_GETEX };

struct set_options {
    bool get, keep_ttl, persist;
    enum keyspace_condition only_if;
    size_t expire_position; /* of the time's argument; 0: none given */
    struct expire_unit unit;
};

/* False: "ERR syntax error" was replied.  The time itself is not looked at. */
bool set_options_parse(struct command_call *call, size_t first, enum set_options_of command,
                       struct set_options *options) MUST_USE;

#endif
