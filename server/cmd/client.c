/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CLIENT.  What asks about other clients becomes a client_query, for they live on other workers.
 * Source of answers: Redis 7.0 networking.c clientCommand; SETINFO: Redis 7.2; KILL's MAXAGE: 7.4;
 * MAINT_NOTIFICATIONS: what redis-py 7 and 8 send to any server. */

#include "cmd/handlers.h"

#include "base/number.h"

#include <stdio.h>

enum { CLIENT_FIRST_ARG = 2 };

/* ---- this client ------------------------------------------------------------------------------*/

/* CLIENT ID */
void cmd_client_id(struct command_call *call) {
    reply_integer(call->reply, (int64_t)call->session->id);
}

/* CLIENT INFO */
void cmd_client_info(struct command_call *call) {
    struct buf *line = &call->worker->collected;
    buf_clear(line);
    if (client_describe(call->session, call->worker->mono_ms, line) == BRINE_OK)
        reply_verbatim(call->reply, buf_view(line));
    else
        reply_error(call->reply, ERROR_NO_MEMORY);
    buf_clear(line);
}

/* CLIENT GETNAME */
void cmd_client_getname(struct command_call *call) {
    struct bytes name = session_text_view(&call->session->name);
    if (name.len)
        reply_bulk(call->reply, name);
    else
        reply_null(call->reply);
}

/* A name goes into CLIENT LIST, a line of words. */
static bool is_plain(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '!' || text.data[i] > '~') return false;
    return true;
}

static bool set_text(struct command_call *call, struct session_text *field, struct bytes text) {
    enum brine_status status = session_set_text(call->session, field, text);
    if (status == BRINE_TOO_BIG)
        reply_errorf(call->reply, "ERR a name is at most %d bytes long", SESSION_NAME_BYTES_MAX);
    else if (status != BRINE_OK)
        reply_error(call->reply, ERROR_NO_MEMORY);
    return status == BRINE_OK;
}

bool call_set_client_name(struct command_call *call, struct bytes name) {
    if (is_plain(name)) return set_text(call, &call->session->name, name);
    reply_error(call->reply, BYTES("ERR Client names cannot contain spaces, newlines or special "
                                   "characters."));
    return false;
}

/* CLIENT SETNAME name */
void cmd_client_setname(struct command_call *call) {
    if (call_set_client_name(call, call->args[CLIENT_FIRST_ARG])) reply_ok(call->reply);
}

/* CLIENT SETINFO LIB-NAME | LIB-VER text */
void cmd_client_setinfo(struct command_call *call) {
    enum { SETINFO_ATTRIBUTE = 2, SETINFO_TEXT = 3 };
    struct bytes attribute = call->args[SETINFO_ATTRIBUTE];
    struct session_text *field = NULL;
    if (bytes_is(attribute, "LIB-NAME")) field = &call->session->library_name;
    if (bytes_is(attribute, "LIB-VER")) field = &call->session->library_version;
    if (!field) {
        reply_errorf(call->reply, "ERR Unrecognized option '%.*s'", (int)attribute.len,
                     (const char *)attribute.data);
        return;
    }
    if (!is_plain(call->args[SETINFO_TEXT])) {
        reply_errorf(call->reply, "ERR %.*s cannot contain spaces, newlines or special characters.",
                     (int)attribute.len, (const char *)attribute.data);
        return;
    }
    if (set_text(call, field, call->args[SETINFO_TEXT])) reply_ok(call->reply);
}

/* ---- other clients ----------------------------------------------------------------------------*/

struct client_query *client_create_query(struct command_call *call, enum client_query_kind kind) {
    struct client_query *query = mem_alloc_zeroed(call->worker->mem, sizeof *query);
    if (!query) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return NULL;
    }
    query->kind = kind;
    query->mem = call->worker->mem;
    query->asker_id = call->session->id;
    query->is_muted = call->session->modes & SESSION_MUTED;
    size_t limit = (size_t)config_read(call->worker->config->limits.output_bytes);
    buf_init(&query->head, query->mem, limit);
    buf_init(&query->tail, query->mem, limit);
    return query;
}

/* Without net there is one client, the asker. */
static struct client_query *ask_here(struct command_call *call, struct client_query *query) {
    struct client_query_part part = {0};
    buf_init(&part.text, call->worker->mem, CLIENT_QUERY_TEXT_BYTES_MAX);
    if (client_query_visit(query, call->worker, call->session, &part))
        call->session->close_after_reply = true;
    struct client_query *next = client_query_finish(call->worker, call->session, query, &part, 1);
    buf_deinit(&part.text);
    return next;
}

static void ask(struct command_call *call, struct client_query *query) {
    const struct services *services = call->worker->services;
    if (services && services->clients_query) {
        call->session->waiting = true;
        services->clients_query(call->worker, call->session, query);
        return;
    }
    while (query) query = ask_here(call, query);
}

/* What was said of EXEC's reply so far, values and all, is kept with a query. */
static bool keep_reply(struct command_call *call, struct buf *kept) {
    struct reply *reply = call->reply;
    struct reply_mark mark = call->worker->exec_mark;
    size_t at = mark.out_bytes;
    bool fits = !reply_is_broken(reply);
    for (size_t i = mark.larges_count; i < reply->larges_count && fits; i++) {
        const struct reply_large *large = &reply->larges[i];
        fits = buf_append(kept, bytes_slice(buf_view(&reply->out), at, large->offset - at)) ==
                   BRINE_OK &&
               buf_append(kept, large->bytes) == BRINE_OK;
        at = large->offset;
    }
    fits = fits && buf_append(kept, bytes_slice(buf_view(&reply->out), at, SIZE_MAX)) == BRINE_OK;
    mark.errors = reply->errors;
    if (fits) reply_rewind(reply, mark);
    return fits;
}

/* EXEC is not interrupted: the query is asked when it is over, and its reply waits for that. */
static void ask_after_exec(struct command_call *call, struct client_query *query) {
    struct client_query **last = &call->worker->late_queries;
    while (*last) last = &(*last)->next;
    query->within_exec = true;
    if (keep_reply(call, &query->head)) {
        *last = query;
        return;
    }
    client_query_destroy(query);
    reply_error(call->reply, ERROR_NO_MEMORY);
}

void client_run_query(struct command_call *call, struct client_query *query) {
    if (call->access->in_transaction)
        ask_after_exec(call, query);
    else
        ask(call, query);
}

/* NULL: no memory. */
static struct client_query_command *copy_command(const struct command_call *call,
                                                 struct allocator *mem) {
    size_t bytes = sizeof(struct client_query_command) + call->args_count * sizeof(struct bytes);
    size_t at = bytes;
    for (size_t i = 0; i < call->args_count; i++) bytes += call->args[i].len;
    struct client_query_command *copy = mem_alloc(mem, bytes);
    if (!copy) return NULL;
    *copy = (struct client_query_command){call->command, call->args_count, bytes};
    for (size_t i = 0; i < call->args_count; i++) {
        bytes_copy_to((uint8_t *)copy + at, call->args[i]);
        copy->args[i] = bytes_view((uint8_t *)copy + at, call->args[i].len);
        at += call->args[i].len;
    }
    return copy;
}

bool client_run_later(struct command_call *call) {
    if (LIKELY(!call->worker->late_queries)) return false;
    if (!bytes_starts_with(bytes_of_cstr(call->command->name), BYTES("pubsub|"))) return false;
    struct client_query *query = client_create_query(call, CLIENT_QUERY_RUN);
    if (!query) return true;
    query->nobody = true;
    query->run = copy_command(call, query->mem);
    if (query->run) {
        ask_after_exec(call, query);
    } else {
        client_query_destroy(query);
        reply_error(call->reply, ERROR_NO_MEMORY);
    }
    return true;
}

void client_run_late_queries(struct command_call *call) {
    struct client_query *first = call->worker->late_queries;
    if (LIKELY(!first)) return;
    struct client_query *last = first;
    while (last->next) last = last->next;
    call->worker->late_queries = NULL;
    call->session->modes |= SESSION_DEFERRED; /* what it is told meanwhile is held */
    if (keep_reply(call, &last->tail))
        ask(call, first);
    else
        client_query_fail(call->worker, call->session, first);
}

static bool take_type(struct command_call *call, struct bytes type, struct client_query *query) {
    query->type = bytes_is(type, "NORMAL")   ? CLIENT_NORMAL
                  : bytes_is(type, "PUBSUB") ? CLIENT_LISTENING
                                             : CLIENT_NONE;
    if (query->type != CLIENT_NONE || bytes_is(type, "MASTER") || bytes_is(type, "REPLICA") ||
        bytes_is(type, "SLAVE"))
        return true;
    reply_errorf(call->reply, "ERR Unknown client type '%.*s'", (int)type.len,
                 (const char *)type.data);
    return false;
}

static bool take_ids(struct command_call *call, size_t first, size_t count,
                     struct client_query *query) {
    bool kills = query->kind == CLIENT_QUERY_KILL; /* which refuses 0 and less as well */
    query->ids = mem_alloc(query->mem, count * sizeof *query->ids);
    if (!query->ids) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return false;
    }
    query->ids_count = count;
    for (size_t i = 0; i < count; i++) {
        int64_t id;
        if (!number_parse_i64(call->args[first + i], &id) || (kills && id < 1)) {
            reply_error(call->reply, kills ? BYTES("ERR client-id should be greater than 0")
                                           : BYTES("ERR Invalid client ID"));
            return false;
        }
        query->ids[i] = (uint64_t)id;
    }
    return true;
}

/* CLIENT LIST [TYPE type | ID id ...] */
void cmd_client_list(struct command_call *call) {
    enum { LIST_OPTION = 2, LIST_VALUE = 3, LIST_ARGS_TYPE = 4 };
    struct client_query *query = client_create_query(call, CLIENT_QUERY_LIST);
    if (!query) return;
    bool understood = call->args_count == LIST_OPTION;
    if (call->args_count == LIST_ARGS_TYPE && call_is(call, LIST_OPTION, "TYPE")) {
        understood = take_type(call, call->args[LIST_VALUE], query);
    } else if (call->args_count > LIST_VALUE && call_is(call, LIST_OPTION, "ID")) {
        understood = take_ids(call, LIST_VALUE, call->args_count - LIST_VALUE, query);
    } else if (!understood) {
        reply_error(call->reply, ERROR_SYNTAX);
    }
    if (understood)
        client_run_query(call, query);
    else
        client_query_destroy(query);
}

static bool take_address(char target[static SESSION_ADDRESS_BYTES], struct bytes text,
                         struct client_query *query) {
    if (text.len >= SESSION_ADDRESS_BYTES || text.len == 0) {
        query->nobody = true;
        return true;
    }
    bytes_copy_to(target, text);
    target[text.len] = 0;
    return true;
}

static bool take_age(struct command_call *call, struct bytes text, struct client_query *query) {
    const char *why = NULL;
    if (!number_parse_i64(text, &query->age_min_s))
        why = "ERR maxage is not an integer or out of range";
    else if (query->age_min_s <= 0)
        why = "ERR maxage should be greater than 0";
    if (why) reply_error(call->reply, bytes_of_cstr(why));
    return !why;
}

/* One "FILTER value" of CLIENT KILL; false: an error was replied. */
static bool take_filter(struct command_call *call, size_t position, struct client_query *query) {
    struct bytes value = call->args[position + 1];
    if (call_is(call, position, "ID")) {
        if (query->ids) mem_free(query->mem, query->ids, query->ids_count * sizeof *query->ids);
        query->ids = NULL;
        return take_ids(call, position + 1, 1, query);
    }
    if (call_is(call, position, "MAXAGE")) return take_age(call, value, query);
    if (call_is(call, position, "TYPE")) return take_type(call, value, query);
    if (call_is(call, position, "ADDR")) return take_address(query->peer, value, query);
    if (call_is(call, position, "LADDR")) return take_address(query->local, value, query);
    if (call_is(call, position, "USER")) {
        auth_user_unref(query->user);
        query->user = auth_find(&call->worker->shared->auth, value);
        if (query->user) return true;
        reply_errorf(call->reply, "ERR No such user '%.*s'", (int)value.len,
                     (const char *)value.data);
        return false;
    }
    if (call_is(call, position, "SKIPME")) {
        query->skip_asker = bytes_is(value, "yes");
        if (query->skip_asker || bytes_is(value, "no")) return true;
    }
    reply_error(call->reply, ERROR_SYNTAX);
    return false;
}

/* CLIENT KILL address | filter value ... */
void cmd_client_kill(struct command_call *call) {
    enum { KILL_FIRST = 2, KILL_ARGS_OLD = 3 };
    struct client_query *query = client_create_query(call, CLIENT_QUERY_KILL);
    if (!query) return;
    bool understood = true;
    if (call->args_count == KILL_ARGS_OLD) {
        query->old_form = true;
        understood = take_address(query->peer, call->args[KILL_FIRST], query);
    } else {
        query->skip_asker = true;
        for (size_t i = KILL_FIRST; i < call->args_count && understood; i += 2) {
            if (i + 1 < call->args_count) {
                understood = take_filter(call, i, query);
            } else {
                reply_error(call->reply, ERROR_SYNTAX);
                understood = false;
            }
        }
    }
    if (understood)
        client_run_query(call, query);
    else
        client_query_destroy(query);
}

/* CLIENT HELP */
void cmd_client_help(struct command_call *call) {
    static const char *const lines[] = {
        "CACHING (YES|NO)",
        "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
        "GETREDIR",
        "    Return the client ID we are redirecting to when tracking is enabled.",
        "GETNAME",
        "    Return the name of the current connection.",
        "ID",
        "    Return the ID of the current connection.",
        "INFO",
        "    Return information about the current client connection.",
        "KILL <ip:port>",
        "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Kill connections. Options are:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made from the specified address",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made to specified local address",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Kill connections by type.",
        "    * USER <username>",
        "      Kill connections authenticated by <username>.",
        "    * SKIPME (YES|NO)",
        "      Skip killing current connection (default: yes).",
        "    * ID <client-id>",
        "      Kill connections by client id.",
        "    * MAXAGE <maxage>",
        "      Kill connections older than the specified age.",
        "LIST [options ...]",
        "    Return information about client connections. Options:",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Return clients of specified type.",
        "    * ID <client-id> [<client-id> ...]",
        "      Return clients of specified IDs only.",
        "UNPAUSE",
        "    Stop the current client pause, resuming traffic.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Suspend all, or just write, clients for <timeout> milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Control the replies sent to the current connection.",
        "SETNAME <name>",
        "    Assign the name <name> to the current connection.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]",
        "    Unblock the specified blocked client.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Control server assisted client side caching.",
        "TRACKINGINFO",
        "    Report tracking status for the current connection.",
        "NO-EVICT (ON|OFF)",
        "    Protect current client connection from eviction.",
        "NO-TOUCH (ON|OFF)",
        "    Will not touch LRU/LFU stats when this mode is on.",
        "MAINT_NOTIFICATIONS (ON|OFF) [<parameter> <value> [...]]",
        "    Ask to be told of maintenance. There is none, so nothing is ever told.",
        "SETINFO <option> <value>",
        "    Set client meta attr. Options are:",
        "    * LIB-NAME: the client lib name.",
        "    * LIB-VER: the client lib version.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
