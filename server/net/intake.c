/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/intake.h"

#include "base/assert.h"
#include "net/worker.h"

enum brine_status intake_init(struct intake *intake, struct allocator *mem) {
    *intake = (struct intake){.bytes = mem_alloc(mem, INTAKE_BYTES + INTAKE_ROOM_BYTES)};
    for (size_t i = 0; i < INTAKE_INPUTS_MAX; i++) dispatch_ahead_init(&intake->inputs[i].ahead, mem);
    return intake->bytes ? BRINE_OK : BRINE_NO_MEMORY;
}

void intake_deinit(struct intake *intake, struct allocator *mem) {
    BRINE_ASSERT(intake->count == 0, "nobody waits to be run when the loop has ended");
    for (size_t i = 0; i < INTAKE_INPUTS_MAX; i++) dispatch_ahead_deinit(&intake->inputs[i].ahead);
    mem_free(mem, intake->bytes, INTAKE_BYTES + INTAKE_ROOM_BYTES);
}

void intake_add(struct worker *worker, struct connection *connection, size_t count) {
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

void intake_drop(struct intake *intake, const struct connection *connection) {
    for (size_t i = 0; i < intake->count; i++)
        if (intake->inputs[i].connection == connection) intake->inputs[i].connection = NULL;
}
