/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/session.h"

#include "auth/user.h"
#include "session/pubsub.h"
#include "session/tracking.h"
#include "session/transaction.h"

void session_init(struct session *session, const struct session_options *options) {
    *session = (struct session){
        .id = options->id,
        .resp_version = 2,
        .authenticated = options->authenticated,
        .user = options->user,
        .created_mono_ms = options->mono_ms,
        .last_active_mono_ms = options->mono_ms,
        .fd = options->fd,
        .queued = -1,
        .peer = options->peer ? options->peer : "",
        .local = options->local ? options->local : "",
        .mem = options->mem,
    };
}

static void free_text(struct session *session, struct session_text *field) {
    if (field->counted) mem_free(session->mem, field->counted, 2 + session_text_view(field).len);
    *field = (struct session_text){0};
}

void session_deinit(struct session *session) {
    session_end_transaction(session);
    pubsub_leave(session);
    auth_user_unref(session->user);
    tracking_leave(session);
    free_text(session, &session->name);
    free_text(session, &session->library_name);
    free_text(session, &session->library_version);
}

void session_end_transaction(struct session *session) {
    transaction_destroy(session->transaction);
    session->transaction = NULL;
    session->queued = -1;
}

void session_note_transaction(struct session *session) {
    struct transaction *transaction = session->transaction;
    session->queued = transaction && transaction->is_open ? (int32_t)transaction->queue_count : -1;
    if (transaction) transaction->noted_bytes = transaction_bytes(transaction);
}

size_t session_transaction_bytes(const struct session *session) {
    return session->transaction ? session->transaction->noted_bytes : 0;
}

/* Redis keeps the library's name and version over RESET.  Source: networking.c resetCommand. */
void session_reset(struct session *session, bool authenticated) {
    session_end_transaction(session);
    pubsub_leave(session);
    tracking_stop(session);
    session->modes &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP_NEXT | SESSION_NO_TOUCH |
                                  SESSION_MONITOR);
    session->db = 0;
    session->resp_version = 2;
    session->authenticated = authenticated;
    free_text(session, &session->name);
}

enum brine_status session_set_text(struct session *session, struct session_text *field,
                                   struct bytes text) {
    if (text.len > SESSION_NAME_BYTES_MAX) return BRINE_TOO_BIG;
    uint8_t *counted = text.len ? mem_alloc(session->mem, 2 + text.len) : NULL;
    if (text.len && !counted) return BRINE_NO_MEMORY;
    if (counted) {
        counted[0] = (uint8_t)text.len;
        counted[1] = (uint8_t)(text.len >> 8);
        bytes_copy_to(counted + 2, text);
    }
    free_text(session, field);
    *field = (struct session_text){counted};
    return BRINE_OK;
}
