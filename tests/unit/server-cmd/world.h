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
#include "support/failing.h"
#include "tests/support/one_worker.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct world {
    struct failing_allocator mem;
    struct one_worker one;
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
    struct gate gate;
    gate_init_off(&gate);
    if (judge) gate_init(&gate, judge, context);
    must(one_worker_open(&world->one, &(struct one_worker_options){
                                          .mem = mem,
                                          .mem_of_shared = mem_system(),
                                          .gate = &gate,
                                          .store.notes = STORE_NOTES_FULL,
                                      }));
    buf_init(&world->text, mem_system(), SIZE_MAX);
    world_connect(world, 1, true);
}

static inline void world_init(struct world *world) {
    world_init_judge(world, NULL, NULL);
}

static inline void world_deinit(struct world *world) {
    session_deinit(&world->session);
    one_worker_close(&world->one);
    buf_deinit(&world->text);
    cr_expect(world->mem.taken_bytes == 0, "%zu bytes were not given back", world->mem.taken_bytes);
}

/* The replies so far as text with a NUL behind them, large values in their places. */
static inline const char *take_replies(struct world *world) {
    struct reply *reply = &world->one.worker.reply;
    size_t at = 0;
    buf_clear(&world->text);
    for (size_t i = 0; i < reply->larges_count; i++) {
        size_t offset = reply->larges[i].offset;
        must(buf_append(&world->text, bytes_slice(buf_view(&reply->out), at, offset - at)));
        must(buf_append(&world->text, reply->larges[i].bytes));
        at = offset;
    }
    must(buf_append(&world->text, bytes_slice(buf_view(&reply->out), at, reply->out.len)));
    must(buf_append_byte(&world->text, 0));
    world->text.len--;
    reply_clear(reply);
    return (const char *)world->text.data;
}

static inline const char *ask_bytes(struct world *world, struct bytes input) {
    dispatch_input(&world->one.worker, &world->session, input, &world->result);
    return take_replies(world);
}

static inline const char *ask(struct world *world, const char *input) {
    return ask_bytes(world, bytes_of_cstr(input));
}

#endif
