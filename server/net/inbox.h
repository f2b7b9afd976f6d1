/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* An inbox: how one thread asks another to do something.  A message is an object with an owner: who
 * pushes it gives it away, and the receiver's loop runs it, in order, once.
 *
 *     struct hello { struct message message; int what; };      // message first
 *     inbox_push(&worker->inbox, &hello->message);              // any thread
 *     static void say_hello(struct message *message, void *owner) { ... free ... }
 *
 * Bound: none here; who can cause messages without bound must bound them (accepting does, by
 * max_clients; a client has at most one question under way).
 * Thread: push from any; open, close and the callbacks belong to the loop.
 * Cost: a lock held for two stores, and one eventfd write when the inbox was empty. */
#ifndef BRINE_INBOX_H
#define BRINE_INBOX_H

#include "base/base.h"
#include "base/status.h"

#include <pthread.h>
#include <uv.h>

struct message;
/* From this call on the message belongs to the callee, which frees or sends it on. */
typedef void message_fn(struct message *message, void *owner);

struct message {
    struct message *next;
    message_fn *run;
};

struct inbox {
    pthread_mutex_t lock; /* a leaf: nothing is locked or called while it is held */
    struct message *oldest, *newest;
    uv_async_t wake;
    void *owner; /* handed to each message's run */
};

enum brine_status inbox_open(struct inbox *inbox, uv_loop_t *loop, void *owner,
                             struct brine_error *err) MUST_USE;
void inbox_push(struct inbox *inbox, struct message *message);
/* Nobody pushes any more and the inbox is empty (asserted).  The loop must turn once more before
 * the inbox may be freed, as for any handle; inbox_deinit is due after that. */
void inbox_close(struct inbox *inbox);
void inbox_deinit(struct inbox *inbox);

#endif
