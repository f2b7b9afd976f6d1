/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Counts a key up a thousand times in one pipeline: one write, one wait, a thousand replies.
 *
 *     cc pipeline.c $(pkg-config --cflags --libs brine-client) -o pipeline
 *     ./pipeline redis://127.0.0.1 visits */
#include <brine_client.h>
#include <stdio.h>

enum { TIMES = 1000 };

int main(int argc, char **argv) {
    brine_client *client;
    struct brine_client_error err;
    if (argc != 3) {
        fputs("usage: pipeline URL KEY\n", stderr);
        return 2;
    }
    if (brine_open(argv[1], NULL, &client, &err) != BRINE_CLIENT_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    struct brine_text incr[] = {BRINE_TEXT("INCR"), BRINE_TEXT(argv[2])};
    enum brine_client_status status = BRINE_CLIENT_OK;
    for (int i = 0; i < TIMES && status == BRINE_CLIENT_OK; i++)
        status = brine_append(client, incr, 2);
    long long last = 0;
    for (int i = 0; i < TIMES && status == BRINE_CLIENT_OK; i++) {
        struct brine_reply *reply;
        status = brine_take_reply(client, &reply);
        if (status == BRINE_CLIENT_OK) last = (long long)reply->integer;
        brine_reply_free(reply);
    }
    if (status == BRINE_CLIENT_OK)
        printf("%s is %lld\n", argv[2], last);
    else
        fprintf(stderr, "%s\n", brine_last_error(client)->text);
    brine_close(client);
    return status != BRINE_CLIENT_OK;
}
