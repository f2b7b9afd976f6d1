/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/session.h"

#include <stdio.h>

void session_init(struct session *session, const struct session_options *options) {
    *session = (struct session){
        .id = options->id,
        .resp_version = 2,
        .authenticated = options->authenticated,
        .created_mono_ms = options->mono_ms,
        .last_active_mono_ms = options->mono_ms,
        .fd = options->fd,
    };
    buf_init(&session->name, options->mem, SESSION_NAME_BYTES_MAX);
    buf_init(&session->library_name, options->mem, SESSION_NAME_BYTES_MAX);
    buf_init(&session->library_version, options->mem, SESSION_NAME_BYTES_MAX);
    snprintf(session->peer, sizeof session->peer, "%s", options->peer ? options->peer : "");
    snprintf(session->local, sizeof session->local, "%s", options->local ? options->local : "");
}

void session_deinit(struct session *session) {
    buf_deinit(&session->name);
    buf_deinit(&session->library_name);
    buf_deinit(&session->library_version);
}

/* Redis keeps the library's name and version over RESET.  Source: networking.c resetCommand. */
void session_reset(struct session *session, bool authenticated) {
    session->db = 0;
    session->resp_version = 2;
    session->authenticated = authenticated;
    buf_clear(&session->name);
    buf_shrink(&session->name, 0);
}

enum brine_status session_set_text(struct buf *field, struct bytes text) {
    if (text.len > field->limit) return BRINE_TOO_BIG;
    if (text.len > field->cap) TRY(buf_reserve(field, text.len - field->len));
    buf_clear(field);
    TRY(buf_append(field, text));
    buf_shrink(field, text.len);
    return BRINE_OK;
}
