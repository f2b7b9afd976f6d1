/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/clients.h"

#include "cmd/permission.h"
#include "net/net.h"
#include "net/worker.h"
#include "session/pubsub.h"

/* One worker's part of a question, and the message that carries it there and back. */
struct errand {
    struct message message;
    struct question *question;
    struct client_query_part part; /* the visited worker's, then the asker's */
};

/* Everything but the errands is constant while they travel, or the asker's worker's. */
struct question {
    struct worker *asker_worker;
    struct connection *asker; /* a reference */
    struct client_query *query;
    size_t errands_count, answered;
    struct errand errands[];
};

static size_t question_bytes(size_t errands_count) {
    return sizeof(struct question) + errands_count * sizeof(struct errand);
}

static void finish(struct question *question) {
    struct worker *worker = question->asker_worker;
    struct connection *asker = question->asker;
    size_t count = question->errands_count;
    struct client_query_part parts[NET_WORKERS_MAX];
    for (size_t i = 0; i < count; i++) parts[i] = question->errands[i].part;
    if (asker->closed) {
        client_query_destroy(question->query);
    } else {
        worker_note_time(worker);
        struct client_query *next =
            client_query_finish(&worker->state, &asker->session, question->query, parts, count);
        if (next && client_query_keep_reply(&worker->state, next))
            clients_query(&worker->state, &asker->session, next);
        else if (next)
            client_query_fail(&worker->state, &asker->session, next);
        if (!next || !asker->session.waiting || asker->session.close_after_reply)
            connection_resume(asker);
    }
    for (size_t i = 0; i < count; i++) buf_deinit(&parts[i].text);
    connection_unref(asker);
    mem_free(worker->net->options.mem, question, question_bytes(count));
}

static void gather(struct message *message, void *owner UNUSED) {
    struct question *question = CONTAINER_OF(message, struct errand, message)->question;
    if (++question->answered == question->errands_count) finish(question);
}

/* Closing one takes it out of the ring, so the next is read before. */
static void visit(struct message *message, void *owner) {
    struct worker *worker = owner;
    struct errand *errand = CONTAINER_OF(message, struct errand, message);
    const struct client_query *query = errand->question->query;
    worker_note_time(worker);
    struct connection *connection = worker->connections;
    struct connection *last = connection ? connection->previous : NULL;
    while (connection) {
        struct connection *next = connection == last ? NULL : connection->next;
        if (client_query_visit(query, &worker->state, &connection->session, &errand->part)) {
            /* It listens no more once its killer is answered; what runs in the background is not
             * to lose its session under way. */
            if (!connection->in_background) pubsub_leave(&connection->session);
            connection_close(connection);
        }
        connection = next;
    }
    message->run = gather;
    inbox_push(&errand->question->asker_worker->inbox, message);
}

void clients_query(struct worker_state *state, struct session *session,
                   struct client_query *query) {
    struct worker *worker = state->worker;
    struct net *net = worker->net;
    struct connection *asker = CONTAINER_OF(session, struct connection, session);
    size_t count = net->workers_count;
    struct question *question = mem_alloc(net->options.mem, question_bytes(count));
    if (!question) {
        session->waiting = false;
        client_query_fail(state, session, query);
        return;
    }
    *question = (struct question){
        .asker_worker = worker, .asker = asker, .query = query, .errands_count = count};
    connection_ref(asker);
    for (size_t i = 0; i < count; i++) {
        struct errand *errand = &question->errands[i];
        *errand = (struct errand){.message.run = visit, .question = question};
        buf_init(&errand->part.text, net->options.mem, CLIENT_QUERY_TEXT_BYTES_MAX);
        inbox_push(&net->workers[i].inbox, &errand->message);
    }
}

/* ---- users ----------------------------------------------------------------------------------- */

static void recheck_here(struct message *message UNUSED, void *owner) {
    struct worker *worker = owner;
    atomic_store(&worker->recheck_asked, false); /* what changes from here on asks again */
    struct connection *connection = worker->connections;
    struct connection *last = connection ? connection->previous : NULL;
    while (connection) {
        struct connection *next = connection == last ? NULL : connection->next;
        /* One that is being told so itself, by its reply, goes when that is sent. */
        if (!connection->session.close_after_reply &&
            permission_recheck(&worker->net->shared, &connection->session))
            connection_close(connection);
        connection = next;
    }
}

void clients_recheck(struct worker_state *state) {
    struct net *net = ((struct worker *)state->worker)->net;
    for (size_t i = 0; i < net->workers_count; i++) {
        struct worker *worker = &net->workers[i];
        if (atomic_exchange(&worker->recheck_asked, true)) continue;
        worker->recheck_message.run = recheck_here;
        inbox_push(&worker->inbox, &worker->recheck_message);
    }
}
