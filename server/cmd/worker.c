/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/worker.h"

#include "base/assert.h"
#include "cmd/permission.h"

enum {
    /* One handler's scratch: an array of keys or pairs for as many arguments as a command has. */
    SCRATCH_BYTES_MAX = 512 << 20,
    COLLECTED_BYTES_MAX =
        SCRATCH_BYTES_MAX + (1 << 16), /* DUMP of the longest value, with its head */
};

enum brine_status command_shared_init(struct command_shared *shared,
                                      const struct command_shared_options *options) {
    *shared = (struct command_shared){0};
    if (options->vocabulary)
        shared->vocabulary = *options->vocabulary;
    else
        permission_vocabulary(&shared->vocabulary);
    TRY(auth_init(&shared->auth, options->mem, &shared->vocabulary));
    command_index_init(&shared->index);
    script_cache_init(&shared->scripts);
    pubsub_init(&shared->pubsub, options->mem, options->workers, options->secret);
    slowlog_init(&shared->slowlog, options->mem);
    latency_init(&shared->latency);
    tracking_init(&shared->tracking, options->mem, options->workers, options->secret);
    int code = pthread_mutex_init(&shared->errors.adding, NULL);
    BRINE_ASSERT(code == 0, "a plain mutex needs nothing that can be missing");
    return BRINE_OK;
}

void command_shared_deinit(struct command_shared *shared) {
    tracking_deinit(&shared->tracking);
    pubsub_deinit(&shared->pubsub);
    script_cache_deinit(&shared->scripts);
    latency_deinit(&shared->latency);
    slowlog_deinit(&shared->slowlog);
    auth_deinit(&shared->auth);
    pthread_mutex_destroy(&shared->errors.adding);
}

void worker_state_init(struct worker_state *worker, const struct worker_options *options) {
    *worker = (struct worker_state){
        .mem = options->mem,
        .config = options->config,
        .services = options->services,
        .metrics = options->metrics,
        .metrics_set = options->metrics_set,
        .log = options->log,
        .shared = options->shared,
        .index = options->index,
        .worker = options->worker,
        .mono_ns = options->mono_ns,
    };
    random_init(&worker->random, options->random_seed);
    keyspace_access_init(&worker->access, options->keyspace, options->metrics, options->mem);
    reply_init(&worker->reply, options->mem,
               (size_t)config_read(options->config->limits.output_bytes));
    resp_args_init(&worker->args, options->mem, (size_t)config_read(options->config->limits.args));
    arena_init(&worker->inline_args, options->mem, SCRATCH_BYTES_MAX);
    buf_init(&worker->pushed, options->mem, SCRATCH_BYTES_MAX);
    buf_init(&worker->heard, options->mem, SCRATCH_BYTES_MAX);
    buf_init(&worker->outdated, options->mem, KEYSPACE_EVENTS_BYTES_MAX);
    buf_init(&worker->collected, options->mem, COLLECTED_BYTES_MAX);
    arena_init(&worker->scratch, options->mem, SCRATCH_BYTES_MAX);
}

void worker_state_deinit(struct worker_state *worker) {
    arena_deinit(&worker->scratch);
    buf_deinit(&worker->collected);
    buf_deinit(&worker->pushed);
    buf_deinit(&worker->heard);
    buf_deinit(&worker->outdated);
    arena_deinit(&worker->inline_args);
    resp_args_deinit(&worker->args);
    reply_deinit(&worker->reply);
    keyspace_access_deinit(&worker->access);
}

void worker_state_trim(struct worker_state *worker) {
    enum { KEPT_BYTES = 256 * 1024 };
    reply_shrink(&worker->reply, KEPT_BYTES);
    gate_desk_trim(&worker->access.desk, KEPT_BYTES);
}

void worker_state_set_time(struct worker_state *worker, int64_t now_ms, int64_t mono_ms) {
    worker->now_ms = worker->access.now_ms = now_ms;
    worker->mono_ms = mono_ms;
}

void mail_post(struct worker_state *worker, struct session *session, size_t to_worker,
               struct mail *mail) {
    const struct services *services = worker->services;
    if (services && services->post)
        services->post(worker, session, to_worker, mail);
    else
        mail->deliver(mail, NULL);
}

void error_kinds_count(struct error_kinds *errors, struct bytes text) {
    size_t len = 0;
    while (len < text.len && text.data[len] > ' ') len++;
    struct bytes kind = bytes_slice(text, 0, MIN(len, (size_t)ERROR_KIND_BYTES_MAX - 1));
    size_t known = atomic_load_explicit(&errors->count, memory_order_acquire);
    for (size_t i = 0; i < known; i++) {
        if (!bytes_equal(kind, bytes_of_cstr(errors->kinds[i].name))) continue;
        atomic_fetch_add_explicit(&errors->kinds[i].times, 1, memory_order_relaxed);
        return;
    }
    pthread_mutex_lock(&errors->adding);
    size_t count = atomic_load_explicit(&errors->count, memory_order_relaxed);
    /* Two threads may add the same name at once; INFO then shows it twice, so look again. */
    size_t at = known;
    while (at < count && !bytes_equal(kind, bytes_of_cstr(errors->kinds[at].name))) at++;
    if (at < ERROR_KINDS_MAX) {
        if (at == count) {
            bytes_copy_to(errors->kinds[at].name, kind);
            errors->kinds[at].name[kind.len] = 0;
            atomic_store_explicit(&errors->count, count + 1, memory_order_release);
        }
        atomic_fetch_add_explicit(&errors->kinds[at].times, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&errors->adding);
}

void error_kinds_reset(struct error_kinds *errors) {
    size_t count = atomic_load_explicit(&errors->count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        atomic_store_explicit(&errors->kinds[i].times, 0, memory_order_relaxed);
}
