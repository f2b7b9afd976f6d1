/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the first touch of memory costs on this machine: huge pages that the system has to find and
 * clear, touched one after the other, and the same again after they were given back.
 *
 *     bench_touch [PAGES]
 *
 * Where the second round is much cheaper than the first, the machine is a virtual one whose host
 * takes back what is free and has to find it anew: no allocator helps against that, only touching
 * in time does (server/store/ahead.h).  Processor time and time of the clock: what others on the
 * machine do is in the second alone. */

#include "store/huge.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAGES_DEFAULT = 256, PAGES_MAX = 4096, LATE_NS = 1000000 };

struct times {
    int64_t ns[PAGES_MAX];
    size_t late;
};

static int64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, struct times *times, size_t count) {
    qsort(times->ns, count, sizeof *times->ns, by_size);
    printf("  %-9s median %8.3f ms, 99 %% below %8.3f, longest %8.3f; over 1 ms: %zu of %zu\n",
           name, (double)times->ns[count / 2] / 1e6,
           (double)times->ns[count - 1 - count / 100] / 1e6, (double)times->ns[count - 1] / 1e6,
           times->late, count);
    times->late = 0;
}

static void note(struct times *times, size_t at, int64_t ns) {
    times->ns[at] = ns;
    times->late += ns > LATE_NS;
}

int main(int argc, char **argv) {
    static struct times wall, cpu;
    static uint8_t *pages[PAGES_MAX];
    size_t count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : PAGES_DEFAULT;
    count = MIN(MAX(count, 1), PAGES_MAX);
    for (size_t i = 0; i < count; i++) {
        pages[i] = mem_alloc(huge_pages(), HUGE_PAGE_BYTES);
        if (!pages[i]) return 1;
    }
    for (int round = 1; round <= 2; round++) {
        for (size_t i = 0; i < count; i++) {
            int64_t wall_ns = clock_ns(CLOCK_MONOTONIC), cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
            huge_touch(pages[i]);
            note(&cpu, i, clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns);
            note(&wall, i, clock_ns(CLOCK_MONOTONIC) - wall_ns);
        }
        printf("%s touch of a page of 2 MB\n", round == 1 ? "first" : "second");
        print("processor", &cpu, count);
        print("clock", &wall, count);
        for (size_t i = 0; i < count; i++) huge_forget(pages[i], pages[i] + HUGE_PAGE_BYTES);
    }
    for (size_t i = 0; i < count; i++) mem_free(huge_pages(), pages[i], HUGE_PAGE_BYTES);
    return 0;
}
