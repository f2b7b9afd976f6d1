/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writes and reads a hundred keys on a libuv loop, then ends.
 *
 *     cc async.c $(pkg-config --cflags --libs brine-client libuv) -o async
 *     ./async redis://127.0.0.1 */
#include <brine_client_uv.h>
#include <stdio.h>

enum { KEYS = 100 };

struct tally {
    int stored, read, failed;
};

static void on_stored(brine_async *async, enum brine_client_status status,
                      const struct brine_reply *reply, void *data) {
    struct tally *tally = data;
    (void)async;
    (void)reply;
    if (status == BRINE_CLIENT_OK)
        tally->stored++;
    else
        tally->failed++;
}

/* The last answer closes the connection, which ends the loop. */
static void on_read(brine_async *async, enum brine_client_status status,
                    const struct brine_reply *reply, void *data) {
    struct tally *tally = data;
    if (status == BRINE_CLIENT_OK && reply->len > 0)
        tally->read++;
    else
        tally->failed++;
    if (tally->stored + tally->read + tally->failed == 2 * KEYS)
        brine_async_close(async, NULL, NULL);
}

static void on_changed(brine_async *async, int connected, const char *why, void *data) {
    (void)data;
    if (connected) return;
    fprintf(stderr, "%s\n", why);
    brine_async_close(async, NULL, NULL);
}

int main(int argc, char **argv) {
    struct tally tally = {0, 0, 0};
    struct brine_async_options options = {.changed = on_changed};
    struct brine_client_error err;
    brine_async *async;
    if (argc != 2) {
        fputs("usage: async URL\n", stderr);
        return 2;
    }
    uv_loop_t *loop = uv_default_loop();
    if (brine_async_open(loop, argv[1], &options, &async, &err) != BRINE_CLIENT_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof key, "async:%d", i);
        struct brine_text set[] = {BRINE_TEXT("SET"), BRINE_TEXT(key), BRINE_TEXT("value")};
        struct brine_text get[] = {BRINE_TEXT("GET"), BRINE_TEXT(key)};
        if (brine_async_call(async, set, 3, on_stored, &tally) != BRINE_CLIENT_OK ||
            brine_async_call(async, get, 2, on_read, &tally) != BRINE_CLIENT_OK)
            return 2;
    }
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    printf("%d stored, %d read, %d failed\n", tally.stored, tally.read, tally.failed);
    return tally.failed != 0;
}
