/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The design.  The decoder says what is still to come of the argument, and how many there are with
 * it.  When it is over, a command of an empty one and of the others takes its place; it is refused
 * whatever it is (SESSION_TOO_LONG), and may be swallowed too. */

#include "net/swallow.h"

#include "keyspace/room.h"
#include "net/net.h"
#include "net/worker.h"

#include <stdio.h>

void swallow_begin_if_too_long(struct connection *connection) {
    struct worker *worker = connection->worker;
    size_t missing = resp_bytes_missing(&connection->session.decoder);
    if (LIKELY(missing == 0)) return;
    size_t whole = connection->query.len + missing;
    bool counts = !(connection->session.modes & SESSION_NO_EVICT);
    bool has_room = room_could_hold(worker->net->options.keyspace, whole);
    if (has_room && (!counts || whole <= worker_clients_limit(worker))) return;
    if (has_room) connection->session.modes |= SESSION_BEYOND_CLIENTS;
    connection->swallowing = true;
    connection->query.len = 0;
    buf_shrink(&connection->query, 0);
}

enum brine_status swallow_take(struct connection *connection, struct bytes input) {
    struct resp_decoder *decoder = &connection->session.decoder;
    size_t gone = MIN(decoder->missing, input.len);
    decoder->missing -= gone;
    if (decoder->missing > 0) return BRINE_NEED_MORE;
    char head[48];
    int len = snprintf(head, sizeof head, "*%zu\r\n$0\r\n\r\n", decoder->args_left);
    *decoder = (struct resp_decoder){0};
    connection->swallowing = false;
    connection->session.modes |= SESSION_TOO_LONG;
    enum brine_status status = buf_append(&connection->query, bytes_view(head, (size_t)len));
    if (status != BRINE_OK) return status;
    return buf_append(&connection->query, bytes_slice(input, gone, input.len));
}
