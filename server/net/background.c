/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/background.h"

#include "net/net.h"
#include "observe/clock.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Travels to the background and back.  The connection is referred to. */
struct job {
    struct message message;
    struct turn turn;
    struct connection *connection;
    struct bytes input;
    struct buf query;           /* as the connection's is, and stays until the job is back, */
    struct keyspace_input lent; /* unless its memory became a value's */
    struct dispatch_result result;
    struct reply reply;
};

static struct allocator *mem_of(const struct background *background) {
    return background->net->options.mem;
}

/* ---- life ------------------------------------------------------------------------------------ */

size_t background_choose_threads(const struct config *config) {
    int64_t wanted = config_read(config->gate.threads);
    if (wanted == 0) wanted = (int64_t)uv_available_parallelism() / 2;
    return (size_t)MIN(MAX(wanted, 1), BACKGROUND_THREADS_MAX) + 1;
}

static enum brine_status open_thread(struct background *background,
                                     struct background_thread *thread, size_t index) {
    struct net *net = background->net;
    *thread = (struct background_thread){
        .background = background,
        .cost_max = index == 0 ? BACKGROUND_SHORT_BYTES : UINT64_MAX,
    };
    TRY(metrics_init(&thread->metrics, net->options.mem, command_table_count()));
    worker_state_init(&thread->state,
                      &(struct worker_options){
                          .mem = net->options.mem,
                          .config = net->options.config,
                          .keyspace = net->options.keyspace,
                          .shared = &net->shared,
                          .metrics = &thread->metrics,
                          .metrics_set = &net->metrics_set,
                          .log = net->options.log,
                          .services = &net->services,
                          .index = WORKER_NONE,
                          .mono_ns = clock_mono_ns,
                          .random_seed = net->options.random_seed + NET_WORKERS_MAX + index,
                      });
    thread->state.access.desk.given_up = &background->given_up;
    thread->state.access.purse.may_wait = true;
    metrics_set_add(&net->metrics_set, &thread->metrics);
    return BRINE_OK;
}

enum brine_status background_open(struct background *background, struct net *net,
                                  struct brine_error *err) {
    size_t wanted = background_choose_threads(net->options.config);
    *background = (struct background){.net = net};
    pthread_mutex_init(&background->lock, NULL);
    pthread_cond_init(&background->wake, NULL);
    background->threads =
        mem_alloc_zeroed(mem_of(background), wanted * sizeof(struct background_thread));
    if (!background->threads) return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory");
    background->threads_allocated = wanted;
    for (; background->threads_count < wanted; background->threads_count++)
        if (open_thread(background, &background->threads[background->threads_count],
                        background->threads_count) != BRINE_OK)
            return brine_fail(err, BRINE_NO_MEMORY, 0, "out of memory for background threads");
    return BRINE_OK;
}

void background_close(struct background *background) {
    if (!background->net) return;
    for (size_t i = 0; i < background->threads_count; i++) {
        worker_state_deinit(&background->threads[i].state);
        metrics_deinit(&background->threads[i].metrics);
    }
    mem_free(mem_of(background), background->threads,
             background->threads_allocated * sizeof(struct background_thread));
    pthread_cond_destroy(&background->wake);
    pthread_mutex_destroy(&background->lock);
}

/* ---- a thread -------------------------------------------------------------------------------- */

/* NULL: there is nothing left to do, ever. */
static struct job *next_job(struct background_thread *thread) {
    struct background *background = thread->background;
    struct turn *turn;
    pthread_mutex_lock(&background->lock);
    while (!(turn = turns_take(&background->turns, thread->cost_max)) &&
           !(background->stopping && background->turns.waiting == 0))
        pthread_cond_wait(&background->wake, &background->lock);
    pthread_mutex_unlock(&background->lock);
    return turn ? CONTAINER_OF(turn, struct job, turn) : NULL;
}

/* Another of its key may be run now. */
static void end_job(struct background *background, const struct job *job) {
    pthread_mutex_lock(&background->lock);
    turns_end(&background->turns, &job->turn);
    if (background->turns.waiting > 0 || background->stopping)
        pthread_cond_broadcast(&background->wake);
    pthread_mutex_unlock(&background->lock);
}

static void run_job(struct worker_state *state, struct job *job) {
    worker_state_set_time(state, clock_wall_ms(), clock_mono_ms());
    state->access.input.buf = &job->query;
    dispatch_deferred(state, &job->connection->session, job->input, &job->result);
    keyspace_settle_input(&state->access.input);
    job->lent = state->access.input;
    state->access.input = (struct keyspace_input){0};
    reply_swap(&state->reply, &job->reply);
    reply_clear(&state->reply);
    worker_state_trim(state);
}

static bool is_given_up(const struct background *background) {
    return atomic_load_explicit(&background->given_up, memory_order_relaxed);
}

static void run_or_drop(struct background_thread *thread, struct job *job) {
    if (atomic_load_explicit(&job->connection->gone, memory_order_relaxed)) return;
    if (is_given_up(thread->background))
        job->result = (struct dispatch_result){.consumed = job->input.len, .close = true};
    else
        run_job(&thread->state, job);
}

static void run_thread(void *arg) {
    struct background_thread *thread = arg;
    struct background *background = thread->background;
    struct job *job;
    /* The scheduler's hint is all it is: without it the loops only wait a little more. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), BACKGROUND_NICE);
    while ((job = next_job(thread)) != NULL) {
        run_or_drop(thread, job);
        end_job(background, job);
        inbox_push(&job->connection->worker->inbox, &job->message);
    }
}

enum brine_status background_start(struct background *background, struct brine_error *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = 0;
    for (size_t i = 0; i < background->threads_count && code == 0; i++) {
        struct background_thread *thread = &background->threads[i];
        code = uv_thread_create(&thread->thread, run_thread, thread);
        thread->running = code == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0) return BRINE_OK;
    return brine_fail(err, BRINE_IO, 0, "cannot start a background thread: %s", uv_strerror(code));
}

void background_give_up(struct background *background) {
    atomic_store_explicit(&background->given_up, true, memory_order_relaxed);
}

void background_stop(struct background *background) {
    pthread_mutex_lock(&background->lock);
    background->stopping = true;
    pthread_cond_broadcast(&background->wake);
    pthread_mutex_unlock(&background->lock);
    for (size_t i = 0; i < background->threads_count; i++) {
        if (background->threads[i].running) uv_thread_join(&background->threads[i].thread);
        background->threads[i].running = false;
    }
}

/* ---- there and back -------------------------------------------------------------------------- */

/* On the connection's worker again. */
static void finish_job(struct message *message, void *owner) {
    struct worker *worker = owner;
    struct job *job = CONTAINER_OF(message, struct job, message);
    struct connection *connection = job->connection;
    worker_note_time(worker);
    if (!connection->closed) reply_swap(&worker->state.reply, &job->reply);
    reply_deinit(&job->reply);
    if (!job->query.data) connection->query = job->query;
    connection_end_background(connection, job->input, &job->result);
    keyspace_end_input(&job->lent);
    connection_unref(connection);
    mem_free(worker->net->options.mem, job, sizeof *job);
}

static void run_here(struct connection *connection) {
    struct worker *worker = connection->worker;
    struct dispatch_result result = {0};
    struct bytes input = buf_view(&connection->query);
    dispatch_deferred(&worker->state, &connection->session, input, &result);
    connection_end_background(connection, input, &result);
}

void background_run(struct connection *connection, const struct dispatch_result *result) {
    struct net *net = connection->worker->net;
    struct background *background = &net->background;
    struct job *job = mem_alloc(net->options.mem, sizeof *job);
    connection->in_background = true;
    if (!job) {
        run_here(connection);
        return;
    }
    *job = (struct job){
        .message.run = finish_job,
        .connection = connection,
        .input = buf_view(&connection->query),
        .query = connection->query,
    };
    reply_init(&job->reply, net->options.mem, SIZE_MAX);
    connection_ref(connection);
    uint64_t cost = result->deferred_bytes ? result->deferred_bytes : BACKGROUND_UNKNOWN_BYTES;
    pthread_mutex_lock(&background->lock);
    turns_add(&background->turns, &job->turn, result->deferred_hash, cost);
    /* All of them: the one that is woken may not be one that takes it. */
    pthread_cond_broadcast(&background->wake);
    pthread_mutex_unlock(&background->lock);
}
