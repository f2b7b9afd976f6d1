/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One pass over the paths in the order given, directories in the order of names.  Each file is read
 * whole into one buffer that is kept from file to file, as is the verifier's scratch, and each
 * verdict is one line written at once.
 *
 * A file may hold a pickle as libraries store it, compressed or with something before it.  All that
 * a reader of any framing would unpickle is verified: one must be accepted, and the others
 * harmless, as the raw bytes of a compressed pickle are.  Symbolic links and devices inside
 * directories are counted and left alone; named on the command line, they are read. */

#include "client/verify.h"

#include "client/input.h"
#include "client/policy_option.h"
#include "frame/frame.h"
#include "pickle/harmless.h"
#include "pickle/opcodes.h"
#include "pickle/verify.h"
#include "text/json.h"

#include <errno.h>
#include <fts.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_ACCEPTED = 0, EXIT_REFUSED = 1, EXIT_TROUBLE = 2 };
enum { DEPTH_MAX = 256, LINE_BYTES_MAX = 1 << 30, MESSAGE_BYTES = 1024, FRAMING_BYTES = 128 };
/* What is kept between files; a giant pickle's memory is given back. */
enum { KEEP_BYTES = 64 << 20 };
#define SCRATCH_BYTES_MAX ((size_t)4 << 30)

static const char usage_text[] =
    "usage: brine-cli verify PATH... [--policy NAME[,NAME...]|FILE|FILE:NAME] [--json]\n"
    "Says of each pickle whether the policy lets it be loaded; executes nothing, needs no server.\n"
    "Compressed pickles (zlib, gzip, bz2, xz, lzma, lz4, zstd), those of cachelib, dogpile, "
    "Celery's\n"
    "messages and Beaker's sessions are read as their libraries read them.\n"
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
    struct frame_scratch frames;
    struct buf input, line, joined;
    size_t accepted, refused, skipped, unread;
    bool stopped; /* the output is gone, or memory is */
};

/* What is said of a file: of which reading, or of none when a bound of unpacking was met. */
struct verdict {
    const char *path;
    const struct pickle_report *report;
    const struct frame_reading *reading;
    const char *limit;
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

/* Where in the file, or in what was unpacked of it. */
static size_t offset_of(const struct verdict *verdict) {
    return verdict->report->offset + (verdict->reading->unpacked ? 0 : verdict->reading->offset);
}

static void json_refusal(struct json *json, const struct verdict *verdict, struct verify *verify) {
    const struct pickle_report *report = verdict->report;
    char message[MESSAGE_BYTES];
    json_key(json, "class");
    json_cstr(json, pickle_class_name(pickle_reason_class(report->reason)));
    json_key(json, "offset");
    json_uint(json, offset_of(verdict));
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

/* The keys of a refusal by name; nulls where there is nothing to say. */
static void json_limit(struct json *json, const char *limit) {
    static const char *const keys[] = {"class", "offset", "opcode", "global", "rule", "message"};
    const char *values[] = {"limit", NULL, NULL, NULL, "unpacking", limit};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        json_key(json, keys[i]);
        if (limit && values[i])
            json_cstr(json, values[i]);
        else
            json_null(json);
    }
}

static void json_facts(struct json *json, const struct verdict *verdict, struct verify *verify) {
    static const struct pickle_report none;
    const struct pickle_report *report = verdict->report ? verdict->report : &none;
    bool accepted = verdict->report && report->reason == PICKLE_ACCEPTED;
    char framing[FRAMING_BYTES];
    json_key(json, "protocol");
    json_uint(json, report->protocol);
    json_key(json, "type");
    if (!accepted)
        json_null(json);
    else if (report->top_kind == PICKLE_KIND_INSTANCE && report->top_global)
        json_global(json, report->top_global->module, report->top_global->name, verify);
    else
        json_cstr(json, pickle_kind_name(report->top_kind));
    json_key(json, "globals");
    json_globals(json, report, verify);
    json_key(json, "framing");
    if (verdict->reading)
        json_cstr(json, frame_path_text(&verdict->reading->path, framing, sizeof framing));
    else
        json_null(json);
}

static enum brine_status add_json(struct verify *verify, const struct verdict *verdict) {
    struct json json;
    bool accepted = verdict->report && verdict->report->reason == PICKLE_ACCEPTED;
    json_init(&json, &verify->line);
    json_open_object(&json);
    json_key(&json, "file");
    json_cstr(&json, verdict->path);
    json_key(&json, "verdict");
    json_cstr(&json, accepted ? "accept" : "refuse");
    if (accepted || !verdict->report)
        json_limit(&json, verdict->limit);
    else
        json_refusal(&json, verdict, verify);
    json_facts(&json, verdict, verify);
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(&verify->line, '\n');
}

static enum brine_status add_accepted(struct verify *verify, const struct verdict *verdict) {
    struct buf *line = &verify->line;
    const struct pickle_report *report = verdict->report;
    const struct pickle_global *class = report->top_global;
    char framing[FRAMING_BYTES];
    TRY(buf_printf(line, ": accepted: "));
    if (report->top_kind == PICKLE_KIND_INSTANCE && class) {
        TRY(join(&verify->joined, class->module, class->name));
        TRY(input_append_name(line, buf_view(&verify->joined)));
    } else {
        TRY(buf_printf(line, "%s", pickle_kind_name(report->top_kind)));
    }
    TRY(buf_printf(line, ", protocol %u, globals %zu", report->protocol, report->globals_count));
    if (verdict->reading->path.depth > 1)
        TRY(buf_printf(line, ", %s",
                       frame_path_text(&verdict->reading->path, framing, sizeof framing)));
    return buf_append_byte(line, '\n');
}

/* "cache/a.pkl:34: refused: REDUCE: the policy does not list the global: os.system" */
static enum brine_status add_text(struct verify *verify, const struct verdict *verdict) {
    char message[MESSAGE_BYTES], framing[FRAMING_BYTES];
    struct buf *line = &verify->line;
    const struct pickle_report *report = verdict->report;
    bool accepted = report && report->reason == PICKLE_ACCEPTED;
    if (accepted && !verify->verbose) return BRINE_OK;
    TRY(input_append_name(line, bytes_of_cstr(verdict->path)));
    if (!report) return buf_printf(line, ": refused: %s\n", verdict->limit);
    if (accepted) return add_accepted(verify, verdict);
    /* The message begins with "offset N: ", which stands here as in a compiler's line. */
    const char *text = pickle_report_message(report, message, sizeof message);
    const char *behind = strncmp(text, "offset ", 7) == 0 ? strstr(text, ": ") : NULL;
    TRY(buf_printf(line, ":%zu: refused: ", offset_of(verdict)));
    if (verdict->reading->path.depth > 1)
        TRY(buf_printf(line,
                       "%s: ", frame_path_text(&verdict->reading->path, framing, sizeof framing)));
    return buf_printf(line, "%s\n", behind ? behind + 2 : text);
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

static void say(struct verify *verify, const struct verdict *verdict) {
    bool accepted = verdict->report && verdict->report->reason == PICKLE_ACCEPTED;
    verify->accepted += accepted;
    verify->refused += !accepted;
    buf_clear(&verify->line);
    enum brine_status status = verify->json ? add_json(verify, verdict) : add_text(verify, verdict);
    if (status == BRINE_OK)
        write_line(verify);
    else
        complain(verify, verdict->path, brine_status_meaning(status));
}

/* ---- readings ---------------------------------------------------------------------------------*/

/* A report lives until its scratch is used again or its reading is unpacked over.  So what is said
 * of a reading is said during a visit, which may take a second walk, but for the usual file that
 * has one reading, the file itself. */
struct pass {
    struct verify *verify;
    const char *path;
    size_t seen;     /* readings so far */
    size_t accepted; /* the first that was; SIZE_MAX: none yet */
    size_t wanted;   /* of the second walk */
    bool said;
    struct pickle_report report; /* of the last */
    struct frame_reading reading;
};

static enum brine_status verify_reading(struct verify *verify, const struct frame_reading *reading,
                                        struct pickle_report *report) {
    return pickle_verify(reading->bytes, verify->policy, &PICKLE_LIMITS_DEFAULT, &verify->scratch,
                         report);
}

static enum brine_status say_reading(void *context, const struct frame_reading *reading) {
    struct pass *pass = context;
    struct pickle_report report;
    if (pass->seen++ != pass->wanted) return BRINE_OK;
    if (verify_reading(pass->verify, reading, &report) == BRINE_NO_MEMORY) return BRINE_NO_MEMORY;
    say(pass->verify, &(struct verdict){pass->path, &report, reading, NULL});
    pass->said = true;
    return BRINE_DENIED; /* enough */
}

static enum brine_status judge_reading(void *context, const struct frame_reading *reading) {
    struct pass *pass = context;
    struct verify *verify = pass->verify;
    struct pickle_harm harm;
    enum brine_status status = verify_reading(verify, reading, &pass->report);
    pass->reading = *reading;
    if (status == BRINE_NO_MEMORY) return status;
    if (status == BRINE_OK) pass->accepted = MIN(pass->accepted, pass->seen);
    bool passes = status == BRINE_OK || (status != BRINE_TOO_BIG &&
                                         pickle_is_harmless(reading->bytes, &PICKLE_LIMITS_DEFAULT,
                                                            &verify->scratch, &harm));
    if (!passes) {
        pass->wanted = pass->seen;
        return say_reading(context, reading);
    }
    pass->seen++;
    return BRINE_OK;
}

static struct frame_options framings(const struct verify *verify) {
    struct frame_options options = FRAME_OPTIONS_DEFAULT;
    uint32_t joblib = FRAME_BIT(FRAME_JOBLIB);
    options.admitted &= ~(joblib | FRAME_BIT(FRAME_INTEGER));
    options.admitted_inside &= ~(joblib | FRAME_BIT(FRAME_INTEGER));
    if (verify->joblib) {
        options.admitted = options.admitted_inside =
            joblib | FRAME_BIT(FRAME_ZLIB) | FRAME_BIT(FRAME_GZIP) | FRAME_BIT(FRAME_BZ2) |
            FRAME_BIT(FRAME_XZ) | FRAME_BIT(FRAME_LZMA) | FRAME_BIT(FRAME_LZ4);
    }
    options.unpacked_bytes_max = PICKLE_LIMITS_DEFAULT.bytes_max;
    options.ratio_max = UINT64_MAX; /* who calls this has asked for it */
    return options;
}

/* Says it of the bytes as they are when there is no pickle in them. */
static void verify_bytes(struct verify *verify, const char *path, struct bytes bytes) {
    struct pass pass = {.verify = verify, .path = path, .accepted = SIZE_MAX};
    struct frame_options options = framings(verify);
    struct brine_error err = {0};
    enum brine_status status =
        frame_walk(bytes, &options, &verify->frames, judge_reading, &pass, &err);
    if (status == BRINE_OK && pass.seen == 1 && pass.accepted == 0 && !pass.reading.unpacked) {
        say(verify, &(struct verdict){path, &pass.report, &pass.reading, NULL});
        return;
    }
    if (status == BRINE_OK) {
        pass.wanted = pass.accepted == SIZE_MAX ? 0 : pass.accepted;
        pass.seen = 0;
        status = frame_walk(bytes, &options, &verify->frames, say_reading, &pass, &err);
    }
    if (pass.said) return;
    if (status == BRINE_TOO_BIG)
        say(verify, &(struct verdict){.path = path, .limit = err.text});
    else
        complain(verify, path, brine_status_meaning(status));
}

static void verify_file(struct verify *verify, const char *path, const char *access_path) {
    struct brine_error err = {0};
    if (input_read(&verify->input, access_path, PICKLE_LIMITS_DEFAULT.bytes_max, &err) !=
        BRINE_OK) {
        complain(verify, path, err.text);
        return;
    }
    verify_bytes(verify, path, buf_view(&verify->input));
    buf_clear(&verify->input);
    buf_shrink(&verify->input, KEEP_BYTES);
    pickle_scratch_trim(&verify->scratch, KEEP_BYTES);
    frame_scratch_trim(&verify->frames, KEEP_BYTES);
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
    frame_scratch_init(&verify->frames, mem_system(), SCRATCH_BYTES_MAX);
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
    frame_scratch_deinit(&verify->frames);
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
