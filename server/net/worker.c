/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The end of a worker has two steps, each asked for by a message.  *Drain*: every connection is
 * served until it falls quiet, and closed; when the last one's memory is gone nobody can have a
 * question under way.  *Stop*, sent when all workers have drained, closes the worker's own handles,
 * after which its loop, and so its thread, ends. */

#include "net/worker.h"

#include "base/assert.h"
#include "cmd/events.h"
#include "cmd/tracking.h"
#include "net/net.h"
#include "keyspace/room.h"
#include "net/secure.h"
#include "observe/clock.h"
#include "observe/machine.h"

#include <signal.h>
#include <sys/resource.h>

enum {
    DESK_BYTES_MAX = 64 << 20, /* that one keeps, whatever the limit */
    DESK_BYTES_KEPT = 256 * 1024,
    DESK_INPUT_BYTES = 4096, /* shorter ones do not take as much */
    DESK_REST_MS = 100,
    UPKEEP_LONG_NS = 1000 * 10000,
};

static void on_turn_end(uv_prepare_t *handle);
static void on_sockets_served(uv_check_t *handle);
static void on_again(uv_idle_t *handle);
/* CLIENT PAUSE is over. */
static void resume_postponed(struct worker *worker) {
    if (worker->state.postponed_count == 0 || dispatch_is_paused(&worker->state)) return;
    metrics_add(&worker->metrics, METRIC_blocked_clients, 0 - worker->state.postponed_count);
    worker->state.postponed_count = 0;
    struct connection *connection = worker->connections;
    struct connection *last = connection ? connection->previous : NULL;
    while (connection) {
        struct connection *next = connection == last ? NULL : connection->next;
        if (connection->session.modes & SESSION_POSTPONED) {
            connection->session.modes &= ~(uint32_t)SESSION_POSTPONED;
            connection_resume(connection);
        }
        connection = next;
    }
}

static void on_tick(uv_timer_t *handle);
static void on_drain_tick(uv_timer_t *handle);

/* ---- life ------------------------------------------------------------------------------------ */

static enum brine_status open_state(struct worker *worker) {
    const struct net_options *options = &worker->net->options;
    TRY(metrics_init(&worker->metrics, options->mem, command_table_count()));
    struct worker_options state = {
        .mem = options->mem,
        .config = options->config,
        .keyspace = options->keyspace,
        .shared = &worker->net->shared,
        .services = &worker->net->services,
        .metrics = &worker->metrics,
        .metrics_set = &worker->net->metrics_set,
        .log = options->log,
        .index = worker->index,
        .worker = worker,
        .mono_ns = clock_mono_ns,
        .random_seed = options->random_seed + worker->index,
    };
    bool speaks_tls = config_read(options->config->tls.port) > 0;
    enum brine_status status = intake_init(&worker->intake, options->mem);
    if (speaks_tls) worker->cipher_in = mem_alloc(options->mem, SECURE_READ_BYTES);
    if (status != BRINE_OK || (speaks_tls && !worker->cipher_in)) {
        intake_deinit(&worker->intake, options->mem);
        mem_free(options->mem, worker->cipher_in, SECURE_READ_BYTES);
        metrics_deinit(&worker->metrics);
        return BRINE_NO_MEMORY;
    }
    buf_init(&worker->cipher_out, options->mem, SECURE_OUT_BYTES_MAX);
    outbox_init(&worker->outbox, options->mem);
    worker_state_init(&worker->state, &state);
    return BRINE_OK;
}

static void close_state(struct worker *worker) {
    intake_deinit(&worker->intake, worker->net->options.mem);
    mem_free(worker->net->options.mem, worker->cipher_in, SECURE_READ_BYTES);
    buf_deinit(&worker->cipher_out);
    outbox_deinit(&worker->outbox);
    worker_state_deinit(&worker->state);
    metrics_deinit(&worker->metrics);
}

static void open_handles(struct worker *worker) {
    uv_loop_t *loop = &worker->loop;
    int code = uv_prepare_init(loop, &worker->turn_ends) |
               uv_check_init(loop, &worker->sockets_served) | uv_timer_init(loop, &worker->tick) |
               uv_timer_init(loop, &worker->drain_tick) | uv_idle_init(loop, &worker->again) |
               uv_prepare_start(&worker->turn_ends, on_turn_end) |
               uv_check_start(&worker->sockets_served, on_sockets_served) |
               uv_timer_start(&worker->tick, on_tick, WORKER_TICK_MS, WORKER_TICK_MS);
    BRINE_ASSERT(code == 0, "handles without a descriptor can always be made");
    worker->turn_ends.data = worker->sockets_served.data = worker->tick.data =
        worker->drain_tick.data = worker->again.data = worker;
}

enum brine_status worker_open(struct worker *worker, struct net *net, size_t index,
                              struct brine_error *err) {
    *worker = (struct worker){.net = net, .index = index, .upkeep_shard = index};
    budget_share_init(&worker->budget, &net->budget);
    mailbox_init(&worker->mailbox);
    if (open_state(worker) != BRINE_OK)
        return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory while starting worker %zu",
                          index);
    int code = uv_loop_init(&worker->loop);
    if (code) {
        close_state(worker);
        return brine_fail(err, BRINE_IO, 0, "cannot start worker %zu: %s", index,
                          uv_strerror(code));
    }
    enum brine_status status = inbox_open(&worker->inbox, &worker->loop, worker, err);
    if (status != BRINE_OK) {
        uv_loop_close(&worker->loop);
        close_state(worker);
        return status;
    }
    open_handles(worker);
    metrics_set_add(&net->metrics_set, &worker->metrics);
    return BRINE_OK;
}

static void run_worker(void *arg) {
    struct worker *worker = arg;
    brine_assert_doing("serving clients");
    uv_run(&worker->loop, UV_RUN_DEFAULT);
}

/* Files' pages are the process's too, where their reader is alone with them, as in a container. */
static bool measure_process(struct room_process *process) {
    struct machine_allocator allocator = machine_allocator();
    process->resident_bytes = machine_resident_bytes();
    process->idle_bytes = allocator.dirty_bytes;
    return allocator.known && process->resident_bytes > 0;
}

static void purge_allocator(void) {
    (void)machine_purge_allocator();
}

/* What the process has now, before it serves anybody, is what it began with: at the first tick, a
 * tenth of a second later, clients may have filled a small limit. */
enum brine_status worker_start(struct worker *worker, struct brine_error *err) {
    if (worker->index == 0)
        room_watch_process(worker->net->options.keyspace, measure_process, purge_allocator);
    /* Signals are the main thread's: a new thread inherits what is blocked now. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = uv_thread_create(&worker->thread, run_worker, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code)
        return brine_fail(err, BRINE_IO, 0, "cannot start worker thread %zu: %s", worker->index,
                          uv_strerror(code));
    worker->running = true;
    return BRINE_OK;
}

static void close_handles(struct worker *worker) {
    inbox_close(&worker->inbox);
    uv_close((uv_handle_t *)&worker->turn_ends, NULL);
    uv_close((uv_handle_t *)&worker->sockets_served, NULL);
    uv_close((uv_handle_t *)&worker->tick, NULL);
    uv_close((uv_handle_t *)&worker->drain_tick, NULL);
    uv_close((uv_handle_t *)&worker->again, NULL);
}

static void stop_here(struct message *message UNUSED, void *owner) {
    close_handles(owner);
}

void worker_stop(struct worker *worker) {
    if (!worker->running) return;
    worker->stop_message.run = stop_here;
    inbox_push(&worker->inbox, &worker->stop_message);
    uv_thread_join(&worker->thread);
    worker->running = false;
}

void worker_close(struct worker *worker) {
    BRINE_ASSERT(!worker->running, "a worker is stopped before it is closed");
    BRINE_ASSERT(worker->connections_count == 0, "a worker is closed without connections");
    if (!uv_is_closing((uv_handle_t *)&worker->inbox.wake)) close_handles(worker);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    int code = uv_loop_close(&worker->loop);
    BRINE_ASSERT(code == 0, "a worker's loop has no handles left");
    inbox_deinit(&worker->inbox);
    mailbox_deinit(&worker->mailbox);
    close_state(worker);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* Runs just before the loop sleeps: whatever wakes it is a new turn, at a time not yet known. */
static void on_turn_end(uv_prepare_t *handle) {
    struct worker *worker = handle->data;
    connection_send_held(worker); /* who was gone on with since the sockets were asked */
    worker->turn++;
    worker->time_is_known = false;
}

static void on_sockets_served(uv_check_t *handle) {
    intake_run(handle->data);
    connection_send_held(handle->data);
}

void worker_note_time(struct worker *worker) {
    if (worker->time_is_known) return;
    worker->time_is_known = true;
    worker_state_set_time(&worker->state, clock_wall_ms(), clock_mono_ms());
}

void worker_queue_again(struct worker *worker, struct connection *connection) {
    if (connection->again_queued) return;
    connection->again_queued = true;
    connection_ref(connection);
    connection->again_next = worker->again_first;
    worker->again_first = connection;
    uv_idle_start(&worker->again, on_again);
}

/* A turn of upkeep until now: INFO's figures, and LATENCY's event.  That a turn was long is judged
 * by the processor's time: the clock's also tells what else the machine did. */
static void note_upkeep(struct worker *worker, int64_t started_ns, int64_t started_thread_ns) {
    bool was_long = clock_thread_ns() - started_thread_ns > UPKEEP_LONG_NS;
    metrics_add(&worker->metrics, METRIC_upkeep_turns, 1);
    if (was_long) metrics_add(&worker->metrics, METRIC_upkeep_long_turns, 1);
    int64_t took_us = (clock_mono_ns() - started_ns) / 1000;
    int64_t threshold_ms = config_read(worker->net->options.config->latency.monitor_threshold_ms);
    metrics_add(&worker->metrics, METRIC_upkeep_us, (uint64_t)MAX(took_us, 0));
    if (threshold_ms > 0 && took_us / 1000 >= threshold_ms)
        latency_add(&worker->net->shared.latency, LATENCY_expire_cycle, worker->state.now_ms / 1000,
                    took_us / 1000);
}

/* The keyspace's share of this worker: every so-manieth shard, as many as the time allows, from
 * where the last turn ended. */
static void do_upkeep(struct worker *worker) {
    struct keyspace_access *access = &worker->state.access;
    size_t shards = store_shards(worker->net->options.keyspace->store);
    size_t step = worker->net->workers_count, own = (shards + step - 1 - worker->index) / step;
    int64_t started_ns = clock_mono_ns(), end_ns = started_ns + WORKER_UPKEEP_NS;
    int64_t started_thread_ns = clock_thread_ns();
    bool more = false;
    size_t done = 0;
    worker_note_time(worker);
    worker->upkeep_is_due = false;
    if (messages_are_behind(worker)) return; /* what is removed may have to be told */
    for (; done < own && (done == 0 || clock_mono_ns() < end_ns); done++) {
        if (worker->upkeep_shard >= shards) worker->upkeep_shard = worker->index;
        more |= keyspace_upkeep(access, worker->upkeep_shard);
        worker->upkeep_shard += step;
    }
    events_tell(&worker->state, NULL);
    tracking_end_batch(&worker->state, NULL);
    worker->upkeep_is_due = more;
    if (more && done < own) metrics_add(&worker->metrics, METRIC_upkeep_cut_short, 1);
    note_upkeep(worker, started_ns, started_thread_ns);
    if (more) uv_idle_start(&worker->again, on_again);
}

/* Runs once a turn while there is work left over; the loop polls its sockets in between. */
static void on_again(uv_idle_t *handle) {
    struct worker *worker = handle->data;
    uv_idle_stop(handle);
    struct connection *connection = worker->again_first;
    worker->again_first = NULL;
    while (connection) {
        struct connection *next = connection->again_next;
        connection->again_queued = false;
        connection_go_on(connection); /* may queue it again, for the next turn */
        connection_unref(connection);
        connection = next;
    }
    if (worker->upkeep_is_due) do_upkeep(worker);
}

/* Each tick looks at a tenth of the connections, so that a timeout is seen within a second or so
 * and ten thousand idle clients cost 0.1 ms. */
static void check_times(struct worker *worker) {
    struct config *config = worker->net->options.config;
    if (config_read(config->server.idle_timeout) == 0 && worker->lingering_count == 0 &&
        worker->handshakes_count == 0 && config_read(config->limits.incomplete_timeout) == 0)
        return;
    size_t count = worker->connections_count / 10 + 1;
    for (size_t i = 0; i < count && worker->connections; i++) {
        struct connection *connection = worker->connections;
        worker->connections = connection->next; /* the ring turns: the next one is first */
        connection_check_time(connection, worker->state.mono_ms);
    }
}

/* A share of no limit is none.  Less than what a few connections take would let nobody in.  What is
 * no share counts up to half of memory.max, for buffers push entries out, and who sends half
 * of a value is to cost others no more than that. */
size_t worker_clients_limit(const struct worker *worker) {
    static const size_t least_bytes = 1 << 20;
    int64_t given = config_read(worker->net->options.config->limits.clients_bytes);
    size_t whole = room_limit(worker->net->options.keyspace);
    size_t bytes = given < 0 ? whole / 100 * (size_t)-given : (size_t)given;
    if (given > 0 && whole > 0) bytes = MIN(bytes, whole / WORKER_CLIENTS_SHARE);
    return bytes == 0 ? SIZE_MAX : MAX(bytes, least_bytes);
}

static void bump(_Atomic size_t *value, size_t more) {
    atomic_fetch_add_explicit(value, more, memory_order_relaxed);
}

static void check_orphans_of(struct budget_member *member) {
    struct connection *connection = CONTAINER_OF(member, struct connection, member);
    struct worker *worker = connection->worker;
    size_t bytes = connection_check_orphans(connection);
    if (bytes == 0) return;
    bump(&worker->orphaned_bytes, bytes);
    bump(&worker->orphans_holders, 1);
    if (bytes <= worker->orphans_largest) return;
    worker->orphans_largest = bytes;
    worker->orphans_greediest = connection;
}

/* True when all clients together keep more replaced values than twice what one may, or than all may
 * hold of anything, and this worker has the one that keeps most.  A single one may always finish.
 */
static bool orphans_exceed(struct worker *worker) {
    struct net *net = worker->net;
    size_t one_may = (size_t)config_read(net->options.config->limits.output_bytes);
    size_t limit = MIN(2 * MIN(one_may, SIZE_MAX / 2), worker_clients_limit(worker));
    size_t total = 0, holders = 0, largest = 0;
    for (size_t i = 0; i < net->workers_count; i++) {
        total += atomic_load_explicit(&net->workers[i].orphaned_bytes, memory_order_relaxed);
        holders += atomic_load_explicit(&net->workers[i].orphans_holders, memory_order_relaxed);
        largest = MAX(largest,
                      atomic_load_explicit(&net->workers[i].orphans_largest, memory_order_relaxed));
    }
    return total > limit && holders > 1 && worker->orphans_greediest &&
           worker->orphans_largest >= largest;
}

static void check_orphans(struct worker *worker) {
    for (;;) {
        worker->orphans_greediest = NULL;
        worker->orphaned_bytes = worker->orphans_largest = worker->orphans_holders = 0;
        budget_visit(&worker->budget, check_orphans_of);
        if (!orphans_exceed(worker) || worker->orphans_greediest->closed) return;
        connection_close_for_orphans(worker->orphans_greediest);
    }
}

static void note_memory(struct worker *worker) {
    struct keyspace *keyspace = worker->net->options.keyspace;
    if (worker->index != 0) return;
    room_measure(keyspace);
    keyspace_note_stale(keyspace);
}

static void raise_to(_Atomic size_t *largest, size_t bytes) {
    if (bytes > atomic_load_explicit(largest, memory_order_relaxed))
        atomic_store_explicit(largest, bytes, memory_order_relaxed);
}

void worker_note_buffers(struct worker *worker, size_t query_bytes, size_t output_bytes) {
    raise_to(&worker->recent[0].query_bytes, query_bytes);
    raise_to(&worker->recent[0].output_bytes, output_bytes);
}

/* Periods follow each other; who holds most is noted in each, though nothing of his changes. */
static void note_recent(struct worker *worker) {
    struct recent_buffers *now = &worker->recent[0], *before = &worker->recent[1];
    if (worker->state.mono_ms - worker->recent_since_mono_ms >= WORKER_RECENT_MS) {
        worker->recent_since_mono_ms = worker->state.mono_ms;
        before->query_bytes = atomic_exchange(&now->query_bytes, 0);
        before->output_bytes = atomic_exchange(&now->output_bytes, 0);
    }
    struct budget_member *member = budget_greediest(&worker->budget);
    if (!member) return;
    const struct session *session = &CONTAINER_OF(member, struct connection, member)->session;
    worker_note_buffers(worker, session->query_cap_bytes, session->output_bytes);
}

/* For INFO: the first worker stands for Redis's main thread. */
static void note_processor_time(struct worker *worker) {
    struct rusage used;
    if (worker->index != 0 || getrusage(RUSAGE_THREAD, &used) != 0) return;
    struct net *net = worker->net;
    atomic_store(&net->first_system_us, used.ru_stime.tv_sec * 1000000 + used.ru_stime.tv_usec);
    atomic_store(&net->first_user_us, used.ru_utime.tv_sec * 1000000 + used.ru_utime.tv_usec);
}

/* What judging took, up to a 60-fold of a value's length, is kept while long inputs come, as far
 * as every thread may have it at any time. */
void worker_note_judged(struct worker *worker, size_t input_bytes) {
    if (LIKELY(input_bytes < DESK_INPUT_BYTES)) return;
    size_t few = purses_few_bytes(&worker->net->options.keyspace->purses) / 2;
    worker->desk_used_mono_ms = worker->state.mono_ms;
    gate_desk_trim(&worker->state.access.desk, MIN(few, (size_t)DESK_BYTES_MAX));
}

static void rest_desk(struct worker *worker) {
    if (worker->state.mono_ms - worker->desk_used_mono_ms < DESK_REST_MS) return;
    gate_desk_trim(&worker->state.access.desk, DESK_BYTES_KEPT);
}

static void on_tick(uv_timer_t *handle) {
    struct worker *worker = handle->data;
    worker_note_time(worker);
    note_memory(worker);
    note_recent(worker);
    note_processor_time(worker);
    check_times(worker);
    check_orphans(worker);
    tracking_make_good(&worker->state);
    tracking_keep_limit(&worker->state);
    rest_desk(worker);
    resume_postponed(worker);
    if (!worker->upkeep_is_due) do_upkeep(worker);
    if (worker->index == 0)
        rates_sample(&worker->net->rates, worker->state.mono_ms, &worker->net->metrics_set);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void take_socket(struct message *message, void *owner) {
    struct worker *worker = owner;
    struct accepted *accepted = CONTAINER_OF(message, struct accepted, message);
    struct connection_options options = {.fd = accepted->fd,
                                         .id = accepted->id,
                                         .is_unix = accepted->is_unix,
                                         .is_tls = accepted->is_tls,
                                         .peer = accepted->peer,
                                         .local = accepted->local,
                                         .listener_text = accepted->listener_text};
    struct connection *connection = connection_open(worker, &options);
    /* Only one that was on its way when the end began; it has said nothing yet. */
    if (connection && worker->draining) connection_close(connection);
    mem_free(worker->net->options.mem, accepted, sizeof(*accepted));
}

void worker_accept(struct worker *worker, struct accepted *accepted) {
    accepted->message.run = take_socket;
    inbox_push(&worker->inbox, &accepted->message);
}

/* ---- the budget ------------------------------------------------------------------------------ */

static void close_greediest(struct worker *worker) {
    struct net *net = worker->net;
    struct budget_member *member = budget_greediest(&worker->budget);
    struct connection *connection = CONTAINER_OF(member, struct connection, member);
    uint64_t suppressed = 0;
    metrics_add(&worker->metrics, METRIC_client_budget_closed, 1);
    if (log_limiter_allows(&net->budget_limiter, worker->state.mono_ms, 60000, &suppressed))
        log_write(net->options.log, LOG_WARNING,
                  "All clients' buffers exceed limits.clients_bytes: closing id=%llu addr=%s, "
                  "which holds %zu bytes (%llu more not shown)",
                  (unsigned long long)connection->session.id, connection->session.peer,
                  member->held_bytes, (unsigned long long)suppressed);
    connection_close(connection);
}

static void relieve_here(struct message *message, void *owner) {
    struct worker *worker = owner;
    BRINE_ASSERT(message == &worker->relieve_message, "relief is asked of oneself");
    atomic_store(&worker->relief_asked, false);
    worker_note_time(worker);
    worker_relieve(worker);
}

/* Where what clients may hold is a part of memory.max, that is so that one of them may send the
 * longest value, or be sent as much; several together have half of it, so that many small buffers
 * do not push out most entries.  `class` is of what the greediest holds. */
static bool clients_exceed(const struct worker *worker, int class) {
    enum { TOGETHER_SHARE = 2, OTHERS_SHARE = 4 };
    size_t limit = worker_clients_limit(worker), held = budget_held(&worker->net->budget);
    if (held > limit) return true;
    int64_t given = config_read(worker->net->options.config->limits.clients_bytes);
    if (class < 0 || given < 0 || limit == (size_t)given || limit == SIZE_MAX) return false;
    size_t most = (size_t)2 << class;
    return held > limit / TOGETHER_SHARE && held - MIN(most, held) > limit / OTHERS_SHARE;
}

void worker_relieve(struct worker *worker) {
    struct net *net = worker->net;
    for (;;) {
        struct worker *greediest = worker;
        for (size_t i = 0; i < net->workers_count; i++)
            if (budget_largest_class(&net->workers[i].budget) >
                budget_largest_class(&greediest->budget))
                greediest = &net->workers[i];
        if (!clients_exceed(worker, budget_largest_class(&greediest->budget))) return;
        if (greediest != worker) {
            /* It closes its own; until then the budget is exceeded by one read of ours. */
            if (atomic_exchange(&greediest->relief_asked, true)) return;
            greediest->relieve_message.run = relieve_here;
            inbox_push(&greediest->inbox, &greediest->relieve_message);
            return;
        }
        if (budget_largest_class(&worker->budget) < 0) return;
        close_greediest(worker);
    }
}

void worker_note_brought(struct worker *worker, size_t bytes) {
    if (LIKELY(!room_note_buffers(&worker->state.access, bytes))) return;
    worker->upkeep_is_due = true;
    uv_idle_start(&worker->again, on_again);
}

bool worker_hold(struct worker *worker, struct connection *connection, size_t bytes) {
    size_t before = connection->member.held_bytes;
    budget_hold(&worker->budget, &connection->member, bytes);
    if (bytes <= before) return true;
    if (UNLIKELY(budget_held(&worker->net->budget) > worker_clients_limit(worker) / 2))
        worker_relieve(worker);
    worker_note_brought(worker, bytes - before);
    return !connection->closed;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void close_all(struct worker *worker) {
    while (worker->connections) connection_close(worker->connections);
}

/* Closes connections that brought nothing since the last drain tick and have nothing left to send;
 * after the time for that is over, others as well. */
static void on_drain_tick(uv_timer_t *handle) {
    struct worker *worker = handle->data;
    if (worker->turn == worker->drain_turn) return; /* the sockets were not asked since */
    worker_note_time(worker);
    int64_t taken_ms = worker->state.mono_ms - worker->drain_started_mono_ms;
    if (taken_ms >= WORKER_DRAIN_READ_MS) background_give_up(&worker->net->background);
    if (taken_ms >= WORKER_DRAIN_MS) close_all(worker);
    struct connection *connection = worker->connections;
    struct connection *last = connection ? connection->previous : NULL;
    while (connection) {
        struct connection *next = connection == last ? NULL : connection->next;
        bool silent = connection_is_quiet(connection) && connection->turn < worker->drain_turn;
        if (silent || taken_ms >= WORKER_DRAIN_READ_MS) connection_finish(connection);
        connection = next;
    }
    worker->drain_turn = worker->turn;
    if (worker->connections_count > 0) return;
    uv_timer_stop(&worker->drain_tick);
    net_worker_drained(worker->net, worker);
}

static void drain_here(struct message *message UNUSED, void *owner) {
    struct worker *worker = owner;
    worker_note_time(worker);
    worker->draining = true;
    worker->drain_turn = worker->turn;
    worker->drain_started_mono_ms = worker->state.mono_ms;
    uv_timer_start(&worker->drain_tick, on_drain_tick, WORKER_DRAIN_TICK_MS, WORKER_DRAIN_TICK_MS);
}

void worker_drain(struct worker *worker) {
    worker->drain_message.run = drain_here;
    inbox_push(&worker->inbox, &worker->drain_message);
}
