/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Publish and subscribe.  Source of answers: Redis 7.0 pubsub.c. */

#include "cmd/pubsub.h"

#include "base/glob.h"
#include "cmd/handlers.h"
#include "keyspace/transaction.h"

static struct pubsub *pubsub_of(const struct command_call *call) {
    return &call->worker->shared->pubsub;
}

bool pubsub_is_listening(const struct command *command) {
    command_handler *handler = command->handler;
    return handler == cmd_subscribe || handler == cmd_psubscribe || handler == cmd_ssubscribe ||
           handler == cmd_unsubscribe || handler == cmd_punsubscribe || handler == cmd_sunsubscribe;
}

bool pubsub_forbids(const struct session *session, const struct command *command) {
    if (LIKELY(!session->subscriber) || session->resp_version > 2) return false;
    command_handler *handler = command->handler;
    return pubsub_listens(session) && !pubsub_is_listening(command) && handler != cmd_ping &&
           handler != cmd_quit && handler != cmd_reset;
}

/* ---- listening ------------------------------------------------------------------------------- */

/* ORDER pubsub_kind */
static const char *const listen_words[] = {"subscribe", "psubscribe", "ssubscribe"};
static const char *const leave_words[] = {"unsubscribe", "punsubscribe", "sunsubscribe"};

/* What a client is told it listens to: shard channels are counted apart. */
static int64_t listens_to(const struct session *session, enum pubsub_kind kind) {
    if (kind == PUBSUB_SHARD) return (int64_t)pubsub_count(session, PUBSUB_SHARD);
    return (int64_t)(pubsub_count(session, PUBSUB_CHANNEL) + pubsub_count(session, PUBSUB_PATTERN));
}

static void reply_topic(struct command_call *call, const char *word, enum pubsub_kind kind,
                        const struct bytes *name) {
    resp_push(&call->reply->writer, 3);
    reply_bulk(call->reply, bytes_of_cstr(word));
    if (name)
        reply_bulk(call->reply, *name);
    else
        reply_null(call->reply);
    reply_integer(call->reply, listens_to(call->session, kind));
}

static void listen_to(struct command_call *call, enum pubsub_kind kind) {
    for (size_t i = 1; i < call->args_count; i++) {
        if (pubsub_subscribe(pubsub_of(call), call->session, call->worker->index, kind,
                             call->args[i]) != BRINE_OK) {
            reply_error(call->reply, ERROR_NO_MEMORY);
            return;
        }
        reply_topic(call, listen_words[kind], kind, &call->args[i]);
    }
}

static void leave_all(struct command_call *call, enum pubsub_kind kind) {
    const struct topic *topic = pubsub_any(call->session, kind);
    if (!topic) reply_topic(call, leave_words[kind], kind, NULL);
    while (topic) {
        struct bytes name = arena_copy(&call->worker->scratch, topic->name);
        if (!name.data) {
            reply_error(call->reply, ERROR_NO_MEMORY);
            return;
        }
        (void)pubsub_unsubscribe(pubsub_of(call), call->session, kind, name);
        reply_topic(call, leave_words[kind], kind, &name);
        topic = pubsub_any(call->session, kind);
    }
}

static void leave(struct command_call *call, enum pubsub_kind kind) {
    if (call->args_count == 1) leave_all(call, kind);
    for (size_t i = 1; i < call->args_count; i++) {
        (void)pubsub_unsubscribe(pubsub_of(call), call->session, kind, call->args[i]);
        reply_topic(call, leave_words[kind], kind, &call->args[i]);
    }
}

/* SUBSCRIBE channel [channel ...] and its siblings */
void cmd_subscribe(struct command_call *call) {
    listen_to(call, PUBSUB_CHANNEL);
}
void cmd_psubscribe(struct command_call *call) {
    listen_to(call, PUBSUB_PATTERN);
}
void cmd_ssubscribe(struct command_call *call) {
    if (call->access->in_transaction)
        reply_error(call->reply, BYTES("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    else
        listen_to(call, PUBSUB_SHARD);
}
/* UNSUBSCRIBE [channel ...] and its siblings */
void cmd_unsubscribe(struct command_call *call) {
    leave(call, PUBSUB_CHANNEL);
}
void cmd_punsubscribe(struct command_call *call) {
    leave(call, PUBSUB_PATTERN);
}
void cmd_sunsubscribe(struct command_call *call) {
    leave(call, PUBSUB_SHARD);
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void write_message(struct resp_writer *writer, const struct topic *topic,
                          const struct pubsub_message *message) {
    bool by_pattern = topic->kind == PUBSUB_PATTERN;
    if (topic->kind == PUBSUB_MONITOR) {
        resp_simple(writer, message->payload);
        return;
    }
    resp_push(writer, by_pattern ? 4 : 3);
    resp_bulk(writer, topic->kind == PUBSUB_SHARD ? BYTES("smessage")
                      : by_pattern                ? BYTES("pmessage")
                                                  : BYTES("message"));
    if (by_pattern) resp_bulk(writer, topic->name);
    resp_bulk(writer, message->channel);
    resp_bulk(writer, message->payload);
}

/* A message to whom is served now goes between its replies; where these are taken back, it is put
 * by until they are. */
static void deliver_to_served(struct worker_state *worker, const struct topic *topic,
                              const struct pubsub_message *message) {
    struct resp_writer *writer = &worker->reply.writer;
    struct resp_writer heard = {.out = &worker->heard, .version = writer->version};
    if (!worker->in_command || !(worker->serving->modes & SESSION_MUTED)) {
        write_message(writer, topic, message);
        return;
    }
    write_message(&heard, topic, message);
    if (heard.failed) writer->failed = heard.failed;
}

static void deliver(struct worker_state *worker, const struct topic *topic,
                    const struct pubsub_message *message) {
    struct buf *encoded = &worker->pushed;
    uint8_t version = 0;
    /* Pushing may close a client, but its subscriptions stay until the loop's next turn. */
    for (struct subscription *at = topic->at[worker->index].first; at; at = at->next) {
        struct session *session = at->session;
        if (session == worker->serving) {
            deliver_to_served(worker, topic, message);
            continue;
        }
        if (version != session->resp_version) {
            version = session->resp_version;
            buf_clear(encoded);
            struct resp_writer writer = {.out = encoded, .version = version};
            write_message(&writer, topic, message);
            if (writer.failed) return;
        }
        if (worker->services && worker->services->push)
            worker->services->push(worker, session, buf_view(encoded));
    }
    buf_clear(encoded);
    buf_shrink(encoded, KEYSPACE_SCRATCH_BYTES_KEPT);
}

/* A message on its way to the listeners of a topic on another worker. */
struct letter {
    struct mail mail;
    struct pubsub *pubsub;
    struct topic *topic;
    struct pubsub_message *message;
};

static void deliver_letter(struct mail *mail, struct worker_state *worker) {
    struct letter *letter = CONTAINER_OF(mail, struct letter, mail);
    struct pubsub *pubsub = letter->pubsub;
    if (worker) deliver(worker, letter->topic, letter->message);
    pubsub_put(pubsub, letter->topic);
    pubsub_message_unref(letter->message);
    mem_free(pubsub->mem, letter, sizeof *letter);
}

static void send_letter(struct worker_state *worker, struct session *session, size_t to_worker,
                        struct topic *topic, struct pubsub_message *message) {
    struct pubsub *pubsub = &worker->shared->pubsub;
    struct letter *letter = mem_alloc(pubsub->mem, sizeof *letter);
    if (!letter) return; /* lost to those who listen there: a message has no other keeper */
    *letter = (struct letter){
        .mail.deliver = deliver_letter,
        .mail.bytes =
            sizeof *letter + sizeof *message + message->channel.len + message->payload.len,
        .pubsub = pubsub,
        .topic = topic,
        .message = pubsub_message_ref(message),
    };
    topic_ref(topic);
    mail_post(worker, session, to_worker, &letter->mail);
}

/* To this worker's listeners at once, to others' by mail. */
static void send_to_all(struct worker_state *worker, struct session *session, struct topic *topic,
                        struct pubsub_message *message) {
    for (size_t i = 0; i < worker->shared->pubsub.workers; i++) {
        if (atomic_load_explicit(&topic->at[i].listeners, memory_order_relaxed) == 0) continue;
        if (i == worker->index)
            deliver(worker, topic, message);
        else
            send_letter(worker, session, i, topic, message);
    }
}

int64_t pubsub_publish(struct worker_state *worker, struct session *session, enum pubsub_kind kind,
                       struct bytes channel, struct bytes payload) {
    struct pubsub *pubsub = &worker->shared->pubsub;
    struct topic **topics;
    size_t count;
    int64_t listeners = 0;
    if (pubsub_find(pubsub, kind, channel, &worker->scratch, &topics, &count) != BRINE_OK)
        return -1;
    struct pubsub_message *message =
        count ? pubsub_message_create(worker->mem, channel, payload) : NULL;
    for (size_t i = 0; i < count; i++) {
        listeners += (int64_t)atomic_load(&topics[i]->listeners);
        if (message) send_to_all(worker, session, topics[i], message);
        pubsub_put(pubsub, topics[i]);
    }
    if (count && !message) return -1;
    if (message) pubsub_message_unref(message);
    return listeners;
}

static void publish_of(struct command_call *call, enum pubsub_kind kind) {
    enum { PUBLISH_CHANNEL = 1, PUBLISH_MESSAGE = 2 };
    struct bytes channel = call->args[PUBLISH_CHANNEL], payload = call->args[PUBLISH_MESSAGE];
    struct keyspace_judged judged;
    enum keyspace_outcome outcome =
        keyspace_judge_message(call->access, call->session->db, channel, payload, &judged);
    if (outcome != KEYSPACE_DONE) {
        reply_outcome(call, outcome);
        return;
    }
    int64_t listeners =
        judged.dropped ? 0 : pubsub_publish(call->worker, call->session, kind, channel, payload);
    if (listeners < 0)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_integer(call->reply, listeners);
}

/* PUBLISH channel message */
void cmd_publish(struct command_call *call) {
    publish_of(call, PUBSUB_CHANNEL);
}
/* SPUBLISH shardchannel message */
void cmd_spublish(struct command_call *call) {
    publish_of(call, PUBSUB_SHARD);
}

/* ---- PUBSUB ---------------------------------------------------------------------------------- */

struct listing {
    struct command_call *call;
    const struct bytes *pattern;
    size_t count;
};

static void list_topic(void *context, struct bytes name) {
    struct listing *listing = context;
    if (listing->pattern && !glob_match(*listing->pattern, name)) return;
    reply_bulk(listing->call->reply, name);
    listing->count++;
}

static void list_topics(struct command_call *call, enum pubsub_kind kind) {
    enum { LIST_PATTERN = 2, LIST_ARGS_MAX = 3 };
    if (call->args_count > LIST_ARGS_MAX) {
        reply_errorf(call->reply,
                     "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try PUBSUB "
                     "HELP.",
                     (int)call->args[1].len, (const char *)call->args[1].data);
        return;
    }
    struct listing listing = {
        .call = call,
        .pattern = call->args_count == LIST_ARGS_MAX ? &call->args[LIST_PATTERN] : NULL};
    size_t position = resp_array_open(&call->reply->writer);
    pubsub_visit(pubsub_of(call), kind, list_topic, &listing);
    resp_array_close(&call->reply->writer, position, listing.count);
}

static void count_listeners(struct command_call *call, enum pubsub_kind kind) {
    enum { COUNT_FIRST = 2 };
    reply_array(call->reply, 2 * (call->args_count - COUNT_FIRST));
    for (size_t i = COUNT_FIRST; i < call->args_count; i++) {
        reply_bulk(call->reply, call->args[i]);
        reply_integer(call->reply, (int64_t)pubsub_listeners(pubsub_of(call), kind, call->args[i]));
    }
}

/* PUBSUB CHANNELS [pattern] */
void cmd_pubsub_channels(struct command_call *call) {
    list_topics(call, PUBSUB_CHANNEL);
}
/* PUBSUB SHARDCHANNELS [pattern] */
void cmd_pubsub_shardchannels(struct command_call *call) {
    list_topics(call, PUBSUB_SHARD);
}
/* PUBSUB NUMSUB [channel ...] */
void cmd_pubsub_numsub(struct command_call *call) {
    count_listeners(call, PUBSUB_CHANNEL);
}
/* PUBSUB SHARDNUMSUB [shardchannel ...] */
void cmd_pubsub_shardnumsub(struct command_call *call) {
    count_listeners(call, PUBSUB_SHARD);
}
/* PUBSUB NUMPAT */
void cmd_pubsub_numpat(struct command_call *call) {
    reply_integer(call->reply, (int64_t)atomic_load(&pubsub_of(call)->counts[PUBSUB_PATTERN]));
}

/* PUBSUB HELP */
void cmd_pubsub_help(struct command_call *call) {
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    Return the currently active channels matching a <pattern> (default: '*').",
        "NUMPAT",
        "    Return number of subscriptions to patterns.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers for the specified channels, excluding",
        "    pattern subscriptions(default: no channels).",
        "SHARDCHANNELS [<pattern>]",
        "    Return the currently active shard level channels matching a <pattern> (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers for the specified shard level channel(s)",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
