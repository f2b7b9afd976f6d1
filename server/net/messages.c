/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/messages.h"

#include "base/assert.h"
#include "net/net.h"

/* A client that waits until a mailbox was taken; it travels to its worker's inbox then. */
struct waiter {
    struct message message;
    struct waiter *next;
    struct connection *connection; /* a reference */
};

void mailbox_init(struct mailbox *mailbox) {
    *mailbox = (struct mailbox){0};
    int code = pthread_mutex_init(&mailbox->lock, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
}

void mailbox_deinit(struct mailbox *mailbox) {
    BRINE_ASSERT(!mailbox->waiters, "who waits has a connection, and there are none");
    while (mailbox->oldest) {
        struct mail *mail = mailbox->oldest;
        mailbox->oldest = mail->next;
        mail->deliver(mail, NULL);
    }
    pthread_mutex_destroy(&mailbox->lock);
}

/* On the waiting client's worker. */
static void go_on(struct message *message, void *owner) {
    struct waiter *waiter = CONTAINER_OF(message, struct waiter, message);
    struct worker *worker = owner;
    worker_note_time(worker);
    if (!waiter->connection->closed) connection_resume(waiter->connection);
    connection_unref(waiter->connection);
    mem_free(worker->net->options.mem, waiter, sizeof *waiter);
}

void messages_collect(struct worker *worker) {
    struct mailbox *mailbox = &worker->mailbox;
    if (LIKELY(atomic_load_explicit(&mailbox->bytes, memory_order_acquire) == 0)) return;
    pthread_mutex_lock(&mailbox->lock);
    struct mail *mail = mailbox->oldest;
    struct waiter *waiter = mailbox->waiters;
    mailbox->oldest = mailbox->newest = NULL;
    mailbox->waiters = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    worker_note_time(worker);
    while (mail) {
        struct mail *next = mail->next;
        size_t bytes = mail->bytes;
        mail->deliver(mail, &worker->state);
        atomic_fetch_sub_explicit(&mailbox->bytes, bytes, memory_order_relaxed);
        mail = next;
    }
    while (waiter) {
        struct waiter *next = waiter->next;
        inbox_push(&waiter->connection->worker->inbox, &waiter->message);
        waiter = next;
    }
}

static void collect_here(struct message *message UNUSED, void *owner) {
    struct worker *worker = owner;
    pthread_mutex_lock(&worker->mailbox.lock);
    worker->mailbox.wake_is_posted = false;
    pthread_mutex_unlock(&worker->mailbox.lock);
    messages_collect(worker);
}

/* The client whose command this is waits; without memory for that it does not. */
static struct waiter *make_wait(const struct worker_state *state, struct session *session) {
    if (!session || session->waiting) return NULL;
    struct connection *connection = CONTAINER_OF(session, struct connection, session);
    bool on_its_loop = state->index == connection->worker->index;
    if (!on_its_loop) return NULL;
    struct waiter *waiter = mem_alloc(connection->worker->net->options.mem, sizeof *waiter);
    if (!waiter) return NULL;
    *waiter = (struct waiter){.message.run = go_on, .connection = connection};
    session->waiting = true;
    connection_ref(connection);
    return waiter;
}

void messages_post(struct worker_state *state, struct session *session, size_t to_worker,
                   struct mail *mail) {
    struct net *net = state->services->server;
    struct worker *target = &net->workers[to_worker];
    struct mailbox *mailbox = &target->mailbox;
    size_t backlog = atomic_load_explicit(&mailbox->bytes, memory_order_relaxed);
    struct waiter *waiter = backlog > MAILBOX_BYTES_MAX ? make_wait(state, session) : NULL;
    mail->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->oldest)
        mailbox->newest->next = mail;
    else
        mailbox->oldest = mail;
    mailbox->newest = mail;
    if (waiter) {
        waiter->next = mailbox->waiters;
        mailbox->waiters = waiter;
    }
    atomic_fetch_add_explicit(&mailbox->bytes, mail->bytes, memory_order_release);
    bool wakes = !mailbox->wake_is_posted;
    mailbox->wake_is_posted = true;
    pthread_mutex_unlock(&mailbox->lock);
    if (!wakes) return;
    mailbox->wake.run = collect_here;
    inbox_push(&target->inbox, &mailbox->wake);
}

bool messages_are_behind(const struct worker *worker) {
    const struct net *net = worker->net;
    for (size_t i = 0; i < net->workers_count; i++)
        if (atomic_load_explicit(&net->workers[i].mailbox.bytes, memory_order_relaxed) >
            MAILBOX_BYTES_MAX)
            return true;
    return false;
}

void messages_push(struct worker_state *state UNUSED, struct session *session, struct bytes bytes) {
    connection_push(CONTAINER_OF(session, struct connection, session), bytes);
}
