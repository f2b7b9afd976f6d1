/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/set_options.h"

/* A time option may stand twice if both are the same word; the last one counts.  Source: Redis 7.0
 * t_string.c parseExtendedStringArgumentsOrReply. */
static const struct time_option {
    const char *word;
    struct expire_unit unit;
} time_options[] = {
    {"EX", {.ms = false, .at = false}},
    {"PX", {.ms = true, .at = false}},
    {"EXAT", {.ms = false, .at = true}},
    {"PXAT", {.ms = true, .at = true}},
};

static bool take_time_option(struct command_call *call, size_t *position,
                             struct set_options *options) {
    for (size_t i = 0; i < ARRAY_LEN(time_options); i++) {
        const struct time_option *option = &time_options[i];
        if (!call_is(call, *position, option->word)) continue;
        bool same = options->unit.ms == option->unit.ms && options->unit.at == option->unit.at;
        if (options->keep_ttl || options->persist || (options->expire_position && !same) ||
            *position + 1 == call->args_count)
            return false;
        options->unit = option->unit;
        options->expire_position = ++*position;
        return true;
    }
    return false;
}

static bool take_word(struct command_call *call, size_t position, enum set_options_of command,
                      struct set_options *options) {
    bool of_set = command == SET_OPTIONS_OF_SET;
    if (of_set && call_is(call, position, "NX") && options->only_if != KEYSPACE_IF_PRESENT)
        options->only_if = KEYSPACE_IF_ABSENT;
    else if (of_set && call_is(call, position, "XX") && options->only_if != KEYSPACE_IF_ABSENT)
        options->only_if = KEYSPACE_IF_PRESENT;
    else if (of_set && call_is(call, position, "GET"))
        options->get = true;
    else if (of_set && call_is(call, position, "KEEPTTL") && !options->expire_position)
        options->keep_ttl = true;
    else if (!of_set && call_is(call, position, "PERSIST") && !options->expire_position)
        options->persist = true;
    else
        return false;
    return true;
}

bool set_options_parse(struct command_call *call, size_t first, enum set_options_of command,
                       struct set_options *options) {
    *options = (struct set_options){0};
    for (size_t i = first; i < call->args_count; i++) {
        if (take_word(call, i, command, options) || take_time_option(call, &i, options)) continue;
        reply_error(call->reply, ERROR_SYNTAX);
        return false;
    }
    return true;
}
