/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Stores a file under a key and says what is wrong when the server's gate refuses it.
 *
 *     cc store.c $(pkg-config --cflags --libs brine-client) -o store
 *     ./store redis://127.0.0.1 cart:7 cart.pkl */
#include <brine_client.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 1 << 20, HOUR_MS = 3600 * 1000 };

static void print_refusal(const struct brine_verdict *verdict) {
    printf("refused (%s) at offset %zu", verdict->error_class, verdict->offset);
    if (verdict->global[0]) printf(": %s names %s", verdict->opcode, verdict->global);
    putchar('\n');
    if (verdict->allow[0]) printf("to allow it: %s\n", verdict->allow);
}

int main(int argc, char **argv) {
    static char value[VALUE_BYTES_MAX + 1]; /* one more tells that there is more */
    if (argc != 4) {
        fputs("usage: store URL KEY FILE\n", stderr);
        return 2;
    }
    FILE *file = fopen(argv[3], "rb");
    if (!file) {
        perror(argv[3]);
        return 2;
    }
    struct brine_text text = {value, fread(value, 1, sizeof value, file)};
    int failure = ferror(file) ? errno : 0; /* of a directory, for one */
    fclose(file);
    if (failure) {
        fprintf(stderr, "%s: %s\n", argv[3], strerror(failure));
        return 2;
    }
    if (text.len == sizeof value) {
        fprintf(stderr, "%s: more than %d bytes\n", argv[3], VALUE_BYTES_MAX);
        return 2;
    }

    brine_client *client;
    struct brine_client_error err;
    if (brine_open(argv[1], NULL, &client, &err) != BRINE_CLIENT_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    struct brine_verdict verdict;
    int code = 0;
    switch (brine_set(client, BRINE_TEXT(argv[2]), text, HOUR_MS, &verdict)) {
    case BRINE_CLIENT_OK:
        puts("stored for an hour");
        break;
    case BRINE_CLIENT_REFUSED:
        print_refusal(&verdict);
        code = 1;
        break;
    default:
        fprintf(stderr, "%s\n", brine_last_error(client)->text);
        code = 2;
    }
    brine_close(client);
    return code;
}
