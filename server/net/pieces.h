/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A reply as what a socket is given: its bytes and the blobs between them, in order.
 * Ownership: views into the reply; what is queued is copied or pinned, and a long reply's own bytes
 * are taken from it.  Thread: the reply's. */
#ifndef BRINE_PIECES_H
#define BRINE_PIECES_H

#include "net/output.h"
#include "session/reply.h"

enum { PIECES_MAX = 1024 /* of one writev; Linux's IOV_MAX */ };

/* Fills in what there is to send, from its beginning, as far as there is room and one write may
 * take; returns how many. */
size_t pieces_vectors(const struct reply *reply, uv_buf_t vectors[static PIECES_MAX]);
/* Copies, or refers to, what comes behind the first `sent` bytes. */
enum brine_status pieces_queue(struct reply *reply, size_t sent, struct output *output) MUST_USE;

#endif
