/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source of what is sent: Redis 7.0 tracking.c sendTrackingMessage. */

#include "cmd/tracking.h"

#include <stdlib.h>

#define CHANNEL_INVALIDATE BYTES("__redis__:invalidate")

static struct tracking *tracking_of(const struct worker_state *worker) {
    return &worker->shared->tracking;
}

/* ---- what is sent ---------------------------------------------------------------------------- */

/* Keys one behind the other, each with its length in front. */
struct outdated {
    struct bytes keys;
    size_t count;
    bool all;
};

static bool next_key(struct bytes keys, size_t *at, struct bytes *key) {
    uint32_t len;
    if (*at >= keys.len) return false;
    bytes_copy_to(&len, bytes_slice(keys, *at, sizeof len));
    *key = bytes_slice(keys, *at + sizeof len, len);
    *at += sizeof len + len;
    return true;
}

static bool add_key(struct buf *keys, struct bytes key) {
    size_t start = keys->len;
    uint32_t len = (uint32_t)key.len;
    if (buf_append(keys, bytes_view(&len, sizeof len)) == BRINE_OK &&
        buf_append(keys, key) == BRINE_OK)
        return true;
    keys->len = start;
    return false;
}

static void write_keys(struct resp_writer *writer, const struct outdated *outdated) {
    struct bytes key;
    if (outdated->all) {
        resp_null(writer);
        return;
    }
    resp_array(writer, outdated->count);
    for (size_t at = 0; next_key(outdated->keys, &at, &key);) resp_bulk(writer, key);
}

/* RESP2 knows no pushes: there it is a message of a channel. */
static void write_outdated(struct resp_writer *writer, const struct outdated *outdated) {
    if (writer->version > 2) {
        resp_push(writer, 2);
        resp_bulk(writer, BYTES("invalidate"));
    } else {
        resp_array(writer, 3);
        resp_bulk(writer, BYTES("message"));
        resp_bulk(writer, CHANNEL_INVALIDATE);
    }
    write_keys(writer, outdated);
}

static void write_broken(struct resp_writer *writer, uint64_t target_id) {
    resp_push(writer, 2);
    resp_bulk(writer, BYTES("tracking-redir-broken"));
    resp_integer(writer, (int64_t)target_id);
}

/* Behind the replies that the session has so far. */
static void send_encoded(struct worker_state *worker, struct session *session,
                         const struct outdated *outdated, uint64_t broken_id) {
    bool serves = session == worker->serving;
    struct buf *encoded = &worker->pushed;
    struct resp_writer pushed = {.out = encoded, .version = session->resp_version};
    struct resp_writer *writer = serves ? &worker->reply.writer : &pushed;
    if (outdated)
        write_outdated(writer, outdated);
    else
        write_broken(writer, broken_id);
    if (!serves && !writer->failed && worker->services && worker->services->push)
        worker->services->push(worker, session, buf_view(encoded));
    buf_clear(encoded);
    buf_shrink(encoded, KEYSPACE_SCRATCH_BYTES_KEPT);
}

static void hold(struct tracked *tracked, const struct outdated *outdated) {
    if (outdated->all || tracked->held_all ||
        buf_append(&tracked->held, outdated->keys) != BRINE_OK)
        tracked->held_all = true;
}

/* Within a command nothing may stand before its reply, or in the middle of EXEC's. */
static bool is_busy(const struct worker_state *worker, const struct session *session) {
    return session->modes & SESSION_DEFERRED || (session == worker->serving && worker->in_command);
}

static void tell_session(struct worker_state *worker, struct session *session, bool redirected,
                         const struct outdated *outdated) {
    if (session->resp_version < 3 && !(redirected && pubsub_listens(session))) return;
    if (is_busy(worker, session))
        hold(session->tracked, outdated);
    else
        send_encoded(worker, session, outdated, 0);
}

static size_t count_keys(struct bytes keys) {
    struct bytes key;
    size_t count = 0;
    for (size_t at = 0; next_key(keys, &at, &key);) count++;
    return count;
}

void tracking_release_held(struct worker_state *worker, struct session *session) {
    struct tracked *tracked = session->tracked;
    if (!tracked || (!tracked->held_all && tracked->held.len == 0)) return;
    struct bytes held = buf_view(&tracked->held), key;
    if (tracked->held_all) send_encoded(worker, session, &(struct outdated){.all = true}, 0);
    for (size_t at = 0, begin = 0; !tracked->held_all && next_key(held, &at, &key); begin = at) {
        struct outdated one = {.keys = bytes_slice(held, begin, at - begin), .count = 1};
        send_encoded(worker, session, &one, 0);
    }
    tracked->held_all = false;
    buf_clear(&tracked->held);
    buf_shrink(&tracked->held, 0);
}

void tracking_make_good(struct worker_state *worker) {
    struct tracking_worker *own = &tracking_of(worker)->workers[worker->index];
    if (LIKELY(!atomic_load_explicit(&own->lost, memory_order_relaxed))) return;
    atomic_store(&own->lost, false);
    struct outdated all = {.all = true};
    for (size_t i = 0; i < own->slots_count; i++) {
        struct session *session = own->slots[i];
        /* A session that is told for another one need not track itself. */
        if (session) tell_session(worker, session, true, &all);
    }
}

/* ---- to other workers ------------------------------------------------------------------------ */

/* To a session on another worker: what is outdated, or that the target of its own is gone. */
struct notice {
    struct mail mail;
    struct tracker *tracker; /* whose cache it is; a reference */
    tracking_address target;
    uint64_t broken_id; /* 0: `outdated` it is */
    struct outdated outdated;
    size_t keys_bytes; /* behind it */
};

static void free_notice(struct notice *notice) {
    struct allocator *mem = notice->tracker->mem;
    size_t bytes = sizeof *notice + notice->keys_bytes;
    tracker_unref(notice->tracker);
    mem_free(mem, notice, bytes);
}

static void tell_broken_here(struct worker_state *worker, uint64_t id, uint64_t target_id) {
    struct session *session = tracking_session(tracking_of(worker), worker->index, id);
    if (session && session->resp_version > 2) send_encoded(worker, session, NULL, target_id);
}

static struct notice *create_notice(struct worker_state *worker, struct tracker *tracker,
                                    struct bytes keys);
static void break_redirection(struct worker_state *worker, struct tracker *tracker,
                              uint64_t target_id) {
    size_t to = tracking_address_worker(tracker->own);
    atomic_fetch_or(&tracker->flags, TRACKING_BROKEN);
    if (to == worker->index) {
        tell_broken_here(worker, tracking_address_id(tracker->own), target_id);
        return;
    }
    struct notice *notice = create_notice(worker, tracker, bytes_view(NULL, 0));
    if (!notice) return; /* CLIENT TRACKINGINFO tells */
    notice->target = tracker->own;
    notice->broken_id = target_id;
    mail_post(worker, NULL, to, &notice->mail);
}

static void tell_here(struct worker_state *worker, struct tracker *tracker, tracking_address target,
                      const struct outdated *outdated) {
    uint64_t id = tracking_address_id(target);
    struct session *session = tracking_session(tracking_of(worker), worker->index, id);
    bool redirected = atomic_load(&tracker->flags) & TRACKING_REDIRECTED;
    if (session && !session->close_after_reply) /* else it is on its way out */
        tell_session(worker, session, redirected, outdated);
    else if (redirected)
        break_redirection(worker, tracker, id);
}

static void deliver_notice(struct mail *mail, struct worker_state *worker) {
    struct notice *notice = CONTAINER_OF(mail, struct notice, mail);
    if (worker && notice->broken_id)
        tell_broken_here(worker, tracking_address_id(notice->target), notice->broken_id);
    else if (worker)
        tell_here(worker, notice->tracker, notice->target, &notice->outdated);
    free_notice(notice);
}

static struct notice *create_notice(struct worker_state *worker, struct tracker *tracker,
                                    struct bytes keys) {
    struct notice *notice = mem_alloc(tracking_of(worker)->mem, sizeof *notice + keys.len);
    if (!notice) return NULL;
    uint8_t *text = (uint8_t *)(notice + 1);
    bytes_copy_to(text, keys);
    *notice = (struct notice){
        .mail.deliver = deliver_notice,
        .mail.bytes = sizeof *notice + keys.len,
        .tracker = tracker_ref(tracker),
        .outdated.keys = bytes_view(text, keys.len),
        .keys_bytes = keys.len,
    };
    return notice;
}

static void tell_target(struct worker_state *worker, struct session *session,
                        struct tracker *tracker, const struct outdated *outdated) {
    tracking_address target = atomic_load(&tracker->target);
    size_t to = tracking_address_worker(target);
    if (to == worker->index) {
        tell_here(worker, tracker, target, outdated);
        return;
    }
    struct notice *notice = create_notice(worker, tracker, outdated->keys);
    if (!notice) {
        atomic_store(&tracking_of(worker)->workers[to].lost, true);
        return;
    }
    notice->target = target;
    notice->outdated.count = outdated->count;
    notice->outdated.all = outdated->all;
    mail_post(worker, session, to, &notice->mail);
}

/* ---- after a command ------------------------------------------------------------------------- */

struct telling {
    struct worker_state *worker;
    struct session *session; /* whose change it is; NULL: the store's */
    struct change *changes;  /* of a batch, for those who asked for prefixes */
    size_t changes_count;
    struct buf all, by_store;
    bool failed;
};

/* Whoever changed a key himself may have asked not to be told. */
static bool wants(const struct telling *telling, const struct tracker *tracker, bool by_store) {
    uint32_t flags = atomic_load(&tracker->flags);
    if (!(flags & TRACKING_ON)) return false;
    return !(flags & TRACKING_NOLOOP) || by_store || !telling->session ||
           tracking_address_id(tracker->own) != telling->session->id;
}

static void tell_key(struct telling *telling, struct tracker *tracker, const struct bytes *key,
                     bool by_store) {
    struct outdated outdated = {.count = 1, .all = !key};
    struct buf *one = &telling->worker->collected;
    if (key && !wants(telling, tracker, by_store)) return;
    buf_clear(one);
    if (key && !add_key(one, *key)) {
        size_t worker = tracking_address_worker(atomic_load(&tracker->target));
        atomic_store(&tracking_of(telling->worker)->workers[worker].lost, true);
        return;
    }
    if (key) outdated.keys = buf_view(one);
    tell_target(telling->worker, telling->session, tracker, &outdated);
    buf_clear(one);
}

static void tell_change(void *context, struct tracker *tracker, const struct bytes *key) {
    tell_key(context, tracker, key, false);
}
static void tell_removal(void *context, struct tracker *tracker, const struct bytes *key) {
    tell_key(context, tracker, key, true);
}

static void lose_all(struct tracking *tracking) {
    for (size_t i = 0; i < tracking->workers_count; i++)
        atomic_store(&tracking->workers[i].lost, true);
}

/* ---- after a batch: who asked for prefixes --------------------------------------------------- */

/* A changed key, as worker->outdated keeps it in front of the key's bytes. */
struct change_head {
    uint32_t len;
    bool by_store;
};
struct change {
    struct bytes key;
    bool by_store;
};

static bool note_change(struct worker_state *worker, const struct keyspace_event *event) {
    struct buf *noted = &worker->outdated;
    struct change_head head = {.len = (uint32_t)event->key.len, .by_store = event->by_store};
    size_t start = noted->len;
    if (buf_append(noted, bytes_view(&head, sizeof head)) == BRINE_OK &&
        buf_append(noted, event->key) == BRINE_OK) {
        worker->outdated_count++;
        return true;
    }
    noted->len = start;
    return false;
}

static int compare_changes(const void *a, const void *b) {
    const struct change *one = a, *other = b;
    return bytes_compare(one->key, other->key);
}

/* In their keys' order, each key once.  Returns how many there are. */
static size_t gather_changes(const struct worker_state *worker, struct change *changes) {
    size_t count = 0, kept = 0;
    for (size_t at = 0; at < worker->outdated.len; count++) {
        struct change_head head = {0};
        struct bytes noted = bytes_slice(buf_view(&worker->outdated), at, worker->outdated.len);
        bytes_copy_to(&head, bytes_slice(noted, 0, sizeof head));
        changes[count] = (struct change){bytes_slice(noted, sizeof head, head.len), head.by_store};
        at += sizeof head + head.len;
    }
    qsort(changes, count, sizeof *changes, compare_changes);
    for (size_t i = 0; i < count; i++) {
        if (kept && bytes_equal(changes[kept - 1].key, changes[i].key))
            changes[kept - 1].by_store |= changes[i].by_store;
        else
            changes[kept++] = changes[i];
    }
    return kept;
}

static void tell_prefix(void *context, const struct tracking_prefix *prefix) {
    struct telling *telling = context;
    buf_clear(&telling->all);
    buf_clear(&telling->by_store);
    for (size_t i = 0; i < telling->changes_count; i++) {
        const struct change *change = &telling->changes[i];
        if (!bytes_starts_with(change->key, prefix->name)) continue;
        if (!add_key(&telling->all, change->key) ||
            (change->by_store && !add_key(&telling->by_store, change->key)))
            telling->failed = true;
    }
    struct outdated all = {.keys = buf_view(&telling->all),
                           .count = count_keys(buf_view(&telling->all))};
    struct outdated by_store = {.keys = buf_view(&telling->by_store),
                                .count = count_keys(buf_view(&telling->by_store))};
    for (size_t i = 0; i < prefix->count; i++) {
        bool everything = wants(telling, prefix->trackers[i], false);
        const struct outdated *told = everything ? &all : &by_store;
        if (told->count) tell_target(telling->worker, telling->session, prefix->trackers[i], told);
    }
}

void tracking_tell_prefixes(struct worker_state *worker, struct session *session) {
    size_t bytes = worker->outdated_count * sizeof(struct change);
    struct telling telling = {.worker = worker, .session = session};
    telling.changes = mem_alloc(worker->mem, bytes);
    if (telling.changes) {
        telling.changes_count = gather_changes(worker, telling.changes);
        buf_init(&telling.all, worker->mem, KEYSPACE_EVENTS_BYTES_MAX);
        buf_init(&telling.by_store, worker->mem, KEYSPACE_EVENTS_BYTES_MAX);
        tracking_visit_prefixes(tracking_of(worker), tell_prefix, &telling);
        buf_deinit(&telling.all);
        buf_deinit(&telling.by_store);
    }
    if (telling.failed || !telling.changes) lose_all(tracking_of(worker));
    mem_free(worker->mem, telling.changes, bytes);
    buf_clear(&worker->outdated);
    buf_shrink(&worker->outdated, KEYSPACE_SCRATCH_BYTES_KEPT);
    worker->outdated_count = 0;
}

/* ---- after a command, all others --------------------------------------------------------------
 */

void tracking_tell(struct worker_state *worker, struct session *session) {
    struct tracking *tracking = tracking_of(worker);
    if (keyspace_events_lost(&worker->access)) lose_all(tracking);
    if (atomic_load(&tracking->clients) == 0) return;
    struct telling telling = {.worker = worker, .session = session};
    struct tracking_teller changes = {tell_change, &telling}, removals = {tell_removal, &telling};
    bool broadcasts = atomic_load(&tracking->prefixes_count) > 0;
    struct keyspace_event event;
    for (size_t at = 0; keyspace_next_event(&worker->access, &at, &event);) {
        if (!event.name)
            tracking_outdate_all(tracking, &changes); /* those of prefixes as well */
        else if (event.changes)
            tracking_outdate(tracking, event.key, event.by_store ? &removals : &changes);
        if (!event.name || !event.changes || !broadcasts || note_change(worker, &event)) continue;
        tracking_tell_prefixes(worker, session); /* no room: what was noted so far is told */
        if (!note_change(worker, &event)) lose_all(tracking);
    }
}

/* ---- before a command ------------------------------------------------------------------------ */

static bool remembers(const struct tracked *tracked, uint32_t flags) {
    if (!(flags & TRACKING_ON) || flags & TRACKING_BCAST) return false;
    if (flags & TRACKING_OPTIN) return tracked->caching;
    return !(flags & TRACKING_OPTOUT) || !tracked->caching;
}

static void remember(struct command_call *call, struct bytes key) {
    struct worker_state *worker = call->worker;
    struct tracker *tracker = call->session->tracked->tracker;
    size_t keys_max = (size_t)config_read(worker->config->events.tracking_keys);
    struct telling telling = {.worker = worker};
    struct tracking_teller teller = {tell_removal, &telling};
    if (tracking_remember(tracking_of(worker), tracker, key, keys_max, &teller) != BRINE_OK)
        tell_removal(&telling, tracker, &key);
}

/* A key whose time is over goes now, and whoever had read it is told: the command would meet it
 * only when its client is remembered already, and have it told of a change from before its read. */
static void meet_expired(struct command_call *call, struct bytes key) {
    struct store_key name = keyspace_key(call->access, call->session->db, key);
    struct store_value value;
    (void)!keyspace_peek(call->access, &name, &value);
    keyspace_leave(call->access);
}

static void remember_keys(struct command_call *call, const struct bytes *keys, size_t count,
                          size_t step) {
    for (size_t i = 0; i < count; i += step) meet_expired(call, keys[i]);
    if (keyspace_has_events(call->access)) {
        keyspace_gather_events(call->access);
        tracking_tell(call->worker, call->session);
        keyspace_settle_events(call->access); /* notifications follow the reply */
    }
    for (size_t i = 0; i < count; i += step) remember(call, keys[i]);
}

static bool session_remembers(const struct session *session) {
    const struct tracked *tracked = session->tracked;
    return tracked && tracked->tracker && remembers(tracked, tracking_flags(session));
}

void tracking_note_reads(struct command_call *call) {
    const struct command *command = call->command;
    size_t first, last, step;
    bool is_script = command->keys.count_at > 0; /* what it reads is noted when it does */
    if (!(command->flags & CMD_READONLY) || is_script || !session_remembers(call->session) ||
        !command_key_positions(command, call->args, call->args_count, &first, &last, &step))
        return;
    remember_keys(call, &call->args[first], last - first + 1, step);
}

void tracking_note_script(struct command_call *call, const struct bytes *keys, size_t count) {
    if (!session_remembers(call->session)) return;
    remember_keys(call, keys, count, 1);
}

/* ---- now and then ---------------------------------------------------------------------------- */

void tracking_keep_limit(struct worker_state *worker) {
    enum { SHRINK_KEYS_MAX = 1000 }; /* a millisecond of work, ten times a second */
    struct tracking *tracking = tracking_of(worker);
    size_t keys_max = (size_t)config_read(worker->config->events.tracking_keys);
    struct telling telling = {.worker = worker};
    struct tracking_teller teller = {tell_removal, &telling};
    if (keys_max && atomic_load(&tracking->keys) > keys_max)
        (void)tracking_shrink(tracking, keys_max, SHRINK_KEYS_MAX, &teller);
}
