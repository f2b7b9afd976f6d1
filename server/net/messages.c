/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/messages.h"

#include "cmd/pubsub.h"
#include "net/net.h"

/* A published message on its way to one worker, and back when its client waits for that. */
struct parcel {
    struct message message;
    struct net *net;
    struct topic *topic;
    struct pubsub_message *content;
    size_t bytes;
    struct connection *sender; /* a reference, when it waits; else NULL */
};

static void destroy_parcel(struct parcel *parcel) {
    mem_free(parcel->net->options.mem, parcel, sizeof *parcel);
}

/* On the sender's worker. */
static void caught_up(struct message *message, void *owner) {
    struct parcel *parcel = CONTAINER_OF(message, struct parcel, message);
    struct connection *sender = parcel->sender;
    worker_note_time(owner);
    if (!sender->closed) connection_resume(sender);
    connection_unref(sender);
    destroy_parcel(parcel);
}

/* On the listeners' worker. */
static void deliver(struct message *message, void *owner) {
    struct worker *worker = owner;
    struct parcel *parcel = CONTAINER_OF(message, struct parcel, message);
    worker_note_time(worker);
    pubsub_deliver(&worker->state, parcel->topic, parcel->content);
    pubsub_put(&parcel->net->shared.pubsub, parcel->topic);
    pubsub_message_unref(parcel->content);
    atomic_fetch_sub_explicit(&worker->backlog_bytes, parcel->bytes, memory_order_relaxed);
    if (!parcel->sender) {
        destroy_parcel(parcel);
        return;
    }
    message->run = caught_up;
    inbox_push(&parcel->sender->worker->inbox, message);
}

void messages_send(struct worker_state *state, struct session *session, size_t to_worker,
                   struct topic *topic, struct pubsub_message *content) {
    struct connection *sender = CONTAINER_OF(session, struct connection, session);
    struct net *net = sender->worker->net;
    struct worker *target = &net->workers[to_worker];
    struct parcel *parcel = mem_alloc(net->options.mem, sizeof *parcel);
    if (!parcel) return; /* lost to those who listen there: a message has no other keeper */
    *parcel = (struct parcel){
        .message.run = deliver,
        .net = net,
        .topic = topic,
        .content = pubsub_message_ref(content),
        .bytes = sizeof *parcel + sizeof *content + content->channel.len + content->payload.len,
    };
    topic_ref(topic);
    size_t backlog =
        atomic_fetch_add_explicit(&target->backlog_bytes, parcel->bytes, memory_order_relaxed);
    bool on_its_loop = state->index == sender->worker->index;
    if (backlog > MESSAGES_BACKLOG_BYTES && on_its_loop && !session->waiting) {
        session->waiting = true;
        connection_ref(sender);
        parcel->sender = sender;
    }
    inbox_push(&target->inbox, &parcel->message);
}

void messages_push(struct worker_state *state UNUSED, struct session *session, struct bytes bytes) {
    connection_push(CONTAINER_OF(session, struct connection, session), bytes);
}
