/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One pass over the paths in the order given, directories in the order of names.  Each file is read
 * whole into one buffer that is kept from file to file, as is the verifier's scratch, and each
 * verdict is one line written at once.  Symbolic links and devices inside directories are counted
 * and left alone; named on the command line, they are read. */

#include "client/verify.h"

#include "client/input.h"
#include "client/policy_option.h"
#include "pickle/opcodes.h"
#include "pickle/verify.h"
#include "text/json.h"

#include <errno.h>
#include <fts.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_ACCEPTED = 0, EXIT_REFUSED = 1, EXIT_TROUBLE = 2 };
enum { DEPTH_MAX = 256, LINE_BYTES_MAX = 1 << 30, MESSAGE_BYTES = 1024 };
/* What is kept between files; a giant pickle's memory is given back. */
enum { KEEP_BYTES = 64 << 20 };
#define SCRATCH_BYTES_MAX ((size_t)4 << 30)

static const char usage_text[] =
    "usage: brine-cli verify PATH... [--policy NAME[,NAME...]|FILE|FILE:NAME] [--json]\n"
    "Says of each pickle whether the policy lets it be loaded; executes nothing, needs no server.\n"
    "PATH is a file, a directory (all files below it) or - for standard input.\n"
    "      --policy WORD     presets (data, stdlib, numpy, pandas, scipy, sklearn, django,\n"
    "                        celery, flask, joblib), or a TOML file with [policy.NAME] tables, "
    "which\n"
    "                        needs no NAME when it has one (stdlib)\n"
    "      --joblib          written by joblib.dump: the raw bytes of arrays stand between "
    "opcodes\n"
    "      --json            one JSON object a line for each pickle\n"
    "  -v, --verbose         say what was accepted too\n"
    "  -h, --help\n"
    "exit code: 0 all accepted, 1 some refused, 2 wrong usage or something could not be read\n";

struct verify {
    const struct policy *policy;
    bool json, verbose, joblib;
    struct pickle_scratch scratch;
    struct buf input, line, joined;
    size_t accepted, refused, skipped, unread;
    bool stopped; /* the output is gone, or memory is */
};

/* ---- one line a pickle ------------------------------------------------------------------------*/

static enum brine_status join(struct buf *joined, struct bytes module, struct bytes name) {
    buf_clear(joined);
    TRY(buf_append(joined, module));
    TRY(buf_append_byte(joined, '.'));
    return buf_append(joined, name);
}

static void json_global(struct json *json, struct bytes module, struct bytes name,
                        struct verify *verify) {
    enum brine_status status = join(&verify->joined, module, name);
    if (status == BRINE_OK)
        json_string(json, buf_view(&verify->joined));
    else if (json->status == BRINE_OK)
        json->status = status;
}

static void json_globals(struct json *json, const struct pickle_report *report,
                         struct verify *verify) {
    static const struct {
        uint32_t use;
        const char *name;
    } rows[] = {{PICKLE_USE_REF, "ref"},     {PICKLE_USE_CALL, "call"},
                {PICKLE_USE_NEW, "new"},     {PICKLE_USE_STATE, "build"},
                {PICKLE_USE_ITEMS, "items"}, {PICKLE_USE_HASH, "hash"}};
    json_open_array(json);
    for (size_t i = 0; i < report->globals_count; i++) {
        const struct pickle_global *global = &report->globals[i];
        json_open_object(json);
        json_key(json, "name");
        json_global(json, global->module, global->name, verify);
        json_key(json, "use");
        json_open_array(json);
        for (size_t row = 0; row < ARRAY_LEN(rows); row++)
            if (global->uses & rows[row].use) json_cstr(json, rows[row].name);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void json_opcode(struct json *json, const struct pickle_report *report) {
    char number[8];
    const char *name = pickle_opcode(report->opcode)->name;
    bool none = report->reason == PICKLE_END_AT_OPCODE || report->reason == PICKLE_BYTES;
    snprintf(number, sizeof number, "0x%02x", report->opcode);
    if (none)
        json_null(json);
    else
        json_cstr(json, name ? name : number);
}

/* What speaks of a refusal; nulls when there was none. */
static void json_refusal(struct json *json, const struct pickle_report *report,
                         struct verify *verify) {
    static const char *const keys[] = {"class", "offset", "opcode", "global", "rule", "message"};
    if (report->reason == PICKLE_ACCEPTED) {
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            json_key(json, keys[i]);
            json_null(json);
        }
        return;
    }
    char message[MESSAGE_BYTES];
    json_key(json, "class");
    json_cstr(json, pickle_class_name(pickle_reason_class(report->reason)));
    json_key(json, "offset");
    json_uint(json, report->offset);
    json_key(json, "opcode");
    json_opcode(json, report);
    json_key(json, "global");
    if (report->name.data)
        json_global(json, report->module, report->name, verify);
    else
        json_null(json);
    json_key(json, "rule");
    json_cstr(json, pickle_reason_rule(report->reason));
    json_key(json, "message");
    json_cstr(json, pickle_report_message(report, message, sizeof message));
}

static enum brine_status add_json(struct verify *verify, const char *path,
                                  const struct pickle_report *report) {
    struct json json;
    bool accepted = report->reason == PICKLE_ACCEPTED;
    json_init(&json, &verify->line);
    json_open_object(&json);
    json_key(&json, "file");
    json_cstr(&json, path);
    json_key(&json, "verdict");
    json_cstr(&json, accepted ? "accept" : "refuse");
    json_refusal(&json, report, verify);
    json_key(&json, "protocol");
    json_uint(&json, report->protocol);
    json_key(&json, "type");
    if (!accepted)
        json_null(&json);
    else if (report->top_kind == PICKLE_KIND_INSTANCE && report->top_global)
        json_global(&json, report->top_global->module, report->top_global->name, verify);
    else
        json_cstr(&json, pickle_kind_name(report->top_kind));
    json_key(&json, "globals");
    json_globals(&json, report, verify);
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(&verify->line, '\n');
}

/* "cache/a.pkl:34: refused: REDUCE: the policy does not list the global: os.system" */
static enum brine_status add_text(struct verify *verify, const char *path,
                                  const struct pickle_report *report) {
    char message[MESSAGE_BYTES];
    struct buf *line = &verify->line;
    if (report->reason == PICKLE_ACCEPTED && !verify->verbose) return BRINE_OK;
    TRY(input_append_name(line, bytes_of_cstr(path)));
    if (report->reason == PICKLE_ACCEPTED) {
        const struct pickle_global *class = report->top_global;
        TRY(buf_printf(line, ": accepted: "));
        if (report->top_kind == PICKLE_KIND_INSTANCE && class) {
            TRY(join(&verify->joined, class->module, class->name));
            TRY(input_append_name(line, buf_view(&verify->joined)));
        } else {
            TRY(buf_printf(line, "%s", pickle_kind_name(report->top_kind)));
        }
        return buf_printf(line, ", protocol %u, globals %zu\n", report->protocol,
                          report->globals_count);
    }
    /* The message begins with "offset N: ", which stands here as in a compiler's line. */
    const char *text = pickle_report_message(report, message, sizeof message);
    const char *behind = strncmp(text, "offset ", 7) == 0 ? strstr(text, ": ") : NULL;
    return buf_printf(line, ":%zu: refused: %s\n", report->offset, behind ? behind + 2 : text);
}

static void write_line(struct verify *verify) {
    const struct buf *line = &verify->line;
    if (line->len == 0 || fwrite(line->data, 1, line->len, stdout) == line->len) return;
    fprintf(stderr, "brine-cli: standard output: %s\n", strerror(errno));
    verify->stopped = true;
}

/* ---- files ------------------------------------------------------------------------------------*/

static void complain(struct verify *verify, const char *path, const char *why) {
    struct buf *line = &verify->line;
    buf_clear(line);
    verify->unread++;
    if (input_append_name(line, bytes_of_cstr(path)) == BRINE_OK)
        fprintf(stderr, "brine-cli: %.*s: %s\n", (int)line->len, (const char *)line->data, why);
    else
        fprintf(stderr, "brine-cli: %s\n", why);
}

static void verify_file(struct verify *verify, const char *path, const char *access_path) {
    struct pickle_report report;
    struct brine_error err = {0};
    const struct pickle_limits *limits = &PICKLE_LIMITS_DEFAULT;
    if (input_read(&verify->input, access_path, limits->bytes_max, &err) != BRINE_OK) {
        complain(verify, path, err.text);
        return;
    }
    enum brine_status status =
        pickle_verify(buf_view(&verify->input), verify->policy, limits, &verify->scratch, &report);
    if (status == BRINE_NO_MEMORY) {
        complain(verify, path, brine_status_meaning(status));
        return;
    }
    verify->accepted += status == BRINE_OK;
    verify->refused += status != BRINE_OK;
    buf_clear(&verify->line);
    status = verify->json ? add_json(verify, path, &report) : add_text(verify, path, &report);
    if (status == BRINE_OK)
        write_line(verify);
    else
        complain(verify, path, brine_status_meaning(status));
    buf_clear(&verify->input);
    buf_shrink(&verify->input, KEEP_BYTES);
    pickle_scratch_trim(&verify->scratch, KEEP_BYTES);
}

static int compare_names(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* fts walks with a list of its own, not by recursion. */
static void visit(struct verify *verify, FTS *walk, FTSENT *entry) {
    switch (entry->fts_info) {
    case FTS_F:
        verify_file(verify, entry->fts_path, entry->fts_accpath);
        return;
    case FTS_D:
        if (entry->fts_level <= DEPTH_MAX) return;
        complain(verify, entry->fts_path, "too many directories inside each other");
        (void)fts_set(walk, entry, FTS_SKIP);
        return;
    case FTS_DP:
        return;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        complain(verify, entry->fts_path, strerror(entry->fts_errno));
        return;
    case FTS_DC:
        complain(verify, entry->fts_path, "the directory contains itself");
        return;
    default: /* links, devices, pipes: read when they were asked for by name */
        if (entry->fts_level == FTS_ROOTLEVEL)
            verify_file(verify, entry->fts_path, entry->fts_accpath);
        else
            verify->skipped++;
    }
}

static void verify_tree(struct verify *verify, char *path) {
    char *roots[] = {path, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare_names);
    if (!walk) {
        complain(verify, path, strerror(errno));
        return;
    }
    errno = 0;
    for (FTSENT *entry; !verify->stopped && (entry = fts_read(walk)); errno = 0)
        visit(verify, walk, entry);
    if (errno && !verify->stopped) complain(verify, path, strerror(errno));
    fts_close(walk);
}

static void print_summary(const struct verify *verify) {
    size_t read = verify->accepted + verify->refused;
    printf("%zu %s: %zu accepted, %zu refused", read, read == 1 ? "pickle" : "pickles",
           verify->accepted, verify->refused);
    if (verify->skipped) printf(", %zu no plain files skipped", verify->skipped);
    if (verify->unread) printf(", %zu not read", verify->unread);
    putchar('\n');
}

static int verify_paths(struct verify *verify, char **paths, size_t count) {
    buf_init(&verify->input, mem_system(), PICKLE_LIMITS_DEFAULT.bytes_max + 2);
    buf_init(&verify->line, mem_system(), LINE_BYTES_MAX);
    buf_init(&verify->joined, mem_system(), LINE_BYTES_MAX);
    pickle_scratch_init(&verify->scratch, mem_system(), SCRATCH_BYTES_MAX);
    verify->scratch.joblib_arrays = verify->joblib;
    for (size_t i = 0; i < count && !verify->stopped; i++) {
        if (strcmp(paths[i], "-") == 0)
            verify_file(verify, "-", "-");
        else
            verify_tree(verify, paths[i]);
    }
    if (!verify->json && !verify->stopped) print_summary(verify);
    if (fflush(stdout) != 0 && !verify->stopped) {
        fprintf(stderr, "brine-cli: standard output: %s\n", strerror(errno));
        verify->stopped = true;
    }
    pickle_scratch_deinit(&verify->scratch);
    buf_deinit(&verify->joined);
    buf_deinit(&verify->line);
    buf_deinit(&verify->input);
    if (verify->unread || verify->stopped) return EXIT_TROUBLE;
    return verify->refused ? EXIT_REFUSED : EXIT_ACCEPTED;
}

/* ---- what was asked for -----------------------------------------------------------------------*/

struct request {
    const char *policy;
    bool json, verbose, joblib, done;
};

static bool parse_request(struct request *request, int argc, char **argv) {
    enum { JSON = 256, POLICY, JOBLIB };
    static const struct option rows[] = {{"policy", required_argument, NULL, POLICY},
                                         {"joblib", no_argument, NULL, JOBLIB},
                                         {"json", no_argument, NULL, JSON},
                                         {"verbose", no_argument, NULL, 'v'},
                                         {"help", no_argument, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "vh", rows, NULL)) != -1;) {
        switch (option) {
        case POLICY:
            request->policy = optarg;
            break;
        case JSON:
            request->json = true;
            break;
        case JOBLIB:
            request->joblib = true;
            break;
        case 'v':
            request->verbose = true;
            break;
        case 'h':
            fputs(usage_text, stdout);
            request->done = true;
            return true;
        default:
            fputs("try 'brine-cli verify --help'\n", stderr);
            return false;
        }
    }
    if (optind < argc) return true;
    fputs("brine-cli: verify needs a path; - is standard input\n"
          "try 'brine-cli verify --help'\n",
          stderr);
    return false;
}

int verify_main(int argc, char **argv) {
    struct request request = {.policy = "stdlib"};
    struct policy_compiled compiled;
    struct brine_error err = {0};
    if (!parse_request(&request, argc, argv)) return EXIT_TROUBLE;
    if (request.done) return EXIT_ACCEPTED;
    if (policy_option_load(request.policy, &compiled, &err) != BRINE_OK) {
        fprintf(stderr, "brine-cli: %s\n", err.text);
        return EXIT_TROUBLE;
    }
    struct verify verify = {.policy = &compiled.policy,
                            .json = request.json,
                            .verbose = request.verbose,
                            .joblib = request.joblib};
    int code = verify_paths(&verify, argv + optind, (size_t)(argc - optind));
    policy_compiled_deinit(&compiled);
    return code;
}
