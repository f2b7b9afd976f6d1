/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How long a client waits while the server has work of its own: asks one question after the other,
 * and watches what the server takes of memory.
 *
 *     delay PORT PID expire KEYS     KEYS keys that end in the same millisecond
 *     delay PORT PID evict SECONDS   writes at the memory limit: most small, each 64th large
 *
 * Prints one JSON line.  What a machine does to a program that waits is in it too: the waits of the
 * quiet seconds before tell how much that is; bench_pauses measures the work alone. */

#include "base/base.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    VALUE_BYTES = 64,
    LARGE_BYTES = 256 * 1024,
    BATCH = 500,
    SAMPLES_MAX = 1 << 22,
    FILL_SECONDS = 20,
    WATCH_SECONDS = 5,
};

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static int64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static int64_t mono_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}
static int64_t wall_ms(void) {
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

/* ---- the server as a process ------------------------------------------------------------------*/

static FILE *watch_memory(int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *memory = fopen(path, "r");
    if (!memory) give_up(path);
    setvbuf(memory, NULL, _IONBF, 0);
    return memory;
}

static int64_t resident_bytes(FILE *memory) {
    char line[100] = "";
    rewind(memory);
    if (!fgets(line, sizeof line, memory)) give_up("statm");
    char *end;
    (void)strtoll(line, &end, 10);
    return strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* ---- the client -------------------------------------------------------------------------------*/

struct client {
    FILE *in, *out;
};

static struct client connect_client(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) give_up("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client client = {fdopen(fd, "r"), fdopen(dup(fd), "w")};
    if (!client.in || !client.out) give_up("fdopen");
    return client;
}

static uint8_t value_bytes[LARGE_BYTES];

static void send_set(struct client *client, int key, size_t len, int64_t ends_at_ms) {
    fprintf(client->out, "*%d\r\n$3\r\nSET\r\n$14\r\nkey:%010d\r\n$%zu\r\n", ends_at_ms ? 5 : 3,
            key, len);
    fwrite(value_bytes, 1, len, client->out);
    if (ends_at_ms) fprintf(client->out, "\r\n$4\r\nPXAT\r\n$13\r\n%013" PRId64, ends_at_ms);
    fputs("\r\n", client->out);
}

/* The first byte of a reply of one line. */
static char read_line(struct client *client, int64_t *number) {
    char line[512];
    if (!fgets(line, sizeof line, client->in)) give_up("read");
    if (number) *number = strtoll(line + 1, NULL, 10);
    return line[0];
}

static int64_t ask_number(struct client *client, const char *command) {
    int64_t number = 0;
    fputs(command, client->out);
    fflush(client->out);
    (void)read_line(client, &number);
    return number;
}

/* ---- waits ------------------------------------------------------------------------------------*/

struct waits {
    uint32_t *ns;
    size_t count;
};

static void note_wait(struct waits *waits, int64_t ns) {
    if (waits->count < SAMPLES_MAX) waits->ns[waits->count++] = (uint32_t)MIN(ns, UINT32_MAX);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_waits(const char *name, struct waits *waits) {
    qsort(waits->ns, waits->count, sizeof *waits->ns, by_size);
    double p999 = 0, longest = 0;
    if (waits->count > 0) {
        p999 = waits->ns[waits->count - 1 - waits->count / 1000] / 1e6;
        longest = waits->ns[waits->count - 1] / 1e6;
    }
    printf("\"%s_questions\": %zu, \"%s_p999_ms\": %.3f, \"%s_max_ms\": %.3f, ", name, waits->count,
           name, p999, name, longest);
}

static void begin_waits(struct waits *waits) {
    *waits = (struct waits){.ns = calloc(SAMPLES_MAX, sizeof(uint32_t))};
    if (!waits->ns) give_up("calloc");
}

static void ask(struct client *client, struct waits *waits) {
    int64_t began_ns = mono_ns();
    fputs("*2\r\n$6\r\nEXISTS\r\n$4\r\nnone\r\n", client->out);
    fflush(client->out);
    (void)read_line(client, NULL);
    note_wait(waits, mono_ns() - began_ns);
}

/* ---- many keys that end at once ---------------------------------------------------------------*/

static void expire(struct client *client, FILE *memory, int keys) {
    struct waits before, during;
    int64_t empty_bytes = resident_bytes(memory), ends_at_ms = wall_ms() + FILL_SECONDS * 1000;
    for (int key = 0; key < keys; key += BATCH) {
        for (int i = 0; i < BATCH; i++) send_set(client, key + i, VALUE_BYTES, ends_at_ms);
        fflush(client->out);
        for (int i = 0; i < BATCH; i++)
            if (read_line(client, NULL) != '+') give_up("SET");
    }
    int64_t full_bytes = resident_bytes(memory);
    if (wall_ms() > ends_at_ms - 2000) {
        fprintf(stderr, "delay: the keys ended before all were there\n");
        exit(1);
    }
    begin_waits(&before);
    while (wall_ms() < ends_at_ms - 100) { /* counts for as long a time as is watched behind */
        if (ends_at_ms - wall_ms() > WATCH_SECONDS * 1000) before.count = 0;
        ask(client, &before);
    }
    while (wall_ms() <= ends_at_ms) {}
    begin_waits(&during);
    int64_t began_ns = mono_ns(), gone_ns = 0, back_ns = 0, looked_ns = 0;
    while (mono_ns() - began_ns < (int64_t)WATCH_SECONDS * 1000000000) {
        ask(client, &during);
        int64_t now_ns = mono_ns();
        if (now_ns - looked_ns < 10000000) continue;
        looked_ns = now_ns;
        int64_t grown = resident_bytes(memory) - empty_bytes;
        if (!back_ns && grown < (full_bytes - empty_bytes) / 10) back_ns = now_ns - began_ns;
        if (!gone_ns && ask_number(client, "DBSIZE\r\n") == 0) gone_ns = now_ns - began_ns;
    }
    printf("{\"keys\": %d, ", keys);
    print_waits("before", &before);
    print_waits("during", &during);
    printf("\"full_mb\": %.1f, \"left_mb\": %.1f, \"gone_s\": %.2f, \"memory_back_s\": %.2f}\n",
           (double)(full_bytes - empty_bytes) / 1048576,
           (double)(resident_bytes(memory) - empty_bytes) / 1048576,
           gone_ns ? (double)gone_ns / 1e9 : -1, back_ns ? (double)back_ns / 1e9 : -1);
}

/* ---- writes at the limit ----------------------------------------------------------------------*/

static void evict(struct client *client, FILE *memory, int seconds) {
    struct waits small, large;
    begin_waits(&small);
    begin_waits(&large);
    int64_t began_ns = mono_ns(), half_ns = (int64_t)seconds * 500000000;
    uint32_t key = 0, refused = 0;
    while (mono_ns() - began_ns < 2 * half_ns) {
        bool is_large = key % 64 == 63, counts = mono_ns() - began_ns > half_ns;
        struct waits *waits = is_large ? &large : &small;
        int64_t asked_ns = mono_ns();
        send_set(client, (int)(key & INT32_MAX), is_large ? LARGE_BYTES : 100 + key % 400, 0);
        key++;
        fflush(client->out);
        refused += read_line(client, NULL) != '+';
        if (counts) note_wait(waits, mono_ns() - asked_ns);
    }
    printf("{\"writes\": %u, \"refused\": %u, ", key, refused);
    print_waits("small", &small);
    print_waits("large", &large);
    printf("\"resident_mb\": %.1f}\n", (double)resident_bytes(memory) / 1048576);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: delay PORT PID expire KEYS | evict SECONDS\n");
        return 2;
    }
    struct client client = connect_client((int)strtol(argv[1], NULL, 10));
    FILE *memory = watch_memory((int)strtol(argv[2], NULL, 10));
    int amount = (int)strtol(argv[4], NULL, 10);
    if (strcmp(argv[3], "expire") == 0)
        expire(&client, memory, amount);
    else
        evict(&client, memory, amount);
    return 0;
}
