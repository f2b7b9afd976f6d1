/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One pass over the paths in the order given, directories in the order of names.  Files are
 * gathered into batches; the threads take one after the other out of a batch, each with a judge of
 * its own, and when the batch is done what was said is written in the order of the files.  Symbolic
 * links and devices inside directories are counted and left alone; named on the command line, they
 * are read.
 */
#include "client/verify.h"

#include "client/input.h"
#include "client/paint.h"
#include "client/policy_option.h"
#include "client/tools.h"

#include <errno.h>
#include <fts.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 256, BATCH_FILES = 512, JOBS_MAX = 256 };
enum { POLICY, JOBLIB, EXPLAIN, JOBS, JSON, VERBOSE };

static const struct tool_option options[] = {
    [POLICY] =
        {"policy", 0, TOOL_POLICY,
         "presets (data, stdlib, numpy, pandas, scipy, sklearn, django, celery, flask, "
         "joblib, sqlalchemy, pydantic) with commas between them, or FILE, or FILE:NAME: a TOML "
         "file with [policy.NAME] tables (stdlib)"},
    [JOBLIB] =
        {"joblib", 0, NULL,
         "written by joblib.dump: the raw bytes of arrays stand between opcodes; files named "
         ".joblib are taken so anyway"},
    [EXPLAIN] = {"explain", 0, NULL, "show the opcodes around what is refused"},
    [JOBS] = {"jobs", 'j', "N", "files at the same time (as many as there are cores)"},
    [JSON] = {"json", 0, NULL, "one JSON object a line for each pickle"},
    [VERBOSE] = {"verbose", 'v', NULL, "say what was accepted too"},
};

struct job {
    char *path; /* owned */
    struct verify_result result;
};

struct verify {
    struct verify_options options;
    size_t workers_count;
    struct verify_worker workers[JOBS_MAX];
    struct job jobs[BATCH_FILES];
    size_t jobs_count;
    _Atomic size_t next; /* of the batch: the first that no thread has taken */
    size_t files, accepted, refused, unread;
    size_t links, others; /* inside directories: left alone */
    bool stopped;         /* the output is gone */
};

/* ---- a batch ----------------------------------------------------------------------------------*/

struct thread {
    pthread_t id;
    bool started;
    struct verify *verify;
    struct verify_worker *worker;
};

static void *work(void *context) {
    struct thread *thread = context;
    struct verify *verify = thread->verify;
    for (;;) {
        size_t taken = atomic_fetch_add(&verify->next, 1);
        if (taken >= verify->jobs_count) return NULL;
        verify_file(thread->worker, verify->jobs[taken].path, &verify->jobs[taken].result);
    }
}

/* A thread that cannot be started leaves its share to the others; this one works too. */
static void run_batch(struct verify *verify) {
    struct thread threads[JOBS_MAX];
    size_t count = MIN(verify->workers_count, verify->jobs_count);
    atomic_store(&verify->next, 0);
    for (size_t i = 0; i < count; i++) {
        threads[i] = (struct thread){.verify = verify, .worker = &verify->workers[i]};
        if (i > 0)
            threads[i].started = pthread_create(&threads[i].id, NULL, work, &threads[i]) == 0;
    }
    if (count) (void)work(&threads[0]);
    for (size_t i = 1; i < count; i++)
        if (threads[i].started) pthread_join(threads[i].id, NULL);
}

static void write_result(struct verify *verify, struct verify_result *result) {
    verify->accepted += result->accepted;
    verify->refused += result->refused;
    verify->unread += result->unread;
    if (verify->stopped) return;
    struct buf *text = &result->text, *trouble = &result->trouble;
    bool written = true;
    if (text->len && verify->options.json)
        written = fwrite(text->data, 1, text->len, stdout) == text->len;
    else if (text->len)
        written = paint_lines(stdout, buf_view(text));
    if (!written) {
        (void)tool_complain_of_output();
        verify->stopped = true;
    }
    if (trouble->len) fwrite(trouble->data, 1, trouble->len, stderr);
}

static void finish_batch(struct verify *verify) {
    run_batch(verify);
    for (size_t i = 0; i < verify->jobs_count; i++) {
        struct job *job = &verify->jobs[i];
        write_result(verify, &job->result);
        verify_result_deinit(&job->result);
        mem_free(mem_system(), job->path, strlen(job->path) + 1);
    }
    verify->jobs_count = 0;
}

static void complain_at_once(struct verify *verify, const char *path, const char *why) {
    struct verify_result result;
    verify_result_init(&result);
    verify_complain(&result, path, why);
    write_result(verify, &result);
    verify_result_deinit(&result);
}

static void add_file(struct verify *verify, const char *path) {
    size_t size = strlen(path) + 1;
    if (verify->jobs_count == BATCH_FILES) finish_batch(verify);
    struct job *job = &verify->jobs[verify->jobs_count];
    job->path = mem_alloc(mem_system(), size);
    if (!job->path) {
        complain_at_once(verify, path, "no memory");
        return;
    }
    memcpy(job->path, path, size);
    verify_result_init(&job->result);
    verify->jobs_count++;
    verify->files++;
}

/* ---- directories ------------------------------------------------------------------------------*/

static int compare_names(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* fts walks with a list of its own, not by recursion. */
static void visit(struct verify *verify, FTS *walk, FTSENT *entry) {
    switch (entry->fts_info) {
    case FTS_F:
        add_file(verify, entry->fts_path);
        return;
    case FTS_D:
        if (entry->fts_level <= DEPTH_MAX) return;
        complain_at_once(verify, entry->fts_path, "too many directories inside each other");
        (void)fts_set(walk, entry, FTS_SKIP);
        return;
    case FTS_DP:
        return;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        complain_at_once(verify, entry->fts_path, strerror(entry->fts_errno));
        return;
    case FTS_DC:
        complain_at_once(verify, entry->fts_path, "the directory contains itself");
        return;
    default: /* links, devices, pipes: read when they were asked for by name */
        if (entry->fts_level == FTS_ROOTLEVEL)
            add_file(verify, entry->fts_path);
        else if (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE)
            verify->links++;
        else
            verify->others++;
    }
}

static void verify_tree(struct verify *verify, char *path) {
    char *roots[] = {path, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare_names);
    if (!walk) {
        complain_at_once(verify, path, strerror(errno));
        return;
    }
    errno = 0;
    for (FTSENT *entry; !verify->stopped && (entry = fts_read(walk)); errno = 0)
        visit(verify, walk, entry);
    if (errno && !verify->stopped) complain_at_once(verify, path, strerror(errno));
    fts_close(walk);
}

/* ---- the tool ---------------------------------------------------------------------------------*/

static void print_summary(const struct verify *verify) {
    size_t read = verify->accepted + verify->refused;
    if (verify->files || verify->unread)
        printf("%zu %s: %zu accepted, %zu refused", read, read == 1 ? "pickle" : "pickles",
               verify->accepted, verify->refused);
    else
        fputs("0 files", stdout);
    if (verify->links)
        printf(", %zu %s not followed", verify->links, verify->links == 1 ? "link" : "links");
    if (verify->others)
        printf(", %zu no plain file%s skipped", verify->others, verify->others == 1 ? "" : "s");
    if (verify->unread) printf(", %zu not read", verify->unread);
    putchar('\n');
}

static int verify_paths(struct verify *verify, char **paths, size_t count) {
    for (size_t i = 0; i < verify->workers_count; i++)
        verify_worker_init(&verify->workers[i], &verify->options);
    for (size_t i = 0; i < count && !verify->stopped; i++) {
        if (strcmp(paths[i], "-") == 0)
            add_file(verify, "-");
        else
            verify_tree(verify, paths[i]);
    }
    finish_batch(verify);
    for (size_t i = 0; i < verify->workers_count; i++) verify_worker_deinit(&verify->workers[i]);
    if (!verify->options.json && !verify->stopped) print_summary(verify);
    /* A refusal is more than a file that could not be read. */
    bool passed_over = verify->files == 0 && verify->links + verify->others > 0;
    if (passed_over && !verify->stopped)
        tool_complain("nothing was verified; what is a link or a device is read when it is named");
    int code = verify->unread || passed_over ? TOOL_USAGE : TOOL_OK;
    if (verify->refused) code = TOOL_BAD;
    if (verify->stopped) code = TOOL_USAGE;
    return verify->stopped ? code : tool_finish(code);
}

static int run_verify(struct tool_call *call) {
    struct policy_compiled compiled;
    struct brine_error err = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t jobs;
    struct tool_range range = {1, JOBS_MAX, MIN(MAX(cores, 1), JOBS_MAX)};
    if (!tool_number(call, JOBS, range, &jobs)) return TOOL_USAGE;
    const char *word = call->values[POLICY] ? call->values[POLICY] : "stdlib";
    if (policy_option_load(word, &compiled, &err) != BRINE_OK) return tool_complain("%s", err.text);
    struct verify *verify = mem_alloc_zeroed(mem_system(), sizeof(*verify));
    int code = TOOL_USAGE;
    if (verify) {
        verify->workers_count = (size_t)jobs;
        verify->options = (struct verify_options){.policy = &compiled.policy,
                                                  .json = call->values[JSON] != NULL,
                                                  .verbose = call->values[VERBOSE] != NULL,
                                                  .joblib = call->values[JOBLIB] != NULL,
                                                  .explain = call->values[EXPLAIN] != NULL};
        code = verify_paths(verify, call->words, call->words_count);
    }
    mem_free(mem_system(), verify, sizeof(*verify));
    policy_compiled_deinit(&compiled);
    return code;
}

const struct tool verify_tool = {
    .name = "verify",
    .arguments = "PATH...",
    .summary = "says of pickles in files whether a policy lets them be loaded; needs no server",
    .text =
        "PATH is a file, a directory (all files below it) or - for standard input. Nothing is "
        "executed. Compressed pickles (zlib, gzip, bz2, xz, lzma, lz4, zstd), those of cachelib, "
        "dogpile, Celery's messages and Beaker's sessions are read as their libraries read them; "
        "in "
        "numpy's .npy and .npz, and in other zip archives such as torch.save's, each member is.",
    .exits =
        "0 all accepted, 1 some refused, 2 wrong usage, or none refused but something could not "
        "be read, or there was nothing but links and devices, which are not followed inside "
        "directories",
    TOOL_OPTIONS(options),
    .words_min = 1,
    .words_max = SIZE_MAX,
    .run = run_verify,
};
