/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The audit trail by many threads at once: writers, who fill a small ring faster than a disk may
 * take it; one who looks back; one who moves the file away and has it reopened.  What is claimed:
 * in the files, one behind the other, each line is whole, each writer's records are in their order,
 * and what is missing is exactly what the "dropped" lines say.  Run under TSan as well. */

#include "observe/audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WRITERS = 3, RECORDS = 20000, MOVES = 20, PATH_BYTES = 128, LINE_BYTES = 1024 };

struct stress {
    struct audit *audit;
    char dir[64], path[PATH_BYTES];
    atomic_size_t passed, failed;
    atomic_bool writers_done;
    int next[WRITERS]; /* the files' reader: the least number each writer may come with */
    unsigned long long lines, dropped;
};

static void check(struct stress *stress, bool ok, const char *what) {
    atomic_fetch_add(ok ? &stress->passed : &stress->failed, 1);
    if (!ok) fprintf(stderr, "failed: %s\n", what);
}

struct writer {
    struct stress *stress;
    int number;
};

static void *write_records(void *argument) {
    struct writer *writer = argument;
    for (int i = 0; i < RECORDS; i++) {
        char key[32];
        struct audit_record record = AUDIT_RECORD(REFUSED);
        snprintf(key, sizeof key, "w%d:%d", writer->number, i);
        record.key = bytes_of_cstr(key);
        record.text = bytes_view("................................", (size_t)i % 32);
        audit_write(writer->stress->audit, &record);
    }
    return NULL;
}

static bool look_at(void *context, struct bytes line) {
    struct stress *stress = context;
    bool whole = line.len > 2 && line.data[0] == '{' && line.data[line.len - 1] == '}';
    if (!whole) check(stress, false, "a line that is looked back on is whole");
    return whole;
}

static void *look_back(void *argument) {
    struct stress *stress = argument;
    struct audit_query query = {.count = 50, .mem = mem_system()};
    bool good = true;
    while (good && !atomic_load(&stress->writers_done)) {
        good = audit_recent(stress->audit, &query, look_at, stress) == BRINE_OK;
        (void)audit_stats(stress->audit);
    }
    check(stress, good, "looking back goes on while others write");
    return NULL;
}

static void moved_path(const struct stress *stress, int number, char path[PATH_BYTES]) {
    snprintf(path, PATH_BYTES, "%s/moved.%d", stress->dir, number);
}

/* Waits for each new file, so that no two moves fall upon one. */
static void *move_files(void *argument) {
    struct stress *stress = argument;
    for (int i = 0; i < MOVES; i++) {
        char path[PATH_BYTES];
        moved_path(stress, i, path);
        check(stress, rename(stress->path, path) == 0, "the file is there to be moved");
        audit_reopen(stress->audit);
        while (access(stress->path, F_OK)) sched_yield();
    }
    return NULL;
}

static void read_line(struct stress *stress, const char *line) {
    int writer, number;
    unsigned long long count;
    const char *key = strstr(line, "\"key\":\"w"), *lost = strstr(line, "\"count\":");
    bool whole = line[0] == '{' && strstr(line, "}\n");
    if (whole && key && sscanf(key, "\"key\":\"w%d:%d\"", &writer, &number) == 2) {
        whole = writer < WRITERS && number >= stress->next[writer] && number < RECORDS;
        if (whole) stress->next[writer] = number + 1;
        stress->lines++;
    } else if (whole && lost && sscanf(lost, "\"count\":%llu", &count) == 1) {
        stress->dropped += count;
    } else {
        whole = false;
    }
    if (!whole) fprintf(stderr, "odd: %s", line);
    if (!whole) check(stress, false, "a line is whole and in its writer's order");
}

static void read_file(struct stress *stress, const char *path) {
    char line[LINE_BYTES];
    FILE *file = fopen(path, "re");
    check(stress, file != NULL, "each file is there");
    if (!file) return;
    while (fgets(line, sizeof line, file)) read_line(stress, line);
    fclose(file);
    unlink(path);
}

static void run(struct stress *stress) {
    pthread_t writers[WRITERS], looker, mover;
    struct writer arguments[WRITERS];
    pthread_create(&looker, NULL, look_back, stress);
    pthread_create(&mover, NULL, move_files, stress);
    for (int i = 0; i < WRITERS; i++) {
        arguments[i] = (struct writer){.stress = stress, .number = i};
        pthread_create(&writers[i], NULL, write_records, &arguments[i]);
    }
    for (int i = 0; i < WRITERS; i++) pthread_join(writers[i], NULL);
    atomic_store(&stress->writers_done, true);
    pthread_join(looker, NULL);
    pthread_join(mover, NULL);
}

int main(void) {
    struct stress stress = {.dir = "/tmp/brine-stress-audit-XXXXXX"};
    struct brine_error err = {0};
    if (!mkdtemp(stress.dir)) return 1;
    snprintf(stress.path, sizeof stress.path, "%s/audit.log", stress.dir);
    struct audit_options options = {
        .mem = mem_system(), .path = stress.path, .queue_bytes = 128 << 10, .keep = 100};
    check(&stress, audit_open(&stress.audit, &options, &err) == BRINE_OK, err.text);
    if (atomic_load(&stress.failed)) return 1;
    run(&stress);
    struct audit_stats stats = audit_stats(stress.audit);
    audit_close(stress.audit);
    for (int i = 0; i < MOVES; i++) {
        char path[PATH_BYTES];
        moved_path(&stress, i, path);
        read_file(&stress, path);
    }
    read_file(&stress, stress.path);
    rmdir(stress.dir);
    check(&stress, stats.kept <= 100 || stats.queue_bytes > 0, "no more is kept than wanted");
    check(&stress, stats.dropped_total == stress.dropped, "the trail tells all that was dropped");
    check(&stress, stress.lines + stress.dropped == (unsigned long long)WRITERS * RECORDS,
          "every record is in the files or told to be missing");
    fprintf(stderr, "%llu lines, %llu dropped\n", stress.lines, stress.dropped);
    printf("%zu passed, %zu failed\n", atomic_load(&stress.passed), atomic_load(&stress.failed));
    return atomic_load(&stress.failed) ? 1 : 0;
}
