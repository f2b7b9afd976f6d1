/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CLIENT TRACKING, TRACKINGINFO, CACHING, GETREDIR.  Source of answers: Redis 7.0 networking.c
 * clientCommand, tracking.c checkPrefixCollisionsOrReply. */

#include "cmd/tracking.h"

#include "base/number.h"
#include "cmd/client_query.h"
#include "cmd/handlers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLIENT_FIRST_ARG = 2 };

/* What is wrong is kept, not said at once: Redis looks for the target as soon as it is named, so
 * that there is none is said before whatever is wrong behind it. */
struct asked {
    uint32_t flags;
    bool off, has_target;
    int64_t target_id;
    struct bytes *prefixes;
    size_t prefixes_count;
    char error[RESP_ERROR_BYTES_MAX + 1]; /* "": all is well */
};

PRINTF_LIKE(2, 3) static bool fail(struct asked *asked, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(asked->error, sizeof asked->error, format, args);
    va_end(args);
    return false;
}

/* ---- CLIENT TRACKING: its arguments ---------------------------------------------------------- */

#define NO_SUCH_TARGET "ERR The client ID you want redirect to does not exist"

static bool take_target(struct command_call *call, size_t position, struct asked *asked) {
    int64_t id;
    if (asked->has_target)
        return fail(asked, "ERR A client can only redirect to a single other client");
    if (!number_parse_i64(call->args[position], &id))
        return fail(asked, "ERR value is not an integer or out of range");
    if (id <= 0) return fail(asked, NO_SUCH_TARGET);
    asked->has_target = true;
    asked->target_id = id;
    return true;
}

static bool take_flag(struct bytes word, struct asked *asked) {
    static const struct {
        const char *word;
        uint32_t flag;
    } flags[] = {{"BCAST", TRACKING_BCAST},
                 {"OPTIN", TRACKING_OPTIN},
                 {"OPTOUT", TRACKING_OPTOUT},
                 {"NOLOOP", TRACKING_NOLOOP}};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (!bytes_is(word, flags[i].word)) continue;
        asked->flags |= flags[i].flag;
        return true;
    }
    return false;
}

/* False: something is wrong. */
static bool take_options(struct command_call *call, size_t first, struct asked *asked) {
    for (size_t i = first; i < call->args_count; i++) {
        bool more = i + 1 < call->args_count;
        if (call_is(call, i, "REDIRECT") && more) {
            if (!take_target(call, ++i, asked)) return false;
        } else if (call_is(call, i, "PREFIX") && more) {
            asked->prefixes[asked->prefixes_count++] = call->args[++i];
        } else if (!take_flag(call->args[i], asked)) {
            return fail(asked, "ERR syntax error");
        }
    }
    return true;
}

static bool overlap(struct bytes a, struct bytes b) {
    return a.len < b.len ? bytes_starts_with(b, a) : bytes_starts_with(a, b);
}

static bool fail_by_overlap(struct asked *asked, struct bytes one, struct bytes other,
                            const char *which) {
    return fail(asked,
                "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single client "
                "must not overlap.",
                (int)one.len, (const char *)one.data, which, (int)other.len,
                (const char *)other.data);
}

static bool prefixes_fit(struct asked *asked, const struct tracked *tracked) {
    for (size_t i = 0; i < asked->prefixes_count; i++) {
        struct bytes one = asked->prefixes[i];
        for (size_t j = 0; tracked && j < tracked->prefixes_count; j++)
            if (overlap(one, tracked->prefixes[j]->name))
                return fail_by_overlap(asked, one, tracked->prefixes[j]->name, "an existing");
        for (size_t j = i + 1; j < asked->prefixes_count; j++)
            if (overlap(one, asked->prefixes[j]))
                return fail_by_overlap(asked, one, asked->prefixes[j], "another provided");
    }
    return true;
}

/* What does not go together, and what cannot be changed while it is on; NULL: all is well. */
static const char *find_conflict(const struct session *session, const struct asked *asked) {
    uint32_t now = tracking_flags(session), wanted = asked->flags;
    if (!(wanted & TRACKING_BCAST) && asked->prefixes_count)
        return "PREFIX option requires BCAST mode to be enabled";
    if (now & TRACKING_ON && (now ^ wanted) & TRACKING_BCAST)
        return "You can't switch BCAST mode on/off before disabling tracking for this client, and "
               "then re-enabling it with a different mode.";
    if (wanted & TRACKING_BCAST && wanted & (TRACKING_OPTIN | TRACKING_OPTOUT))
        return "OPTIN and OPTOUT are not compatible with BCAST";
    if (wanted & TRACKING_OPTIN && wanted & TRACKING_OPTOUT)
        return "You can't specify both OPTIN mode and OPTOUT mode";
    if ((wanted & TRACKING_OPTIN && now & TRACKING_OPTOUT) ||
        (wanted & TRACKING_OPTOUT && now & TRACKING_OPTIN))
        return "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
               "then re-enabling it with a different mode.";
    return NULL;
}

/* ---- CLIENT TRACKING ON ---------------------------------------------------------------------- */

void tracking_carry_out(struct worker_state *worker, struct session *session,
                        struct keyspace *keyspace, const struct tracking_request *request) {
    static const struct bytes every_key = {(const uint8_t *)"", 0};
    if (request->error.len) {
        reply_error(&worker->reply, request->error);
        return;
    }
    if (request->off) {
        tracking_stop(session);
        reply_ok(&worker->reply);
        return;
    }
    bool bcast = request->flags & TRACKING_BCAST;
    bool every = bcast && request->prefixes_count == 0;
    struct tracking_options options = {
        .keyspace = keyspace,
        .worker = worker->index,
        .flags = request->flags,
        .target = request->target,
        .prefixes = every ? &every_key : request->prefixes,
        .prefixes_count = every ? 1 : request->prefixes_count,
    };
    if (tracking_start(&worker->shared->tracking, session, &options) == BRINE_OK)
        reply_ok(&worker->reply);
    else
        reply_error(&worker->reply, ERROR_NO_MEMORY);
}

/* The arguments are gone when the answer to the query comes. */
static bool copy_texts(struct tracking_request *request, const struct asked *asked,
                       struct allocator *mem) {
    struct bytes error = bytes_of_cstr(asked->error);
    size_t bytes = asked->prefixes_count * sizeof(struct bytes) + error.len;
    for (size_t i = 0; i < asked->prefixes_count; i++) bytes += asked->prefixes[i].len;
    if (bytes == 0) return true;
    request->prefixes = mem_alloc(mem, bytes);
    if (!request->prefixes) return false;
    request->block_bytes = bytes;
    uint8_t *text = (uint8_t *)(request->prefixes + asked->prefixes_count);
    for (; request->prefixes_count < asked->prefixes_count; request->prefixes_count++) {
        struct bytes prefix = asked->prefixes[request->prefixes_count];
        bytes_copy_to(text, prefix);
        request->prefixes[request->prefixes_count] = bytes_view(text, prefix.len);
        text += prefix.len;
    }
    bytes_copy_to(text, error);
    request->error = bytes_view(text, error.len);
    return true;
}

/* Where the target lives is asked of all workers. */
static void ask_for_target(struct command_call *call, const struct asked *asked) {
    struct client_query *query = client_create_query(call, CLIENT_QUERY_TARGET);
    if (!query) return;
    query->ids = mem_alloc(query->mem, sizeof *query->ids);
    query->request = mem_alloc_zeroed(query->mem, sizeof *query->request);
    if (query->ids) query->ids_count = 1;
    if (!query->ids || !query->request || !copy_texts(query->request, asked, query->mem)) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        client_query_destroy(query);
        return;
    }
    query->ids[0] = (uint64_t)asked->target_id;
    query->request->flags = asked->flags | TRACKING_REDIRECTED;
    query->request->off = asked->off;
    client_run_query(call, query);
}

static void understand(struct command_call *call, struct asked *asked) {
    enum { TRACKING_SWITCH = CLIENT_FIRST_ARG, TRACKING_FIRST_OPTION };
    if (!take_options(call, TRACKING_FIRST_OPTION, asked)) return;
    asked->off = call_is(call, TRACKING_SWITCH, "OFF");
    if (asked->off) return;
    const char *conflict = find_conflict(call->session, asked);
    if (!call_is(call, TRACKING_SWITCH, "ON"))
        (void)fail(asked, "ERR syntax error");
    else if (conflict)
        (void)fail(asked, "ERR %s", conflict);
    else if (asked->flags & TRACKING_BCAST)
        (void)prefixes_fit(asked, call->session->tracked);
}

/* CLIENT TRACKING ON | OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP] */
void cmd_client_tracking(struct command_call *call) {
    struct asked asked = {0};
    asked.prefixes = arena_alloc(&call->worker->scratch, call->args_count * sizeof(struct bytes));
    if (!asked.prefixes) {
        reply_error(call->reply, ERROR_NO_MEMORY);
        return;
    }
    understand(call, &asked);
    bool turns_on = !asked.off && asked.error[0] == 0;
    if (asked.has_target && turns_on && call->access->in_transaction) {
        reply_error(call->reply, BYTES("ERR CLIENT TRACKING with REDIRECT asks all workers, which "
                                       "it cannot within EXEC"));
    } else if (asked.has_target) {
        ask_for_target(call, &asked);
    } else {
        struct tracking_request request = {.flags = asked.flags,
                                           .off = asked.off,
                                           .error = bytes_of_cstr(asked.error),
                                           .prefixes = asked.prefixes,
                                           .prefixes_count = asked.prefixes_count};
        tracking_carry_out(call->worker, call->session, call->access->keyspace, &request);
    }
}

/* ---- the others ------------------------------------------------------------------------------ */

/* CLIENT CACHING YES | NO */
void cmd_client_caching(struct command_call *call) {
    uint32_t flags = tracking_flags(call->session);
    const char *why = NULL;
    bool yes = call_is(call, CLIENT_FIRST_ARG, "YES"), no = call_is(call, CLIENT_FIRST_ARG, "NO");
    if (!(flags & TRACKING_ON))
        why = "ERR CLIENT CACHING can be called only when the client is in tracking mode with "
              "OPTIN or OPTOUT mode enabled";
    else if (yes && !(flags & TRACKING_OPTIN))
        why = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
    else if (no && !(flags & TRACKING_OPTOUT))
        why = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
    else if (!yes && !no)
        why = "ERR syntax error";
    if (why) {
        reply_error(call->reply, bytes_of_cstr(why));
        return;
    }
    call->session->tracked->caching = true;
    reply_ok(call->reply);
}

/* CLIENT GETREDIR */
void cmd_client_getredir(struct command_call *call) {
    reply_integer(call->reply, client_redirection(call->session));
}

static int compare_prefixes(const void *a, const void *b) {
    const struct tracking_prefix *one = *(struct tracking_prefix *const *)a;
    const struct tracking_prefix *other = *(struct tracking_prefix *const *)b;
    int order = memcmp(one->name.data, other->name.data, MIN(one->name.len, other->name.len));
    return order ? order : (one->name.len > other->name.len) - (one->name.len < other->name.len);
}

static void reply_flags(struct command_call *call, uint32_t flags, bool caching) {
    const struct {
        const char *word;
        bool is_set;
    } words[] = {
        {"off", !(flags & TRACKING_ON)},
        {"on", flags & TRACKING_ON},
        {"bcast", flags & TRACKING_BCAST},
        {"optin", flags & TRACKING_OPTIN},
        {"caching-yes", flags & TRACKING_OPTIN && caching},
        {"optout", flags & TRACKING_OPTOUT},
        {"caching-no", flags & TRACKING_OPTOUT && caching},
        {"noloop", flags & TRACKING_NOLOOP},
        {"broken_redirect", flags & TRACKING_BROKEN},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) count += words[i].is_set;
    reply_set(call->reply, count);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i].is_set) reply_bulk(call->reply, bytes_of_cstr(words[i].word));
}

/* CLIENT TRACKINGINFO */
void cmd_client_trackinginfo(struct command_call *call) {
    struct tracked *tracked = call->session->tracked;
    size_t prefixes = tracked ? tracked->prefixes_count : 0;
    reply_map(call->reply, 3);
    reply_bulk(call->reply, BYTES("flags"));
    reply_flags(call, tracking_flags(call->session), tracked && tracked->caching);
    reply_bulk(call->reply, BYTES("redirect"));
    reply_integer(call->reply, client_redirection(call->session));
    reply_bulk(call->reply, BYTES("prefixes"));
    reply_array(call->reply, prefixes);
    if (prefixes) qsort(tracked->prefixes, prefixes, sizeof *tracked->prefixes, compare_prefixes);
    for (size_t i = 0; i < prefixes; i++) reply_bulk(call->reply, tracked->prefixes[i]->name);
}
