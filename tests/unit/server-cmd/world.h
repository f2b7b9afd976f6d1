/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One worker, one client, a store and a gate, without sockets: what the tests of this folder run
 * commands in.
 *
 *     world_init(&world, NULL);
 *     cr_expect_str_eq(ask(&world, "SET k v\r\n"), "+OK\r\n");
 *     world_deinit(&world);                                  // asserts that all memory came back
 */
#ifndef BRINE_TEST_WORLD_H
#define BRINE_TEST_WORLD_H

#include "cmd/dispatch.h"
#include "cmd/permission.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct world {
    struct failing_allocator mem;
    struct config config;
    struct gate gate;
    struct store *store;
    struct keyspace keyspace;
    struct command_shared shared;
    struct metrics metrics;
    struct metrics_set metrics_set;
    struct worker_state worker;
    struct session session;
    struct dispatch_result result; /* of the last ask */
    struct buf text;               /* what it answered */
};

static inline void must(enum brine_status status) {
    cr_assert(status == BRINE_OK, "%s", brine_status_meaning(status));
}

static inline void world_connect(struct world *world, uint64_t id, bool authenticated) {
    session_init(&world->session, &(struct session_options){.id = id,
                                                            .mem = &world->mem.allocator,
                                                            .authenticated = authenticated,
                                                            .peer = "10.0.0.1:1000",
                                                            .local = "10.0.0.2:6379"});
}

/* judge NULL: the gate is off. */
static inline void world_init_judge(struct world *world, gate_judge *judge, void *context) {
    *world = (struct world){0};
    failing_init(&world->mem, SIZE_MAX);
    struct allocator *mem = &world->mem.allocator;
    must(config_init(&world->config, mem_system()));
    gate_init_off(&world->gate);
    if (judge) gate_init(&world->gate, judge, context);
    world->store = store_create(
        &(struct store_options){.mem = mem, .secret = {1, 2}, .notes = STORE_NOTES_FULL});
    cr_assert(world->store);
    keyspace_init(&world->keyspace,
                  &(struct keyspace_options){.store = world->store, .gate = &world->gate});
    must(command_shared_init(&world->shared,
                             &(struct command_shared_options){.mem = mem_system(), .workers = 1}));
    must(permission_configure(&world->shared, &world->config, NULL));
    must(metrics_init(&world->metrics, mem, command_table_count()));
    must(metrics_set_init(&world->metrics_set, mem, 1, command_table_count()));
    metrics_set_add(&world->metrics_set, &world->metrics);
    worker_state_init(&world->worker, &(struct worker_options){.mem = mem,
                                                               .config = &world->config,
                                                               .keyspace = &world->keyspace,
                                                               .shared = &world->shared,
                                                               .metrics = &world->metrics,
                                                               .metrics_set = &world->metrics_set});
    worker_state_set_time(&world->worker, 1000000, 1000000);
    buf_init(&world->text, mem_system(), SIZE_MAX);
    world_connect(world, 1, true);
}

static inline void world_init(struct world *world) {
    world_init_judge(world, NULL, NULL);
}

static inline void world_deinit(struct world *world) {
    session_deinit(&world->session);
    worker_state_deinit(&world->worker);
    metrics_set_deinit(&world->metrics_set);
    metrics_deinit(&world->metrics);
    command_shared_deinit(&world->shared);
    keyspace_deinit(&world->keyspace);
    store_destroy(world->store);
    config_deinit(&world->config);
    buf_deinit(&world->text);
    cr_expect(world->mem.taken_bytes == 0, "%zu bytes were not given back", world->mem.taken_bytes);
}

/* The replies as text with a NUL behind them, large values in their places. */
static inline const char *ask_bytes(struct world *world, struct bytes input) {
    struct reply *reply = &world->worker.reply;
    size_t at = 0;
    buf_clear(&world->text);
    dispatch_input(&world->worker, &world->session, input, &world->result);
    for (size_t i = 0; i < reply->larges_count; i++) {
        size_t offset = reply->larges[i].offset;
        must(buf_append(&world->text, bytes_slice(buf_view(&reply->out), at, offset - at)));
        must(buf_append(&world->text, blob_view(reply->larges[i].blob)));
        at = offset;
    }
    must(buf_append(&world->text, bytes_slice(buf_view(&reply->out), at, reply->out.len)));
    must(buf_append_byte(&world->text, 0));
    world->text.len--;
    reply_clear(reply);
    return (const char *)world->text.data;
}

static inline const char *ask(struct world *world, const char *input) {
    return ask_bytes(world, bytes_of_cstr(input));
}

#endif
