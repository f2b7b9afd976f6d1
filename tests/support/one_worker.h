/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What one worker runs commands in, without sockets: a config, a gate, a store, the shared parts.
 *
 *     struct one_worker one;
 *     if (one_worker_open(&one, &(struct one_worker_options){.mem = mem}) != BRINE_OK) ...
 *     dispatch_input(&one.worker, &session, bytes, &result);
 *     one_worker_close(&one);
 */
#ifndef BRINE_TESTS_ONE_WORKER_H
#define BRINE_TESTS_ONE_WORKER_H

#include "cmd/dispatch.h"
#include "cmd/permission.h"
#include "gate/keeper.h"
#include "gate/kinds.h"

struct one_worker {
    struct config config;
    struct gate_kinds *kinds;   /* NULL: the gate is given */
    struct gate_keeper *keeper; /* so */
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct command_shared shared;
    struct metrics metrics;
    struct metrics_set metrics_set;
    struct worker_state worker;
};

struct one_worker_options {
    struct allocator *mem;
    struct allocator *mem_of_shared; /* of the config and what workers share; NULL: mem */
    const struct gate *gate;         /* NULL: a keeper's, by the config */
    struct store_options store;      /* but for mem and secret */
    struct worker_options worker;    /* but for what is made here */
    const struct auth_vocabulary *vocabulary;
    int64_t now_ms;
};

static inline enum brine_status one_worker_open_gate(struct one_worker *one,
                                                     const struct one_worker_options *options) {
    struct brine_error err;
    if (options->gate) {
        one->gate = *options->gate;
        return BRINE_OK;
    }
    one->kinds =
        gate_kinds_create(&(struct gate_kinds_options){.mem = options->mem, .secret = {3, 4}});
    if (!one->kinds) return BRINE_NO_MEMORY;
    TRY(gate_keeper_create(&(struct gate_keeper_options){.mem = options->mem,
                                                         .config = &one->config,
                                                         .kinds = one->kinds},
                           &one->keeper, &err));
    gate_init_keeper(&one->gate, one->keeper);
    return BRINE_OK;
}

/* Memory that is refused here leaves what was made: a test ends there. */
static inline enum brine_status one_worker_open(struct one_worker *one,
                                                const struct one_worker_options *options) {
    struct allocator *mem = options->mem;
    struct allocator *shared = options->mem_of_shared ? options->mem_of_shared : mem;
    struct store_options store = options->store;
    struct worker_options worker = options->worker;
    *one = (struct one_worker){0};
    TRY(config_init(&one->config, shared));
    TRY(one_worker_open_gate(one, options));
    store.mem = mem;
    store.secret = (struct hash_secret){1, 2};
    one->store = store_create(&store);
    if (!one->store) return BRINE_NO_MEMORY;
    keyspace_init(&one->keyspace,
                  &(struct keyspace_options){.store = one->store, .gate = &one->gate});
    TRY(command_shared_init(&one->shared,
                            &(struct command_shared_options){
                                .mem = shared, .workers = 1, .vocabulary = options->vocabulary}));
    TRY(permission_configure(&one->shared, &one->config, NULL));
    TRY(metrics_init(&one->metrics, mem, command_table_count()));
    TRY(metrics_set_init(&one->metrics_set, mem, 1, command_table_count()));
    metrics_set_add(&one->metrics_set, &one->metrics);
    worker.mem = mem;
    worker.config = &one->config;
    worker.keyspace = &one->keyspace;
    worker.shared = &one->shared;
    worker.metrics = &one->metrics;
    worker.metrics_set = &one->metrics_set;
    worker_state_init(&one->worker, &worker);
    int64_t now_ms = options->now_ms ? options->now_ms : 1000000;
    worker_state_set_time(&one->worker, now_ms, now_ms);
    return BRINE_OK;
}

/* After the sessions. */
static inline void one_worker_close(struct one_worker *one) {
    worker_state_deinit(&one->worker);
    metrics_set_deinit(&one->metrics_set);
    metrics_deinit(&one->metrics);
    command_shared_deinit(&one->shared);
    keyspace_deinit(&one->keyspace);
    store_destroy(one->store);
    gate_keeper_destroy(one->keeper);
    gate_kinds_destroy(one->kinds);
    config_deinit(&one->config);
}

#endif
