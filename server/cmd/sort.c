/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* SORT and SORT_RO, for what there is to sort: nothing.  A key that does not exist is an empty
 * list, and a string is of the wrong type; options are read and refused as Redis does.  Source of
 * answers and of the order of errors: Redis 7.0 sort.c. */

#include "cmd/cluster.h"
#include "cmd/handlers.h"
#include "cmd/permission.h"

enum { SORT_KEY = 1, SORT_FIRST_OPTION = 2 };

struct sort_options {
    size_t store; /* the target's position; 0: the result is replied */
};

static bool may_read_all_keys(const struct session *session) {
    if (!permission_asks(session)) return true;
    for (const struct auth_selector *each = &session->user->root; each; each = each->next)
        if (each->all_keys) return true;
    return false;
}

/* BY and GET look at keys that nobody named; false: an error was replied. */
static bool may_look_around(struct command_call *call, const char *option) {
    const char *why = NULL;
    if (cluster_is_enabled(call->worker))
        why = "in Cluster mode.";
    else if (!may_read_all_keys(call->session))
        why = "due to insufficient ACL permissions.";
    if (why) reply_errorf(call->reply, "ERR %s option of SORT denied %s", option, why);
    return !why;
}

/* False: an error was replied. */
static bool parse_sort(struct command_call *call, bool read_only, struct sort_options *options) {
    for (size_t i = SORT_FIRST_OPTION; i < call->args_count; i++) {
        size_t left = call->args_count - i - 1;
        int64_t number;
        if (call_is(call, i, "ASC") || call_is(call, i, "DESC") || call_is(call, i, "ALPHA"))
            continue;
        if (call_is(call, i, "LIMIT") && left >= 2) {
            if (!call_integer(call, i + 1, &number) || !call_integer(call, i + 2, &number))
                return false;
            i += 2;
        } else if (!read_only && call_is(call, i, "STORE") && left >= 1) {
            options->store = ++i;
        } else if (call_is(call, i, "BY") && left >= 1) {
            struct bytes pattern = call->args[++i];
            bool names_keys = memchr(pattern.data, '*', pattern.len) != NULL;
            if (names_keys && !may_look_around(call, "BY")) return false;
        } else if (call_is(call, i, "GET") && left >= 1) {
            if (!may_look_around(call, "GET")) return false;
            i++;
        } else {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        }
    }
    return true;
}

static void sort_key(struct command_call *call, bool read_only) {
    struct sort_options options = {0};
    struct store_value value;
    if (!parse_sort(call, read_only, &options)) return;
    bool found = keyspace_enter(call->access, &call->key, &value);
    keyspace_leave(call->access);
    if (found) {
        reply_error(call->reply, ERROR_WRONG_TYPE);
    } else if (options.store) {
        struct store_key target = call_key(call, options.store);
        (void)keyspace_remove_keys(call->access, &target, 1);
        reply_integer(call->reply, 0);
    } else {
        reply_array(call->reply, 0);
    }
}

/* SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE key] */
void cmd_sort(struct command_call *call) {
    sort_key(call, false);
}

/* SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] */
void cmd_sort_ro(struct command_call *call) {
    sort_key(call, true);
}
