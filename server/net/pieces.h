/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A reply as what a socket is given: its bytes and the blobs between them, in order.
 * Ownership: views into the reply; what is queued is copied or pinned.  Thread: the reply's. */
#ifndef BRINE_PIECES_H
#define BRINE_PIECES_H

#include "net/output.h"
#include "session/reply.h"

enum { PIECES_MAX = 2 * REPLY_LARGES_MAX + 1 };

/* Fills in what there is to send; returns how many. */
size_t pieces_vectors(const struct reply *reply, uv_buf_t vectors[static PIECES_MAX]);
/* Copies, or refers to, what comes behind the first `sent` bytes. */
enum brine_status pieces_queue(const struct reply *reply, size_t sent,
                               struct output *output) MUST_USE;

#endif
