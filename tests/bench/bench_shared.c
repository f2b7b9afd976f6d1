/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What threads that share the store cost each other: nanoseconds of the thread's own processor time
 * an operation, by one thread and by two at once on two cores.
 *
 *     build/release/tests/bench/bench_shared
 *
 * First what a cache line costs: a lock's exchange on a line that is the thread's own, on one that
 * another thread exchanges as well, a load of one that another thread writes now and then.  Then
 * the store itself: a find and a put with one shard, and with as many as a server has.
 * What it does not show: more than two cores, and sockets. */
#include "base/mem.h"
#include "base/random.h"
#include "store/store_write.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum {
    THREADS = 2,
    KEYS = 100000,
    VALUE_BYTES = 64,
    LINE_TURNS = 5000000,
    STORE_TURNS = 1000000,
    WRITES_APART = 64, /* loads between two writes of the line that is read */
};

static const int64_t NOW_MS = 1700000000000;

struct line {
    _Atomic uint64_t word CACHE_ALIGNED;
};

struct job {
    struct line *line;
    struct store *store;
    bool puts;
    uint64_t seed, turns, checksum;
    double ns; /* of processor time, an operation */
};

typedef void work_fn(struct job *job);

static double cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- lines ------------------------------------------------------------------------------------*/

static void exchange(struct job *job) {
    job->turns = LINE_TURNS;
    for (uint64_t i = 0; i < job->turns; i++)
        job->checksum += atomic_exchange_explicit(&job->line->word, i, memory_order_acq_rel);
}

static void load_mostly(struct job *job) {
    job->turns = LINE_TURNS;
    for (uint64_t i = 0; i < job->turns; i++) {
        job->checksum += atomic_load_explicit(&job->line->word, memory_order_acquire);
        if (i % WRITES_APART == 0) atomic_store_explicit(&job->line->word, i, memory_order_release);
    }
}

/* ---- the store --------------------------------------------------------------------------------*/

static struct bytes name_of(uint64_t number, char name[static 24]) {
    return bytes_view(name, (size_t)snprintf(name, 24, "key:%012llu", (unsigned long long)number));
}

static void put(struct store *store, struct store_hold *hold, const struct store_key *key) {
    static const uint8_t value[VALUE_BYTES];
    struct store_new_value new = {.bytes = bytes_view(value, sizeof value)};
    store_lock(store, hold, key);
    if (store_put(store, key, &new, NOW_MS) != BRINE_OK) fputs("out of memory\n", stderr);
    store_unlock(store, hold);
}

static struct store *open_store(size_t shards) {
    struct store *store = store_create(&(struct store_options){
        .mem = mem_system(), .secret = {1, 2}, .threads = THREADS, .shards = shards});
    struct store_hold hold = {0};
    char name[24];
    for (uint64_t i = 0; store && i < KEYS; i++) {
        struct store_key key = store_key(store, 0, name_of(i, name));
        put(store, &hold, &key);
    }
    return store;
}

/* Names are ready before the clock starts. */
static void use_store(struct job *job) {
    enum { NAMES = 4096 };
    static _Thread_local char names[NAMES][24];
    struct store_hold hold = {0};
    struct random random;
    random_init(&random, job->seed);
    for (size_t i = 0; i < NAMES; i++) (void)name_of(random_below(&random, KEYS), names[i]);
    job->turns = STORE_TURNS;
    double started = cpu_ns();
    for (uint64_t i = 0; i < job->turns; i++) {
        struct store_value value;
        struct store_key key = store_key(job->store, 0, bytes_of_cstr(names[i % NAMES]));
        if (job->puts) {
            put(job->store, &hold, &key);
            continue;
        }
        store_lock(job->store, &hold, &key);
        if (store_find(job->store, &key, NOW_MS, &value)) {
            job->checksum += value.bytes.data[0];
            store_touch(job->store, &key, &value, NOW_MS);
        }
        store_unlock(job->store, &hold);
    }
    job->ns = (cpu_ns() - started) / (double)job->turns;
}

/* ---- running ----------------------------------------------------------------------------------*/

struct start {
    struct job *job;
    work_fn *work;
    pthread_barrier_t *barrier;
};

static void *run_thread(void *context) {
    struct start *start = context;
    pthread_barrier_wait(start->barrier);
    double started = cpu_ns();
    start->work(start->job);
    if (start->job->ns == 0) start->job->ns = (cpu_ns() - started) / (double)start->job->turns;
    return NULL;
}

/* The mean of so many threads, each with a job of its own. */
static double run(size_t threads, work_fn *work, const struct job *jobs) {
    pthread_t handles[THREADS];
    pthread_barrier_t barrier;
    struct job own[THREADS];
    struct start starts[THREADS];
    double sum = 0;
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (size_t i = 0; i < threads; i++) {
        own[i] = jobs[i];
        own[i].seed = i + 1;
        starts[i] = (struct start){&own[i], work, &barrier};
        if (pthread_create(&handles[i], NULL, run_thread, &starts[i]) != 0) return 0;
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
        sum += own[i].ns;
    }
    pthread_barrier_destroy(&barrier);
    return sum / (double)threads;
}

static void show_store(const char *what, size_t shards, bool puts) {
    struct store *store = open_store(shards);
    if (!store) return;
    struct job jobs[THREADS] = {{.store = store, .puts = puts}, {.store = store, .puts = puts}};
    double one = run(1, use_store, jobs), two = run(THREADS, use_store, jobs);
    printf("%-44s %8.1f %8.1f ns\n", what, one, two);
    store_destroy(store);
}

int main(void) {
    static struct line lines[THREADS];
    struct job apart[] = {{.line = &lines[0]}, {.line = &lines[1]}};
    struct job same[] = {{.line = &lines[0]}, {.line = &lines[0]}};
    printf("%-44s %8s %8s\n", "", "1 thread", "2");
    printf("%-44s %8.1f %8.1f ns\n", "exchange, a line each", run(1, exchange, apart),
           run(THREADS, exchange, apart));
    printf("%-44s %8.1f %8.1f ns\n", "exchange, the same line", run(1, exchange, same),
           run(THREADS, exchange, same));
    printf("%-44s %8.1f %8.1f ns\n", "load, written by each every 64 loads",
           run(1, load_mostly, same), run(THREADS, load_mostly, same));
    show_store("find and touch, 1 shard", 1, false);
    show_store("find and touch, 64 shards", 64, false);
    show_store("put, 1 shard", 1, true);
    show_store("put, 64 shards", 64, true);
    return 0;
}
