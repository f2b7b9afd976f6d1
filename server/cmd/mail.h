/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Mail: what one worker has for sessions of another: published messages, outdated keys, lines for
 * MONITOR.
 *
 *     struct notice { struct mail mail; ... };               // mail first
 *     mail_post(worker, session, to_worker, &notice->mail);  // given away
 *
 * Order: mail from one worker to another arrives in the order in which it was posted, and before
 * any command that the receiving worker reads later.
 * Thread: posted by any, delivered on the worker it is for. */
#ifndef BRINE_CMD_MAIL_H
#define BRINE_CMD_MAIL_H

#include "base/base.h"

struct mail;
struct session;
struct worker_state;

/* Frees the mail.  NULL as worker: it cannot be delivered. */
typedef void mail_deliver_fn(struct mail *mail, struct worker_state *worker);

struct mail {
    struct mail *next;
    mail_deliver_fn *deliver;
    size_t bytes; /* of memory, all that it keeps */
};

/* The session is whose command it comes from, and may be made to wait when the receiver is far
 * behind; NULL: nobody's. */
void mail_post(struct worker_state *worker, struct session *session, size_t to_worker,
               struct mail *mail);

#endif
