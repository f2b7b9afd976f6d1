/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What a cache still holds when memory is short: replays a trace as a cache's user would, who reads
 * a key and, when it is not there, stores it.
 *
 *     bench_evict TRACE server PORT         against a server, in pipelines; keeps to the trace's
 *                                           clock where the server is faster than it
 *     bench_evict TRACE POLICY BYTES        against the store alone, by the trace's clock
 *
 * A trace has a line "time_ms key value_bytes ttl_ms" for each read; ttl_ms 0 lives on.  Prints
 * reads, hits, bytes read, bytes hit.  The first WARM_SHARE of the reads is not counted. */

#include "base/number.h"
#include "base/random.h"
#include "store/store_write.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, KEY_BYTES_MAX = 64, VALUE_BYTES_MAX = 1 << 20, WARM_SHARE = 5 };

struct read {
    int64_t at_ms;
    char key[KEY_BYTES_MAX];
    size_t key_len, value_bytes;
    int64_t ttl_ms;
};

struct tally {
    uint64_t lines, skipped, reads, hits, bytes, bytes_hit;
};

static uint8_t value_bytes[VALUE_BYTES_MAX];

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static bool next_read(FILE *trace, struct read *read) {
    long long at_ms, ttl_ms;
    if (fscanf(trace, "%lld %63s %zu %lld", &at_ms, read->key, &read->value_bytes, &ttl_ms) != 4)
        return false;
    read->at_ms = at_ms;
    read->ttl_ms = ttl_ms;
    read->key_len = strlen(read->key);
    read->value_bytes = MIN(read->value_bytes, (size_t)VALUE_BYTES_MAX);
    return true;
}

static void count(struct tally *tally, const struct read *read, bool hit) {
    if (tally->skipped < tally->lines / WARM_SHARE) {
        tally->skipped++;
        return;
    }
    tally->reads++;
    tally->bytes += read->value_bytes;
    tally->hits += hit;
    tally->bytes_hit += hit ? read->value_bytes : 0;
}

/* ---- the store alone --------------------------------------------------------------------------*/

struct bench {
    struct mem_account account;
    struct store *store;
    struct store_hold hold;
    size_t bytes_max;
};

static void make_room(struct bench *b, int64_t now_ms) {
    for (int tries = 0; tries < 1000; tries++) {
        size_t used = store_used_bytes(b->store) - store_hole_bytes(b->store);
        if (used <= b->bytes_max) return;
        (void)store_evict(b->store, &b->hold, now_ms, used - b->bytes_max, 512);
    }
}

static bool read_store(struct bench *b, const struct read *read) {
    int64_t now_ms = read->at_ms + 1000000;
    struct store_key key = store_key(b->store, 0, bytes_view(read->key, read->key_len));
    struct store_value value;
    store_lock(b->store, &b->hold, &key);
    bool hit = store_find(b->store, &key, now_ms, &value);
    if (hit) store_touch(b->store, &key, &value, now_ms);
    store_unlock(b->store, &b->hold);
    if (hit) return true;
    make_room(b, now_ms);
    struct store_new_value new = {.bytes = bytes_view(value_bytes, read->value_bytes),
                                  .expire_at_ms =
                                      read->ttl_ms ? now_ms + read->ttl_ms : STORE_NO_EXPIRY};
    store_lock(b->store, &b->hold, &key);
    if (store_put(b->store, &key, &new, now_ms) != BRINE_OK) give_up("store_put");
    store_unlock(b->store, &b->hold);
    return false;
}

static void upkeep(struct bench *b, int64_t now_ms) {
    for (size_t i = 0; i < store_shards(b->store); i++) {
        while (store_sweep(b->store, &b->hold, i, now_ms, 1000)) {}
        (void)store_compact(b->store, &b->hold, i, 1000);
    }
}

static void replay_store(FILE *trace, struct tally *tally, const char *policy, size_t bytes_max) {
    static const char *const words[] = {
#define X(name, word) [STORE_POLICY_##name] = word,
        STORE_POLICIES(X)
#undef X
    };
    struct bench b = {.bytes_max = bytes_max};
    mem_account_init(&b.account, mem_system(), 0);
    b.store = store_create(&(struct store_options){
        .mem = &b.account.allocator, .secret = {1, 2}, .notes = STORE_NOTES_LABEL});
    if (!b.store) give_up("store_create");
    size_t chosen = 0;
    while (chosen < ARRAY_LEN(words) && strcmp(words[chosen], policy) != 0) chosen++;
    if (chosen == ARRAY_LEN(words)) give_up(policy);
    store_set_policy(b.store, &(struct store_policy_options){(enum store_policy)chosen, 10, 1});
    struct read read;
    int64_t upkept_ms = 0;
    while (next_read(trace, &read)) {
        if (read.at_ms >= upkept_ms + 100) upkeep(&b, (upkept_ms = read.at_ms) + 1000000);
        count(tally, &read, read_store(&b, &read));
    }
    fprintf(stderr, "keys %llu used %zu holes %zu\n",
            (unsigned long long)store_counts(b.store).keys, store_used_bytes(b.store),
            store_hole_bytes(b.store));
    store_destroy(b.store);
}

/* ---- a server ---------------------------------------------------------------------------------*/

struct peer {
    FILE *in, *out;
};

static struct peer connect_peer(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) give_up("connect");
    struct peer peer = {fdopen(fd, "r"), fdopen(dup(fd), "w")};
    if (!peer.in || !peer.out) give_up("fdopen");
    return peer;
}

/* The reply to a GET: a bulk string or nil. */
static bool read_bulk(struct peer *peer) {
    char line[64];
    if (!fgets(line, sizeof line, peer->in) || line[0] != '$') give_up(line);
    long long len = strtoll(line + 1, NULL, 10);
    if (len < 0) return false;
    static uint8_t sink[VALUE_BYTES_MAX + 2];
    if (fread(sink, 1, (size_t)len + 2, peer->in) != (size_t)len + 2) give_up("fread");
    return true;
}

static void ask_set(struct peer *peer, const struct read *read) {
    char ttl[32];
    int ttl_len = snprintf(ttl, sizeof ttl, "%lld", (long long)read->ttl_ms);
    fprintf(peer->out, "*%d\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", read->ttl_ms ? 5 : 3,
            read->key_len, read->key, read->value_bytes);
    fwrite(value_bytes, 1, read->value_bytes, peer->out);
    if (read->ttl_ms)
        fprintf(peer->out, "\r\n$2\r\nPX\r\n$%d\r\n%s\r\n", ttl_len, ttl);
    else
        fputs("\r\n", peer->out);
}

static void run_batch(struct peer *peer, const struct read *batch, size_t len,
                      struct tally *tally) {
    bool missed[BATCH];
    for (size_t i = 0; i < len; i++)
        fprintf(peer->out, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", batch[i].key_len, batch[i].key);
    fflush(peer->out);
    for (size_t i = 0; i < len; i++) count(tally, &batch[i], !(missed[i] = !read_bulk(peer)));
    size_t sets = 0;
    for (size_t i = 0; i < len; i++) {
        if (!missed[i]) continue;
        ask_set(peer, &batch[i]);
        sets++;
    }
    fflush(peer->out);
    char line[256];
    while (sets-- > 0)
        if (!fgets(line, sizeof line, peer->in) || line[0] != '+') give_up(line);
}

static int64_t mono_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void keep_to_clock(int64_t started_ms, int64_t at_ms) {
    int64_t early_ms = started_ms + at_ms - mono_ms();
    if (early_ms > 1) {
        struct timespec pause = {early_ms / 1000, early_ms % 1000 * 1000000};
        nanosleep(&pause, NULL); /* waits for the trace's own time */
    }
}

static void replay_server(FILE *trace, struct tally *tally, int port) {
    struct peer peer = connect_peer(port);
    static struct read batch[BATCH];
    int64_t started_ms = mono_ms();
    for (;;) {
        size_t len = 0;
        while (len < BATCH && next_read(trace, &batch[len])) len++;
        if (len == 0) return;
        keep_to_clock(started_ms, batch[len - 1].at_ms);
        run_batch(&peer, batch, len, tally);
    }
}

int main(int argc, char **argv) {
    struct tally tally = {0};
    struct random random;
    random_init(&random, 7);
    for (size_t i = 0; i + 8 <= sizeof value_bytes; i += 8) {
        uint64_t word = random_u64(&random);
        memcpy(value_bytes + i, &word, sizeof word);
    }
    FILE *trace = argc == 4 ? fopen(argv[1], "r") : NULL;
    if (!trace) {
        fprintf(stderr, "usage: bench_evict TRACE server PORT | TRACE POLICY BYTES\n");
        return 2;
    }
    for (int c; (c = getc(trace)) != EOF;) tally.lines += c == '\n';
    rewind(trace);
    if (strcmp(argv[2], "server") == 0)
        replay_server(trace, &tally, (int)strtoul(argv[3], NULL, 10));
    else
        replay_store(trace, &tally, argv[2], strtoull(argv[3], NULL, 10));
    printf("%llu %llu %llu %llu\n", (unsigned long long)tally.reads, (unsigned long long)tally.hits,
           (unsigned long long)tally.bytes, (unsigned long long)tally.bytes_hit);
    return 0;
}
