/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A list under a mutex, not a lock-free queue: messages are rare (a connection handed over, CLIENT
 * LIST, the end), and uv_async_send costs ten times what the lock does. */

#include "net/inbox.h"

#include "base/assert.h"

/* Takes the whole list first: what a message pushes here runs at the next wake-up, so that two
 * loops that answer each other cannot keep this one from its sockets. */
static void run_messages(uv_async_t *wake) {
    struct inbox *inbox = CONTAINER_OF(wake, struct inbox, wake);
    pthread_mutex_lock(&inbox->lock);
    struct message *message = inbox->oldest;
    inbox->oldest = inbox->newest = NULL;
    pthread_mutex_unlock(&inbox->lock);
    while (message) {
        struct message *next = message->next; /* run may free it */
        message->run(message, inbox->owner);
        message = next;
    }
}

enum brine_status inbox_open(struct inbox *inbox, uv_loop_t *loop, void *owner,
                             struct brine_error *err) {
    *inbox = (struct inbox){.owner = owner};
    int code = uv_async_init(loop, &inbox->wake, run_messages);
    if (code) return brine_fail(err, BRINE_IO, 0, "cannot make a wake-up: %s", uv_strerror(code));
    pthread_mutex_init(&inbox->lock, NULL);
    return BRINE_OK;
}

void inbox_push(struct inbox *inbox, struct message *message) {
    message->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    bool was_empty = !inbox->oldest;
    if (was_empty)
        inbox->oldest = message;
    else
        inbox->newest->next = message;
    inbox->newest = message;
    pthread_mutex_unlock(&inbox->lock);
    /* Whoever found it empty wakes the loop; the others' messages are taken along. */
    if (was_empty) uv_async_send(&inbox->wake);
}

void inbox_close(struct inbox *inbox) {
    pthread_mutex_lock(&inbox->lock);
    bool empty = !inbox->oldest;
    pthread_mutex_unlock(&inbox->lock);
    BRINE_ASSERT(empty, "an inbox is closed after its last message");
    uv_close((uv_handle_t *)&inbox->wake, NULL);
}

void inbox_deinit(struct inbox *inbox) {
    pthread_mutex_destroy(&inbox->lock);
}
