/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Keys whatever they hold, and walks over all of them.  Source of answers: Redis 7.0 db.c. */

#include "cmd/handlers.h"

#include "base/glob.h"
#include "base/number.h"

enum { FIRST_KEY = 1 };

/* DEL key [key ...] */
void cmd_del(struct command_call *call) {
    size_t count;
    struct store_key *keys = call_keys(call, FIRST_KEY, 1, &count);
    if (!keys) return;
    reply_integer(call->reply, (int64_t)keyspace_remove_keys(call->access, keys, count));
}

/* UNLINK key [key ...]: freeing a string is one step here, so there is nothing to put off. */
void cmd_unlink(struct command_call *call) {
    cmd_del(call);
}

/* EXISTS key [key ...] */
void cmd_exists(struct command_call *call) {
    size_t count;
    struct store_key *keys = call_keys(call, FIRST_KEY, 1, &count);
    if (!keys) return;
    int64_t found = 0;
    keyspace_enter_keys(call->access, keys, count);
    for (size_t i = 0; i < count; i++) {
        struct store_value value;
        found += keyspace_find(call->access, &keys[i], &value);
    }
    keyspace_leave(call->access);
    reply_integer(call->reply, found);
}

/* TYPE key */
void cmd_type(struct command_call *call) {
    struct store_value value;
    bool found = keyspace_enter(call->access, &call->key, &value);
    const char *name = found ? value_type_name(value.type) : "none";
    keyspace_leave(call->access);
    reply_simple(call->reply, bytes_of_cstr(name));
}

/* ---- walks ------------------------------------------------------------------------------------*/

/* What a walk collects: names as bulk strings, one behind the other. */
struct walk {
    struct resp_writer names;
    size_t count;
    struct bytes pattern; /* "*": every name fits */
    struct bytes type;    /* empty: any */
};

static void walk_visit(void *context, struct bytes name, const struct store_value *value) {
    struct walk *walk = context;
    if (!glob_is_all(walk->pattern) && !glob_match(walk->pattern, name)) return;
    if (walk->type.data && !bytes_is(walk->type, value_type_name(value->type))) return;
    resp_bulk(&walk->names, name);
    walk->count++;
}

static struct walk walk_of(struct command_call *call, struct bytes pattern) {
    struct buf *names = &call->worker->collected;
    buf_clear(names);
    return (struct walk){.names = {.out = names, .version = call->session->resp_version},
                         .pattern = pattern};
}

static void reply_walk(struct command_call *call, const struct walk *walk) {
    reply_array(call->reply, walk->count);
    resp_raw(&call->reply->writer, buf_view(walk->names.out));
    buf_clear(walk->names.out);
    buf_shrink(walk->names.out, KEYSPACE_SCRATCH_BYTES_KEPT);
}

/* KEYS pattern.  The locks are taken a few keys at a time, so nobody waits for it, and it is no
 * one moment's answer. */
void cmd_keys(struct command_call *call) {
    enum { KEYS_PATTERN = 1 };
    struct walk walk = walk_of(call, call->args[KEYS_PATTERN]);
    struct keyspace_scan scan = {.db = call->session->db, .visit = walk_visit, .context = &walk};
    uint64_t cursor = 0;
    do {
        cursor = keyspace_scan(call->access, &scan, cursor);
    } while (cursor && !walk.names.failed);
    if (walk.names.failed)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_walk(call, &walk);
}

/* As strtoul reads it in Redis: an empty text is 0, a sign may stand in front and wraps. */
static bool parse_cursor(struct bytes text, uint64_t *cursor) {
    bool minus = text.len && text.data[0] == '-';
    if (text.len && (minus || text.data[0] == '+')) {
        text = bytes_slice(text, 1, text.len);
        if (text.len == 0) return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!byte_is_digit(text.data[i]) || mul_overflows(value, 10u, &value) ||
            add_overflows(value, (uint64_t)(text.data[i] - '0'), &value))
            return false;
    }
    *cursor = minus ? 0 - value : value;
    return true;
}

struct scan_options {
    int64_t count;
    struct bytes pattern, type;
};

static bool parse_scan_options(struct command_call *call, struct scan_options *options) {
    enum { SCAN_FIRST_OPTION = 2 };
    for (size_t i = SCAN_FIRST_OPTION; i < call->args_count; i += 2) {
        bool has_value = i + 1 < call->args_count;
        if (has_value && call_is(call, i, "COUNT")) {
            if (!call_integer(call, i + 1, &options->count)) return false;
            if (options->count >= 1) continue;
        } else if (has_value && call_is(call, i, "MATCH")) {
            options->pattern = call->args[i + 1];
            continue;
        } else if (has_value && call_is(call, i, "TYPE")) {
            options->type = call->args[i + 1];
            continue;
        }
        reply_error(call->reply, ERROR_SYNTAX);
        return false;
    }
    return true;
}

/* SCAN cursor [MATCH pattern] [COUNT n] [TYPE type] */
void cmd_scan(struct command_call *call) {
    enum { SCAN_CURSOR = 1, COUNT_MAX = 1 << 20 };
    struct scan_options options = {.count = 10, .pattern = BYTES("*")};
    uint64_t cursor;
    if (!parse_cursor(call->args[SCAN_CURSOR], &cursor)) {
        reply_error(call->reply, BYTES("ERR invalid cursor"));
        return;
    }
    if (!parse_scan_options(call, &options)) return;

    struct walk walk = walk_of(call, options.pattern);
    walk.type = options.type;
    struct keyspace_scan scan = {
        .db = call->session->db, .visit = walk_visit, .context = &walk, .remove_expired = true};
    /* A sparse table or a pattern that fits nothing costs at most so many steps a call. */
    uint64_t steps_left = (uint64_t)MIN(options.count, COUNT_MAX) * 10;
    do {
        cursor = keyspace_scan(call->access, &scan, cursor);
    } while (cursor && --steps_left && walk.count < (size_t)options.count && !walk.names.failed);

    if (walk.names.failed) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    reply_array(call->reply, 2);
    reply_bulk(call->reply, bytes_view(digits, number_format_u64(digits, cursor)));
    reply_walk(call, &walk);
}
