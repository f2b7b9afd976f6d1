/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* How long a snapshot holds a writer up: one thread overwrites random keys, most of them not saved
 * yet, while snapshots are written by another to a real disk.
 *
 *     bench_cut [MB of data, default 300 [seconds, default 10 [percent of a core, default 33
 * [dir]]]]
 *
 * A write's time has three parts.  `work` is the thread's CPU time, the hand-over's copy in it.
 * `wait` is what it slept: for a shard's lock, which the saving thread has.  The rest is the time
 * in which it was ready and the machine ran something else; that is no doing of the snapshot and is
 * told alone.  Every hundredth value is boxed (20 KB), every thousandth has 256 KB.
 *
 * A wait is as long as its lock is held, and that is the holder's work and what the machine ran
 * instead of him.  So a cut of the bench's own, whose steps are those of a save, tells the two
 * apart: `step` is the CPU time for which a shard's lock is held, `step, aside` the rest. Last
 * line: whether no write worked or waited for more than the bar, and no cut took longer. */

#include "base/random.h"
#include "keyspace/keyspace.h"
#include "observe/clock.h"
#include "snapshot/save.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    VALUE_BYTES = 1000,
    BOXED_BYTES = 20000,
    GIANT_BYTES = 256 * 1024,
    BAR_US = 1000,
    NS_A_US = 1000,
    NAME_BYTES = 24,
    COPIES_BYTES = 8 << 20,
};

static const int64_t LEVELS_US[] = {0, 10, 50, 100, 250, 500, 1000, 5000};

struct costs {
    uint64_t above[ARRAY_LEN(LEVELS_US)], count;
    int64_t longest_ns;
};

struct bench {
    struct store *store;
    struct gate gate;
    struct keyspace keyspace;
    struct posix_disk disk;
    uint32_t keys;
    int percent;
    int64_t alone_ms; /* before the snapshots: nobody else is there */
    atomic_bool done, saving;
    uint64_t saves, handed_over;
    size_t memory_peak;
    struct costs work, wait, aside, cut, quiet_work, quiet_wait, step, step_aside;
};

static uint8_t value_bytes[GIANT_BYTES];

static void count(struct costs *costs, int64_t ns) {
    costs->count++;
    if (ns > costs->longest_ns) costs->longest_ns = ns;
    for (size_t i = 0; i < ARRAY_LEN(LEVELS_US); i++)
        costs->above[i] += ns >= LEVELS_US[i] * NS_A_US;
}

static void set(struct keyspace_access *access, uint32_t number) {
    char name[NAME_BYTES];
    int len = snprintf(name, sizeof name, "key:%u", number);
    struct store_key key = keyspace_key(access, 0, bytes_view(name, (size_t)len));
    size_t bytes = number % 1000 == 7 ? GIANT_BYTES : number % 100 == 3 ? BOXED_BYTES : VALUE_BYTES;
    if (keyspace_set_string(access, &key, bytes_view(value_bytes, bytes),
                            &(struct keyspace_set_options){0}) != KEYSPACE_DONE)
        exit(1);
}

/* Nanoseconds in which this thread was ready and another ran. */
static int64_t aside_ns(int file) {
    char text[64] = {0};
    if (pread(file, text, sizeof text - 1, 0) <= 0) exit(1);
    const char *second = strchr(text, ' ');
    return second ? strtoll(second, NULL, 10) : 0;
}

/* How often this thread gave its core away of its own accord. */
static long sleeps(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

static void *write_on(void *argument) {
    struct bench *bench = argument;
    int64_t alone_until_ms = clock_mono_ms() + bench->alone_ms;
    struct keyspace_access access;
    struct random random;
    int file = open("/proc/thread-self/schedstat", O_RDONLY);
    if (file < 0) exit(1);
    random_init(&random, 1);
    keyspace_access_init(&access, &bench->keyspace, NULL, mem_system());
    access.now_ms = 1000;
    while (!atomic_load(&bench->done) &&
           (bench->alone_ms == 0 || clock_mono_ms() < alone_until_ms)) {
        bool saving = atomic_load(&bench->saving);
        long slept = sleeps();
        int64_t wall = clock_mono_ns(), aside = aside_ns(file), cpu = clock_thread_ns();
        set(&access, (uint32_t)random_below(&random, bench->keys));
        int64_t worked = clock_thread_ns() - cpu, delayed = aside_ns(file) - aside;
        int64_t waited = clock_mono_ns() - wall - worked - delayed;
        if (sleeps() == slept) waited = 0; /* what is missing was the host's */
        count(saving ? &bench->work : &bench->quiet_work, worked);
        count(saving ? &bench->wait : &bench->quiet_wait, waited);
        if (saving) count(&bench->aside, delayed);
    }
    keyspace_access_deinit(&access);
    close(file);
    return NULL;
}

static void save_once(struct bench *bench) {
    struct store_hold hold = {0};
    struct snapshot_save *save;
    struct snapshot_save_result result;
    struct brine_error err = {0};
    struct snapshot_save_options options = {
        .mem = mem_system(),
        .store = bench->store,
        .file = {.disk = &bench->disk.disk, .name = "dump.brine", .process_id = (int64_t)getpid()},
        .now_ms = 1000,
        .memory_max = 256 << 20,
        .threads = 1,
        .codec = SNAPSHOT_LZ4,
        .cpu_percent = (size_t)bench->percent,
    };
    atomic_store(&bench->saving, true);
    int64_t began = clock_thread_ns();
    if (snapshot_save_begin(&save, &options, &hold, &err) != BRINE_OK) exit(1);
    count(&bench->cut, clock_thread_ns() - began);
    if (snapshot_save_run(save, &result, &err) != BRINE_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    atomic_store(&bench->saving, false);
    snapshot_save_destroy(save);
    bench->saves++;
    bench->handed_over += result.handed_over;
    bench->memory_peak = MAX(bench->memory_peak, result.memory_peak_bytes);
}

/* What show() of a save does under the lock: copies into memory that is not in the cache. */
struct copies {
    uint8_t *data;
    size_t used;
};

static bool copy_entry(void *ctx, const struct store_cut_entry *entry) {
    struct copies *copies = ctx;
    size_t bytes = entry->value->blob ? 0 : entry->value->bytes.len;
    if (copies->used + bytes > COPIES_BYTES) copies->used = 0;
    if (bytes) bytes_copy_to(copies->data + copies->used, entry->value->bytes);
    copies->used += bytes;
    return true;
}

static void time_steps(struct bench *bench) {
    struct store_hold hold = {0};
    struct copies copies = {.data = malloc(COPIES_BYTES)};
    struct store_cut_counts counts;
    int file = open("/proc/thread-self/schedstat", O_RDONLY);
    if (file < 0 || !copies.data) exit(1);
    if (!store_cut_begin(bench->store, &hold,
                         &(struct store_cut){.show = copy_entry, .ctx = &copies}, &counts))
        exit(1);
    for (size_t shard = 0; shard < store_shards(bench->store); shard++) {
        for (bool more = true; more;) {
            int64_t aside = aside_ns(file), cpu = clock_thread_ns();
            more = store_cut_step(bench->store, &hold, shard, SNAPSHOT_SAVE_STEP_BYTES);
            count(&bench->step, clock_thread_ns() - cpu);
            count(&bench->step_aside, aside_ns(file) - aside);
        }
    }
    store_cut_end(bench->store, &hold);
    free(copies.data);
    close(file);
}

static void print_costs(const char *what, const struct costs *costs) {
    printf("%-22s %10llu", what, (unsigned long long)costs->count);
    for (size_t i = 1; i < ARRAY_LEN(LEVELS_US); i++)
        printf(" %8llu", (unsigned long long)costs->above[i]);
    printf(" %10.1f\n", (double)costs->longest_ns / NS_A_US);
}

static void print_all(const struct bench *bench) {
    printf("%-22s %10s", "microseconds", "count");
    for (size_t i = 1; i < ARRAY_LEN(LEVELS_US); i++) printf("  >=%5lld", (long long)LEVELS_US[i]);
    printf("    longest\n");
    print_costs("work, no snapshot", &bench->quiet_work);
    print_costs("wait, no snapshot", &bench->quiet_wait);
    print_costs("work", &bench->work);
    print_costs("wait", &bench->wait);
    print_costs("aside", &bench->aside);
    print_costs("step", &bench->step);
    print_costs("step, aside", &bench->step_aside);
    print_costs("the cut, all locks", &bench->cut);
    printf("%llu snapshots, %llu entries handed over by the writer, %zu KB of chunks at most\n",
           (unsigned long long)bench->saves, (unsigned long long)bench->handed_over,
           bench->memory_peak / 1024);
    int64_t longest =
        MAX(MAX(bench->work.longest_ns, bench->wait.longest_ns), bench->cut.longest_ns);
    printf("longest %.0f us: %s\n", (double)longest / NS_A_US,
           longest <= (int64_t)BAR_US * NS_A_US ? "met" : "NOT MET");
}

int main(int argc, char **argv) {
    static struct bench bench;
    struct keyspace_access access;
    struct brine_error err;
    struct random random;
    pthread_t writer;
    char dir[] = "bench-cut-XXXXXX";
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
    int64_t seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 10;
    bench.percent = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 33;
    if (chdir(argc > 4 ? argv[4] : "/tmp")) return 1;
    bench.keys =
        (uint32_t)(megabytes * 1000000 / (VALUE_BYTES + BOXED_BYTES / 100 + GIANT_BYTES / 1000));
    random_init(&random, 2);
    for (size_t i = 0; i < sizeof value_bytes; i++)
        value_bytes[i] = (uint8_t)random_below(&random, 256);
    gate_init_off(&bench.gate);
    bench.store =
        store_create(&(struct store_options){.mem = mem_system(), .secret = {1, 2}, .threads = 2});
    if (!bench.store || !mkdtemp(dir) || posix_disk_open(&bench.disk, dir, &err) != BRINE_OK)
        return 1;
    keyspace_init(&bench.keyspace,
                  &(struct keyspace_options){.store = bench.store, .gate = &bench.gate});
    keyspace_access_init(&access, &bench.keyspace, NULL, mem_system());
    access.now_ms = 1000;
    for (uint32_t i = 0; i < bench.keys; i++) set(&access, i);
    keyspace_access_deinit(&access);
    bench.alone_ms = seconds * 1000 / 4;
    (void)write_on(&bench);
    bench.alone_ms = 0;
    if (pthread_create(&writer, NULL, write_on, &bench)) return 1;
    int64_t end_ms = clock_mono_ms() + seconds * 1000;
    while (clock_mono_ms() < end_ms) {
        save_once(&bench);
        time_steps(&bench);
    }
    atomic_store(&bench.done, true);
    pthread_join(writer, NULL);
    (void)bench.disk.disk.unlink(&bench.disk.disk, "dump.brine");
    posix_disk_close(&bench.disk);
    rmdir(dir);
    keyspace_deinit(&bench.keyspace);
    store_destroy(bench.store);
    print_all(&bench);
    return 0;
}
