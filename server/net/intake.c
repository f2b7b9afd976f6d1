/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/intake.h"

#include "base/assert.h"
#include "net/secure.h"
#include "net/worker.h"

enum {
    /* Below, an incomplete command is copied in front of what comes next in the common room, which
     * costs less than a buffer of its own; above, new bytes are read behind it in place. */
    IN_PLACE_BYTES = 16 * 1024,
    QUERY_ROOM_RATIO = 16, /* a megabyte is never copied as it grows */
    QUERY_TRUSTED_BYTES = 1024 * 1024,
    QUERY_READ_BYTES = 1024 * 1024,
};

/* ---- life ------------------------------------------------------------------------------------ */

enum brine_status intake_init(struct intake *intake, struct allocator *mem) {
    *intake = (struct intake){.bytes = mem_alloc(mem, INTAKE_BYTES + INTAKE_ROOM_BYTES)};
    for (size_t i = 0; i < INTAKE_INPUTS_MAX; i++)
        dispatch_ahead_init(&intake->inputs[i].ahead, mem);
    return intake->bytes ? BRINE_OK : BRINE_NO_MEMORY;
}

void intake_deinit(struct intake *intake, struct allocator *mem) {
    BRINE_ASSERT(intake->count == 0, "nobody waits to be run when the loop has ended");
    for (size_t i = 0; i < INTAKE_INPUTS_MAX; i++) dispatch_ahead_deinit(&intake->inputs[i].ahead);
    mem_free(mem, intake->bytes, INTAKE_BYTES + INTAKE_ROOM_BYTES);
}

/* ---- room ------------------------------------------------------------------------------------ */

bool intake_has_had_its_share(const struct connection *connection) {
    return connection->is_taken_in || (connection->turn == connection->worker->turn &&
                                       connection->turn_bytes >= CONNECTION_TURN_BYTES);
}

bool intake_reads_in_place(const struct connection *connection) {
    return connection->query.len > IN_PLACE_BYTES ||
           resp_bytes_missing(&connection->session.decoder) > IN_PLACE_BYTES;
}

/* Room behind an incomplete command: as much as it lacks, but at most QUERY_ROOM_RATIO times what
 * has arrived, so that a claim of 512 MB costs nothing until a part of it is made true.  Once a
 * good part of it is true all the room is taken at once: memory that is not touched costs nothing
 * but addresses, and growing by copies would stop the loop for as long as the copies take. */
static size_t query_room(const struct connection *connection) {
    size_t missing = resp_bytes_missing(&connection->session.decoder);
    size_t arrived = MAX(connection->query.len, (size_t)INTAKE_QUERY_ROOM_BYTES);
    if (missing == 0) return INTAKE_QUERY_ROOM_BYTES;
    return arrived >= QUERY_TRUSTED_BYTES ? missing : MIN(missing, arrived * QUERY_ROOM_RATIO);
}

void intake_give_room(struct connection *connection, uv_buf_t *room) {
    uint8_t *common = intake_room(&connection->worker->intake);
    struct buf *query = &connection->query;
    *room = (uv_buf_t){0};
    if (intake_has_had_its_share(connection)) return;
    if (UNLIKELY(connection->finishing || connection->swallowing)) { /* to be thrown away */
        *room = (uv_buf_t){.base = (char *)common, .len = INTAKE_ROOM_BYTES};
        return;
    }
    if (intake_reads_in_place(connection)) {
        if (buf_reserve(query, query_room(connection)) != BRINE_OK) return;
        *room = (uv_buf_t){.base = (char *)query->data + query->len,
                           .len = MIN(query->cap - query->len, (size_t)QUERY_READ_BYTES)};
        return;
    }
    bytes_copy_to(common, buf_view(query));
    size_t left = INTAKE_ROOM_BYTES - query->len;
    if (!connection->session.authenticated)
        left = MIN(left, (size_t)CONNECTION_UNAUTHENTICATED_READ_BYTES);
    *room = (uv_buf_t){.base = (char *)common + query->len, .len = left};
}

/* ---- what waits ------------------------------------------------------------------------------ */

/* Nothing came before it that was not run or sent, and all that the socket had is there. */
bool intake_may_take(const struct connection *connection, const uv_buf_t *room, size_t count) {
    return connection->session.authenticated && !connection->tls && !connection->output &&
           !connection->session.waiting && connection->query.len == 0 && count < room->len;
}

void intake_add(struct connection *connection, size_t count) {
    struct worker *worker = connection->worker;
    struct intake *intake = &worker->intake;
    struct intake_input *input = &intake->inputs[intake->count++];
    input->connection = connection;
    input->bytes = bytes_view(intake_room(intake), count);
    connection->is_taken_in = true;
    intake->used += round_up(count, CACHE_LINE_BYTES);
    dispatch_look_ahead(&worker->state, &connection->session, input->bytes, &input->ahead);
    intake->commands += input->ahead.batch.count;
    if (intake->count == INTAKE_INPUTS_MAX || intake->commands >= INTAKE_COMMANDS ||
        intake->used > INTAKE_BYTES)
        intake_run(worker);
}

/* A command may close others' connections, which takes them out. */
void intake_run(struct worker *worker) {
    struct intake *intake = &worker->intake;
    for (size_t i = 0; i < intake->count; i++)
        if (intake->inputs[i].connection)
            dispatch_look_closer(&worker->state, &intake->inputs[i].ahead);
    for (size_t i = 0; i < intake->count; i++) {
        struct intake_input *input = &intake->inputs[i];
        if (!input->connection) continue;
        input->connection->is_taken_in = false;
        connection_serve(input->connection, input->bytes, &input->ahead);
    }
    intake->count = intake->commands = intake->used = 0;
}

void intake_drop(struct connection *connection) {
    struct intake *intake = &connection->worker->intake;
    size_t index = 0;
    while (index < intake->count && intake->inputs[index].connection != connection) index++;
    BRINE_ASSERT(index < intake->count, "who is said to be in the intake is in it");
    intake->inputs[index].connection = NULL;
    connection->is_taken_in = false;
}
