/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What it costs to parse a GET and a SET, and to write their replies, from a buffer that lies in
 * the second-level cache.  Prints the best of several rounds in ns; the figures are this machine's.
 * It does not show what fetching the bytes from a socket or cold memory costs. */
#include "resp/command.h"
#include "resp/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 40, BATCH_BYTES = 16 * 1024, PASSES = 200 };

static double now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void fail(const char *why) {
    fprintf(stderr, "bench_resp: %s\n", why);
    exit(1);
}

/* Decodes the whole batch and returns the number of commands. */
static size_t decode_batch(struct bytes batch, struct resp_args *args, struct arena *scratch) {
    static const struct resp_limits limits = {.bulk_bytes_max = 512 << 20,
                                              .args_max = INT32_MAX,
                                              .inline_bytes_max = RESP_HEADER_BYTES_MAX};
    struct resp_decoder decoder = {0};
    size_t commands = 0;
    resp_args_clear(args);
    for (size_t at = 0; at < batch.len; commands++) {
        struct resp_command command;
        struct bytes rest = bytes_view(batch.data + at, batch.len - at);
        if (resp_decode(&decoder, &limits, rest, args, scratch, &command, NULL) != RESP_COMMAND)
            fail("the batch does not parse");
        at += command.consumed;
    }
    return commands;
}

static void bench_request(const char *name, const char *request) {
    struct buf batch;
    struct resp_args args;
    struct arena scratch;
    buf_init(&batch, mem_system(), 2 * BATCH_BYTES);
    resp_args_init(&args, mem_system(), 1 << 20);
    arena_init(&scratch, mem_system(), 1 << 20);
    while (batch.len < BATCH_BYTES)
        if (buf_append(&batch, bytes_of_cstr(request)) != BRINE_OK) fail("out of memory");
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        size_t commands = 0;
        double start = now_ns();
        for (int pass = 0; pass < PASSES; pass++)
            commands += decode_batch(buf_view(&batch), &args, &scratch);
        double each = (now_ns() - start) / (double)commands;
        if (each < best) best = each;
    }
    printf("parse %-12s %6.1f ns\n", name, best);
    arena_deinit(&scratch);
    resp_args_deinit(&args);
    buf_deinit(&batch);
}

static void bench_replies(void) {
    static const uint8_t value[64] = {'v'};
    struct buf out;
    buf_init(&out, mem_system(), 1 << 20);
    struct resp_writer writer = {.out = &out, .version = 2};
    double best_bulk = 1e9, best_ok = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        for (int kind = 0; kind < 2; kind++) {
            double start = now_ns();
            for (int i = 0; i < PASSES * 100; i++) {
                if (i % 100 == 0) buf_clear(&out);
                if (kind == 0)
                    resp_bulk(&writer, bytes_view(value, sizeof(value)));
                else
                    resp_simple(&writer, BYTES("OK"));
                __asm__ volatile("" ::: "memory");
            }
            double each = (now_ns() - start) / (PASSES * 100.0);
            double *best = kind == 0 ? &best_bulk : &best_ok;
            if (each < *best) *best = each;
        }
    }
    if (writer.failed) fail("a reply was not written");
    printf("write %-12s %6.1f ns\nwrite %-12s %6.1f ns\n", "bulk of 64 B", best_bulk, "+OK",
           best_ok);
    buf_deinit(&out);
}

int main(void) {
    char set[256], value[65];
    memset(value, 'x', 64);
    value[64] = 0;
    snprintf(set, sizeof(set), "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$64\r\n%s\r\n",
             value);
    bench_request("GET", "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n");
    bench_request("SET of 64 B", set);
    bench_request("PING inline", "PING\r\n");
    bench_replies();
    return 0;
}
