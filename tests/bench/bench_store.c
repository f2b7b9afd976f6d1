/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The store alone, one thread: nanoseconds a find and a put, one at a time and in batches of 16
 * that look ahead; the longest single put while it grows; bytes an entry beyond key and value.
 *
 *     bench_store [million keys, default 1 [notes, default 0: none; 1: labels; 2: origins too]]
 *
 * What it does not show: sockets, commands, several threads, any mix of sizes. */

#include "base/number.h"
#include "base/random.h"
#include "store/check.h"
#include "store/store_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 16, NOW_MS = 1000, FINDS = 4 * 1000 * 1000, ROUNDS = 3, LABELS = 20 };

struct bench {
    struct mem_account account;
    struct store *store;
    enum store_notes notes;
    struct store_hold hold;
    struct random random;
    uint32_t keys;
    size_t key_len, value_len;
    uint64_t checksum;
};

static uint8_t value_bytes[16 * 1024];

static double clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* CPU time of this thread: what others do on the machine is mostly not in it. */
static double cpu_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static size_t resident_bytes(void) {
    size_t pages = 0, ignored;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    int read = fscanf(file, "%zu %zu", &ignored, &pages);
    fclose(file);
    return read == 2 ? pages * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static struct bytes key_name(const struct bench *b, uint32_t number, char *name) {
    snprintf(name, b->key_len + 1, "key:%0*u", (int)b->key_len - 4, number);
    return bytes_view(name, b->key_len);
}

static void open_store(struct bench *b, bool single_threaded) {
    mem_account_init(&b->account, mem_system(), 0);
    b->store = store_create(&(struct store_options){.mem = &b->account.allocator,
                                                    .secret = {1, 2},
                                                    .notes = b->notes,
                                                    .single_threaded = single_threaded});
    if (!b->store) exit(1);
}

static void put(struct bench *b, const struct store_key *key, int64_t expire_at_ms) {
    struct store_new_value value = {.bytes = bytes_view(value_bytes, b->value_len),
                                    .label = (uint16_t)(key->hash % LABELS),
                                    .expire_at_ms = expire_at_ms};
    store_lock(b->store, &b->hold, key);
    if (store_put(b->store, key, &value, NOW_MS) != BRINE_OK) exit(1);
    store_unlock(b->store, &b->hold);
}

static void find(struct bench *b, const struct store_key *key) {
    struct store_value value;
    store_lock(b->store, &b->hold, key);
    if (!store_find(b->store, key, NOW_MS, &value)) exit(1);
    b->checksum += value.bytes.data[0] + value.bytes.data[value.bytes.len - 1];
    store_unlock(b->store, &b->hold);
}

/* Fills the store in order of number; returns CPU time a put. */
static double fill(struct bench *b, int64_t expire_at_ms) {
    char name[64];
    double start = cpu_ns();
    for (uint32_t i = 0; i < b->keys; i++) {
        struct store_key key = store_key(b->store, 0, key_name(b, i, name));
        put(b, &key, expire_at_ms);
    }
    return (cpu_ns() - start) / b->keys;
}

/* The longest puts while the store grows from nothing.  The same keys make the same splits in each
 * of ROUNDS stores, so each put counts as its fastest: what the machine did meanwhile falls out. */
static void pauses(struct bench *b) {
    float *fastest_ns = mem_alloc(mem_system(), b->keys * sizeof *fastest_ns);
    if (!fastest_ns) exit(1);
    for (int round = 0; round < ROUNDS; round++) {
        char name[64];
        open_store(b, false);
        double before = clock_ns(CLOCK_MONOTONIC);
        for (uint32_t i = 0; i < b->keys; i++) {
            struct store_key key = store_key(b->store, 0, key_name(b, i, name));
            put(b, &key, NOW_MS + 3600 * 1000);
            double after = clock_ns(CLOCK_MONOTONIC);
            float took = (float)(after - before);
            if (round == 0 || took < fastest_ns[i]) fastest_ns[i] = took;
            before = after;
        }
        store_destroy(b->store);
    }
    static const int limits_us[] = {1000, 200, 100, 50, 20};
    float worst = 0;
    for (uint32_t i = 0; i < b->keys; i++) worst = MAX(worst, fastest_ns[i]);
    printf("growth from nothing to %u keys: longest put %.0f us", b->keys, (double)worst / 1e3);
    for (size_t limit = 0; limit < ARRAY_LEN(limits_us); limit++) {
        size_t over = 0;
        for (uint32_t i = 0; i < b->keys; i++)
            over += fastest_ns[i] > (float)limits_us[limit] * 1e3f;
        printf(", %zu over %d us", over, limits_us[limit]);
    }
    printf("\n");
    mem_free(mem_system(), fastest_ns, b->keys * sizeof *fastest_ns);
}

/* Random keys, `batch` at a time; ahead: how many stages look ahead. */
static double run(struct bench *b, size_t batch, int ahead, bool puts) {
    char names[BATCH][64];
    struct store_key keys[BATCH];
    double start = cpu_ns();
    for (size_t done = 0; done < FINDS; done += batch) {
        for (size_t i = 0; i < batch; i++) {
            uint32_t number = (uint32_t)random_below(&b->random, b->keys);
            keys[i] = store_key(b->store, 0, key_name(b, number, names[i]));
        }
        for (size_t i = 0; i < batch && ahead > 0; i++)
            store_prefetch_bucket(b->store, &b->hold, &keys[i]);
        for (size_t i = 0; i < batch && ahead > 1; i++)
            store_prefetch_entry(b->store, &b->hold, &keys[i], b->value_len);
        for (size_t i = 0; i < batch; i++) {
            if (puts)
                put(b, &keys[i], NOW_MS + 3600 * 1000);
            else
                find(b, &keys[i]);
        }
    }
    return (cpu_ns() - start) / FINDS;
}

/* What drawing a number, writing a name and hashing it cost of each figure. */
static double overhead(struct bench *b) {
    char name[64];
    double start = cpu_ns();
    for (size_t done = 0; done < FINDS; done++) {
        uint32_t number = (uint32_t)random_below(&b->random, b->keys);
        struct store_key key = store_key(b->store, 0, key_name(b, number, name));
        b->checksum += key.hash;
    }
    return (cpu_ns() - start) / FINDS;
}

static void times(struct bench *b, bool single_threaded) {
    open_store(b, single_threaded);
    printf("%u keys of 16+64 B with TTL, %s\n", b->keys,
           single_threaded ? "locks skipped" : "locks taken");
    double put_ns = fill(b, NOW_MS + 3600 * 1000), base = overhead(b);
    printf("    put of a new key, growing     %4.0f ns\n", put_ns - base);
    static const struct {
        const char *what;
        size_t batch;
        int ahead;
        bool puts;
    } rows[] = {
        {"find, one at a time", 1, 0, false},      {"find, 16, no look ahead", 16, 0, false},
        {"find, 16, two stages", 16, 2, false},    {"put over, one at a time", 1, 0, true},
        {"put over, 16, two stages", 16, 2, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        printf("    %-26s %4.0f ns (and %.0f to make the key)\n", rows[i].what,
               run(b, rows[i].batch, rows[i].ahead, rows[i].puts) - base, base);
    store_destroy(b->store);
}

static void bytes_an_entry(struct bench *b, int64_t expire_at_ms) {
    size_t resident = resident_bytes();
    open_store(b, false);
    fill(b, expire_at_ms);
    double keys = b->keys;
    struct store_check check = store_check(b->store, &b->hold);
    double payload = (double)(b->key_len + b->value_len);
    printf("    %zu+%zu B %s, %u: accounted %.1f, resident %.1f (index %.1f, entries %.1f, "
           "heap beyond them %.1f)\n",
           b->key_len, b->value_len, expire_at_ms ? "TTL" : "no TTL", b->keys,
           (double)store_used_bytes(b->store) / keys - payload,
           (double)(resident_bytes() - resident) / keys - payload, (double)check.index_bytes / keys,
           (double)check.live_bytes / keys - payload,
           (double)(check.heap_bytes - check.live_bytes) / keys);
    store_destroy(b->store);
}

int main(int argc, char **argv) {
    static struct bench bench;
    uint64_t millions = 1, notes = 0;
    if (argc > 1 && !number_parse_u64(bytes_of_cstr(argv[1]), &millions)) return 2;
    if (argc > 2 && !number_parse_u64(bytes_of_cstr(argv[2]), &notes)) return 2;
    if (millions < 1 || millions > 1000 || notes > STORE_NOTES_FULL) return 2;
    bench.notes = (enum store_notes)notes;
    random_init(&bench.random, 1);
    memset(value_bytes, 'v', sizeof value_bytes);
    static const struct {
        size_t key_len, value_len;
        uint32_t part; /* of the keys: one in so many */
        int64_t expire_at_ms;
    } shapes[] = {{16, 64, 1, NOW_MS + 3600 * 1000},
                  {16, 64, 1, STORE_NO_EXPIRY},
                  {32, 400, 1, NOW_MS + 3600 * 1000},
                  {16, 10240, 10, NOW_MS + 3600 * 1000}};
    printf("bytes an entry beyond key and value\n");
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        bench.keys = (uint32_t)millions * 1000000 / shapes[i].part;
        bench.key_len = shapes[i].key_len;
        bench.value_len = shapes[i].value_len;
        /* A process of its own, so that no shape lives on what another gave back. */
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            bytes_an_entry(&bench, shapes[i].expire_at_ms);
            fflush(stdout);
            _exit(0);
        }
        while (child > 0 && waitpid(child, NULL, 0) < 0) {}
    }
    bench.keys = (uint32_t)millions * 1000000;
    bench.key_len = 16;
    bench.value_len = 64;
    times(&bench, true);
    times(&bench, false);
    pauses(&bench);
    printf("(checksum %llx)\n", (unsigned long long)bench.checksum);
    return 0;
}
