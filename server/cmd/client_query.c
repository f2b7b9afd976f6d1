/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/client_query.h"

#include "base/assert.h"
#include "base/number.h"
#include "cmd/handlers.h"
#include "cmd/permission.h"
#include "cmd/tracking.h"
#include "session/transaction.h"

#include <inttypes.h>
#include <stdlib.h>

/* A line of a part as it travels: the client's id, so that lines of several workers can be put in
 * order, the line's length, the line. */
struct line_head {
    uint64_t id;
    size_t len;
};

enum { CLIENT_FLAGS_MAX = 12 };

/* In Redis's order. */
static void describe_flags(const struct session *session, char flags[static CLIENT_FLAGS_MAX + 1]) {
    uint32_t tracking = tracking_flags(session);
    const struct {
        char flag;
        bool is_set;
    } rows[CLIENT_FLAGS_MAX] = {
        {'O', session->modes & SESSION_MONITOR},
        {'P', pubsub_listens(session)},
        {'x', session->queued >= 0},
        {'b', session->modes & SESSION_POSTPONED},
        {'t', tracking & TRACKING_ON},
        {'R', tracking & TRACKING_BROKEN},
        {'B', tracking & TRACKING_BCAST},
        {'d', session->transaction && !session->transaction->is_running &&
                  transaction_is_touched(session->transaction)},
        {'c', session->close_after_reply},
        {'U', session->peer[0] == '/'},
        {'e', session->modes & SESSION_NO_EVICT},
        {'T', session->modes & SESSION_NO_TOUCH},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].is_set) flags[count++] = rows[i].flag;
    if (count == 0) flags[count++] = 'N';
    flags[count] = 0;
}

int64_t client_redirection(const struct session *session) {
    if (!(tracking_flags(session) & TRACKING_ON)) return -1;
    if (!(tracking_flags(session) & TRACKING_REDIRECTED)) return 0;
    return (int64_t)tracking_address_id(atomic_load(&session->tracked->tracker->target));
}

/* Redis's fields in Redis's order; what does not exist here is 0.  Source: networking.c
 * catClientInfoString; lib-name and lib-ver: Redis 7.2. */
enum brine_status client_describe(const struct session *session, int64_t mono_ms, struct buf *out) {
    const struct command *command = session->last_command;
    struct bytes name = session_text_view(&session->name);
    struct bytes library = session_text_view(&session->library_name);
    struct bytes version = session_text_view(&session->library_version);
    size_t queued_bytes = session_transaction_bytes(session);
    char flags[CLIENT_FLAGS_MAX + 1];
    describe_flags(session, flags);
    TRY(buf_printf(
        out,
        "id=%" PRIu64 " addr=%s laddr=%s fd=%d name=%.*s age=%" PRId64 " idle=%" PRId64
        " flags=%s db=%" PRIu32 " sub=%zu psub=%zu ssub=%zu multi=%" PRId32
        " qbuf=%zu qbuf-free=%zu "
        "argv-mem=0 multi-mem=%zu rbs=0 rbp=0 obl=0 oll=0 omem=%zu tot-mem=%zu events=r ",
        session->id, session->peer, session->local, session->fd, (int)name.len,
        (const char *)name.data, (mono_ms - session->created_mono_ms) / 1000,
        (mono_ms - session->last_active_mono_ms) / 1000, flags, session->db,
        pubsub_count(session, PUBSUB_CHANNEL), pubsub_count(session, PUBSUB_PATTERN),
        pubsub_count(session, PUBSUB_SHARD), session->queued, session->query_bytes,
        session->query_cap_bytes - MIN(session->query_bytes, session->query_cap_bytes),
        queued_bytes, session->output_bytes,
        sizeof *session + session->query_cap_bytes + session->output_bytes + queued_bytes));
    return buf_printf(out,
                      "cmd=%s user=%.*s redir=%" PRId64 " resp=%d lib-name=%.*s lib-ver=%.*s\n",
                      command ? command->name : "NULL", (int)session_user_name(session).len,
                      (const char *)session_user_name(session).data, client_redirection(session),
                      session->resp_version, (int)library.len, (const char *)library.data,
                      (int)version.len, (const char *)version.data);
}

static bool is_meant(const struct client_query *query, const struct session *session,
                     int64_t mono_ms) {
    if (query->nobody) return false;
    if ((mono_ms - session->created_mono_ms) / 1000 < query->age_min_s) return false;
    if (query->type && query->type != (pubsub_listens(session) ? CLIENT_LISTENING : CLIENT_NORMAL))
        return false;
    if (query->skip_asker && session->id == query->asker_id) return false;
    if (query->peer[0] && strcmp(query->peer, session->peer) != 0) return false;
    if (query->local[0] && strcmp(query->local, session->local) != 0) return false;
    if (query->user && !bytes_equal(session_user_name(session), query->user->name)) return false;
    if (!query->ids) return true;
    for (size_t i = 0; i < query->ids_count; i++)
        if (query->ids[i] == session->id) return true;
    return false;
}

static void add_line(const struct session *session, int64_t mono_ms,
                     struct client_query_part *part) {
    size_t start = part->text.len;
    struct line_head head = {.id = session->id};
    if (buf_append(&part->text, bytes_view(&head, sizeof head)) != BRINE_OK ||
        client_describe(session, mono_ms, &part->text) != BRINE_OK) {
        part->failed = true;
        part->text.len = start;
        return;
    }
    head.len = part->text.len - start - sizeof head;
    bytes_copy_to(part->text.data + start, bytes_view(&head, sizeof head));
}

bool client_query_visit(const struct client_query *query, struct worker_state *worker,
                        struct session *session, struct client_query_part *part) {
    if (!is_meant(query, session, worker->mono_ms)) return false;
    part->matches++;
    if (query->kind == CLIENT_QUERY_LIST) {
        add_line(session, worker->mono_ms, part);
        return false;
    }
    if (query->kind == CLIENT_QUERY_TARGET) {
        part->target = tracking_address_of(session->id, worker->index);
        part->failed =
            tracking_attend(&worker->shared->tracking, session, worker->index) != BRINE_OK;
        return false;
    }
    if (session->id == query->asker_id) {
        part->asker_meant = true;
        return false;
    }
    return true;
}

/* ---- the answer -------------------------------------------------------------------------------*/

struct line {
    uint64_t id;
    struct bytes text;
};

static int compare_lines(const void *a, const void *b) {
    uint64_t left = ((const struct line *)a)->id, right = ((const struct line *)b)->id;
    return (left > right) - (left < right);
}

/* Clients in the order they came, whatever worker they live on. */
static void reply_lines(struct worker_state *worker, const struct client_query_part *parts,
                        size_t parts_count) {
    size_t count = 0, filled = 0;
    for (size_t i = 0; i < parts_count; i++) count += (size_t)parts[i].matches;
    struct line *lines = mem_alloc(worker->mem, MAX(count, 1) * sizeof *lines);
    struct buf *text = &worker->collected;
    bool complete = lines != NULL;
    buf_clear(text);
    for (size_t i = 0; i < parts_count && complete; i++) {
        complete = !parts[i].failed;
        for (size_t at = 0; at < parts[i].text.len && complete;) {
            struct line_head head;
            bytes_copy_to(&head, bytes_slice(buf_view(&parts[i].text), at, sizeof head));
            at += sizeof head;
            BRINE_ASSERT(filled < count, "a line is counted where it is written");
            lines[filled++] =
                (struct line){head.id, bytes_slice(buf_view(&parts[i].text), at, head.len)};
            at += head.len;
        }
    }
    if (complete) qsort(lines, filled, sizeof *lines, compare_lines);
    for (size_t i = 0; i < filled && complete; i++)
        complete = buf_append(text, lines[i].text) == BRINE_OK;
    if (complete)
        reply_verbatim(&worker->reply, buf_view(text));
    else
        reply_error(&worker->reply, ERROR_NO_MEMORY);
    buf_clear(text);
    buf_shrink(text, KEYSPACE_SCRATCH_BYTES_KEPT);
    mem_free(worker->mem, lines, MAX(count, 1) * sizeof *lines);
}

/* Half of EXEC's reply is not to be told from a whole one, but by its end. */
static void give_up(struct session *asker) {
    asker->close_after_reply = true;
    asker->modes &= ~(uint32_t)SESSION_DEFERRED;
}

/* False: no memory, or EXEC's reply is too long. */
static bool add_text(struct worker_state *worker, const struct buf *text) {
    return buf_append(&worker->reply.out, buf_view(text)) == BRINE_OK;
}

/* The last answer is in EXEC's reply: what goes behind it. */
static void complete(struct worker_state *worker, struct session *asker,
                     const struct client_query *query) {
    const struct session *served = worker->serving;
    if (!add_text(worker, &query->tail)) {
        give_up(asker);
        return;
    }
    asker->modes &= ~(uint32_t)SESSION_DEFERRED;
    worker->serving = asker;
    tracking_release_held(worker, asker);
    worker->serving = served;
}

bool client_query_keep_reply(struct worker_state *worker, struct client_query *next) {
    struct buf *out = &worker->reply.out;
    if (!add_text(worker, &next->head)) return false;
    buf_clear(&next->head);
    bool kept = buf_append(&next->head, buf_view(out)) == BRINE_OK;
    reply_clear(&worker->reply);
    return kept;
}

void client_query_fail(struct worker_state *worker, struct session *asker,
                       struct client_query *query) {
    if (query->within_exec)
        give_up(asker);
    else
        reply_error(&worker->reply, ERROR_NO_MEMORY);
    client_query_destroy(query);
}

static void run_command(struct worker_state *worker, struct session *asker,
                        const struct client_query_command *run) {
    struct command_call call = {
        .args = run->args,
        .args_count = run->args_count,
        .command = run->command,
        .session = asker,
        .access = &worker->access,
        .reply = &worker->reply,
        .now_ms = worker->now_ms,
        .worker = worker,
    };
    run->command->handler(&call);
}

struct client_query *client_query_finish(struct worker_state *worker, struct session *asker,
                                         struct client_query *query,
                                         struct client_query_part *parts, size_t parts_count) {
    int64_t matches = 0;
    struct client_query *next = NULL;
    bool fits = add_text(worker, &query->head);
    struct reply_mark mark = reply_mark(&worker->reply);
    worker->reply.writer.version = asker->resp_version;
    bool failed = false;
    for (size_t i = 0; i < parts_count; i++) {
        failed |= parts[i].failed;
        matches += parts[i].matches;
        if (parts[i].target) query->request->target = parts[i].target;
        if (parts[i].asker_meant) asker->close_after_reply = true;
    }
    if (query->kind == CLIENT_QUERY_RUN)
        run_command(worker, asker, query->run);
    else if (query->kind == CLIENT_QUERY_LIST)
        reply_lines(worker, parts, parts_count);
    else if (query->kind == CLIENT_QUERY_TARGET && failed)
        reply_error(&worker->reply, ERROR_NO_MEMORY);
    else if (query->kind == CLIENT_QUERY_TARGET && !matches)
        reply_error(&worker->reply, BYTES("ERR The client ID you want redirect to does not exist"));
    else if (query->kind == CLIENT_QUERY_TARGET)
        tracking_carry_out(worker, asker, worker->access.keyspace, query->request);
    else if (!query->old_form)
        reply_integer(&worker->reply, matches);
    else if (matches)
        reply_ok(&worker->reply);
    else
        reply_error(&worker->reply, BYTES("ERR No such client"));
    if (query->is_muted) reply_rewind(&worker->reply, mark);
    if (!fits) {
        give_up(asker);
    } else if (query->within_exec) {
        next = query->next;
        query->next = NULL;
        if (!next) complete(worker, asker, query);
    }
    client_query_destroy(query);
    return next;
}

static void destroy_one(struct client_query *query) {
    struct allocator *mem = query->mem;
    buf_deinit(&query->head);
    buf_deinit(&query->tail);
    auth_user_unref(query->user);
    if (query->request) {
        mem_free(mem, query->request->prefixes, query->request->block_bytes);
        mem_free(mem, query->request, sizeof *query->request);
    }
    if (query->run) mem_free(mem, query->run, query->run->block_bytes);
    mem_free(mem, query->ids, query->ids_count * sizeof *query->ids);
    mem_free(mem, query, sizeof *query);
}

void client_query_destroy(struct client_query *query) {
    while (query) {
        struct client_query *next = query->next;
        destroy_one(query);
        query = next;
    }
}
