/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* instr: a fixed stream of requests through one session, in this process and without sockets, for
 * a tool that counts instructions.
 *
 *     valgrind --tool=callgrind --zero-before=run_stream --dump-after=run_stream
 *         build/release/tests/bench/instr
 *
 * Prints a line for each stream, in the order in which run_stream is called: its name and how many
 * commands it had.  instr.py divides.  The server's own parts are put together as main.c does it,
 * but for its log, audit file and snapshots; secrets, clocks and numbers are fixed, so that every
 * run executes the same instructions. */
#include "cmd/dispatch.h"
#include "gate/keeper.h"
#include "tests/support/one_worker.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 256, BATCHES = 32, VALUE_BYTES_MAX = 2048 };

struct server {
    struct one_worker one;
    struct session session;
};

typedef void make_fn(struct buf *value);

struct stream {
    const char *name, *gate_mode;
    make_fn *make;
    unsigned pipeline;
    bool is_set;
};

static void must(enum brine_status status) {
    if (status == BRINE_OK) return;
    fprintf(stderr, "instr: %s\n", brine_status_meaning(status));
    exit(1);
}

/* ---- values -----------------------------------------------------------------------------------*/

static void make_bytes(struct buf *value, size_t len) {
    enum { AROUND = sizeof "\x80\x04" - 1 + 5 + 1 };
    uint8_t length[4], head[] = {0x80, 4, 'B'};
    for (unsigned i = 0; i < sizeof length; i++) length[i] = (uint8_t)((len - AROUND) >> 8 * i);
    must(buf_append(value, bytes_view(head, sizeof head)));
    must(buf_append(value, bytes_view(length, sizeof length)));
    for (size_t i = 0; i < len - AROUND; i++) must(buf_append_byte(value, (uint8_t)(i * 7)));
    must(buf_append_byte(value, '.'));
}
static void make_bytes_64(struct buf *value) {
    make_bytes(value, 64);
}
static void make_bytes_1k(struct buf *value) {
    make_bytes(value, 1024);
}

/* A dict of texts and numbers, some 150 opcodes. */
static void make_dict_1k(struct buf *value) {
    static const struct bytes items[] = {
        BYTES("K\x2a"),
        BYTES("\x8c\x07text 13\x94"),
        BYTES("G\x40\x11\x55\x55\x55\x55\x55\x55"),
    };
    must(buf_append(value, BYTES("\x80\x04}\x94(")));
    for (size_t i = 0; i < 48; i++) {
        must(buf_printf(value, "\x8c\x07%s%02zu\x94", "field", i));
        must(buf_append(value, items[i % ARRAY_LEN(items)]));
    }
    must(buf_append(value, BYTES("u.")));
}

/* ---- the server -------------------------------------------------------------------------------*/

/* A clock that costs nothing and stands still a microsecond. */
static int64_t next_us(void) {
    static int64_t now_ns;
    return now_ns += 1000;
}

static void open_server(struct server *server) {
    struct allocator *mem = mem_system();
    must(one_worker_open(&server->one, &(struct one_worker_options){
                                           .mem = mem,
                                           .store.notes = STORE_NOTES_LABEL,
                                           .worker.mono_ns = next_us,
                                       }));
    session_init(
        &server->session,
        &(struct session_options){.id = 1, .mem = mem, .authenticated = true, .peer = "instr:1"});
}

static void close_server(struct server *server) {
    session_deinit(&server->session);
    one_worker_close(&server->one);
}

/* ---- streams ----------------------------------------------------------------------------------*/

static const struct stream streams[] = {
    {"get 64 B, pipeline 1", "enforce", make_bytes_64, 1, false},
    {"get 64 B, pipeline 16", "enforce", make_bytes_64, 16, false},
    {"get 1 KB, pipeline 16", "enforce", make_bytes_1k, 16, false},
    {"set 64 B, gate off, pipeline 1", "off", make_bytes_64, 1, true},
    {"set 64 B, pipeline 1", "enforce", make_bytes_64, 1, true},
    {"set 64 B, gate off, pipeline 16", "off", make_bytes_64, 16, true},
    {"set 64 B, pipeline 16", "enforce", make_bytes_64, 16, true},
    {"set 1 KB, gate off, pipeline 16", "off", make_bytes_1k, 16, true},
    {"set 1 KB, pipeline 16", "enforce", make_bytes_1k, 16, true},
    {"set 1 KB dict, gate off, pipeline 16", "off", make_dict_1k, 16, true},
    {"set 1 KB dict, pipeline 16", "enforce", make_dict_1k, 16, true},
};

static void append_command(struct buf *query, size_t key, struct bytes value, bool is_set) {
    must(buf_printf(query, "*%d\r\n$3\r\n%s\r\n$16\r\nkey:%012zu\r\n", is_set ? 3 : 2,
                    is_set ? "SET" : "GET", key));
    if (!is_set) return;
    must(buf_printf(query, "$%zu\r\n", value.len));
    must(buf_append(query, value));
    must(buf_append(query, BYTES("\r\n")));
}

/* What is counted: the requests of `query`, BATCHES times. */
void run_stream(struct server *server, struct bytes query);
NOT_INLINED void run_stream(struct server *server, struct bytes query) {
    for (size_t i = 0; i < BATCHES; i++) {
        struct dispatch_result result;
        dispatch_input(&server->one.worker, &server->session, query, &result);
        if (result.consumed != query.len || server->one.worker.reply.errors) must(BRINE_INVALID);
        reply_clear(&server->one.worker.reply);
    }
}

static void run(struct server *server, const struct stream *stream) {
    struct buf query, value;
    struct bytes mode[] = {BYTES("gate.mode"), bytes_of_cstr(stream->gate_mode)};
    buf_init(&query, mem_system(), SIZE_MAX);
    buf_init(&value, mem_system(), VALUE_BYTES_MAX);
    stream->make(&value);
    must(config_set(&server->one.config, mode, 1, NULL));
    /* Twice what is there already, so that nothing is new in what is counted. */
    for (size_t i = 0; i < 2 * KEYS; i++) append_command(&query, i % KEYS, buf_view(&value), true);
    struct dispatch_result result;
    dispatch_input(&server->one.worker, &server->session, buf_view(&query), &result);
    reply_clear(&server->one.worker.reply);
    buf_clear(&query);
    for (size_t i = 0; i < stream->pipeline; i++)
        append_command(&query, i * 37 % KEYS, buf_view(&value), stream->is_set);
    run_stream(server, buf_view(&query));
    printf("%u %s\n", stream->pipeline * BATCHES, stream->name);
    buf_deinit(&query);
    buf_deinit(&value);
}

int main(void) {
    static struct server server;
    open_server(&server);
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) run(&server, &streams[i]);
    close_server(&server);
    return 0;
}
