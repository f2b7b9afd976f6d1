/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Mail between workers (cmd/mail.h): services->post and ->push.
 *
 * A worker takes its mail before it runs commands that it has read, and when it is woken.  So what
 * was published, or was written, before a client sent a command reaches that client before the
 * command's reply, whatever workers are involved: its UNSUBSCRIBE is not ahead of a message that
 * somebody was told it got.
 *
 * Bound: a worker whose mailbox holds more than MAILBOX_BYTES_MAX makes each client whose command
 * posts to it wait until the mailbox was taken, so every client can add one command's mail to the
 * backlog and no more; upkeep, which has no client, pauses.
 * Thread: posting any; the rest is the mailbox's worker's. */
#ifndef BRINE_MESSAGES_H
#define BRINE_MESSAGES_H

#include "cmd/worker.h"
#include "net/inbox.h"

struct worker;

enum { MAILBOX_BYTES_MAX = 4 * 1024 * 1024 };

struct mailbox {
    pthread_mutex_t lock; /* a leaf but for the inbox's */
    struct mail *oldest, *newest;
    struct waiter *waiters;
    struct message wake;
    bool wake_is_posted;
    _Atomic size_t bytes; /* of mail that was not taken */
};

void mailbox_init(struct mailbox *mailbox);
/* Drops what nobody will take any more. */
void mailbox_deinit(struct mailbox *mailbox);

/* Delivers what is there.  May close connections. */
void messages_collect(struct worker *worker);
/* True: somebody's mailbox is full. */
bool messages_are_behind(const struct worker *worker);

void messages_post(struct worker_state *worker, struct session *session, size_t to_worker,
                   struct mail *mail);
void messages_push(struct worker_state *worker, struct session *session, struct bytes bytes);

#endif
