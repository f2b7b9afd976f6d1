/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli scan: walks a live server with SCAN and judges every value.  The server does a little
 * at a time: a page of SCAN, then a few of its keys and a pause, by --rate and by how busy the
 * server is (scan_pace.h). Nothing is written; TTLs stay as they are; so do idle times where the
 * server knows CLIENT NO-TOUCH (Redis 7.2 on, Valkey 8, brine), and where not the report says so.
 */
#include "client/scan.h"
#include "client/scan_pace.h"

#include "base/number.h"
#include "client/clock.h"
#include "client/interrupt.h"
#include "client/paint.h"
#include "client/policy_option.h"
#include "client/tools.h"

#include <stdio.h>
#include <unistd.h>

enum {
    POLICY,
    MATCH,
    TYPE,
    COUNT,
    RATE,
    MAX_VALUE,
    RESUME,
    FORMAT,
    JSON,
    UNTOUCHED,
    STRICT,
    QUIET,
    TIME
};
enum {
    DATABASES_MAX = 1024,
    COUNT_DEFAULT = 100,
    RATE_DEFAULT = 20000,
    TICK_US = 200000,
    STATE_US = 5000000,
    TIMEOUT_MS = 60000
};
/* Keys that SCAN may have gone through before it is asked how many there are, and how many times
 * that number it may go through then. */
enum { KEYS_UNASKED = 100000, KEYS_FACTOR = 8 };
enum { VALUE_BYTES_DEFAULT = 64 << 20 };
#define REPORT_BYTES_MAX ((size_t)1 << 30)

static const struct tool_option options[] = {
    [POLICY] = {"policy", 0, TOOL_POLICY, "what to judge by, as verify's (stdlib)"},
    [MATCH] = {"match", 0, "PATTERN", "keys of this pattern alone"},
    [TYPE] = {"type", 0, "TYPE", "keys of this type alone: string, hash, list, set, zset, stream"},
    [COUNT] = {"count", 0, "N", "keys a step of SCAN (100)"},
    [RATE] = {"rate", 0, "N", "keys a second at most; 0 is no limit (20000)"},
    [MAX_VALUE] = {"max-value", 0, "BYTES", "larger strings are counted and not read (64 MB)"},
    [RESUME] = {"resume", 0, "FILE",
                "go on from there, and write there where the walk stands; removed when it is done"},
    [FORMAT] = {"format", 0, "text|json|sarif", "of what is printed (text)"},
    [JSON] = {"json", 0, NULL, "the same as --format json"},
    [UNTOUCHED] = {"untouched", 0, NULL, "do not begin where reading would change idle times"},
    [STRICT] = {"strict", 0, NULL, "exit with 1 for what the policy refuses too"},
    [QUIET] = {"quiet", 'q', NULL, "no progress on standard error"},
    [TIME] = {"time", 0, "TIME", "stop after so long, and say what was found until then (never)"},
};

struct scan {
    struct tool_call *call;
    brine_client *client;
    struct scan_found found;
    struct scan_reader reader;
    struct scan_position position;
    const char *match, *type, *resume;
    int64_t count;
    struct scan_pace pace;
    int databases[DATABASES_MAX];
    size_t databases_count;
    uint64_t keys_total;
    uint64_t walked, walked_max; /* keys of this database that SCAN went through, at least */
    int64_t time_ms;             /* 0: as long as it takes */
    int64_t began_us, progress_us, state_us;
    uint64_t keys_before; /* of the runs that are resumed */
    bool progress;
    struct interrupt interrupt;
    const char *note;
    char why[512];
};

/* ---- the server -------------------------------------------------------------------------------*/

static struct brine_reply *ask(struct scan *scan, const struct brine_text *args, size_t count) {
    struct brine_reply *reply;
    (void)brine_call(scan->client, args, count, &reply);
    if (!reply) snprintf(scan->why, sizeof scan->why, "%s", brine_last_error(scan->client)->text);
    return reply;
}

/* "db0:keys=12,expires=0,..." a line for each database. */
static void parse_keyspace(struct scan *scan, const char *text) {
    for (const char *at = text; (at = strstr(at, "db")); at++) {
        struct bytes rest = bytes_of_cstr(at + 2);
        size_t digits = 0;
        while (digits < rest.len && byte_is_digit(rest.data[digits])) digits++;
        uint64_t db, keys;
        bool ok = (at == text || at[-1] == '\n') &&
                  number_parse_u64(bytes_slice(rest, 0, digits), &db) && db < INT32_MAX;
        rest = bytes_slice(rest, digits, rest.len);
        if (!ok || !bytes_starts_with(rest, BYTES(":keys="))) continue;
        rest = bytes_slice(rest, 6, rest.len);
        digits = 0;
        while (digits < rest.len && byte_is_digit(rest.data[digits])) digits++;
        if (!number_parse_u64(bytes_slice(rest, 0, digits), &keys)) continue;
        if (scan->databases_count == DATABASES_MAX) return;
        scan->databases[scan->databases_count++] = (int)db;
        scan->keys_total += keys;
    }
}

/* Does the URL, or -n, name a database? */
static bool names_database(const struct tool_call *call) {
    const char *url = call->server.values[SERVER_URL];
    if (call->server.values[SERVER_DB]) return true;
    if (!url) return false;
    if (strstr(url, "db=")) return true;
    const char *place = strstr(url, "://");
    const char *slash = place && strncmp(url, "unix", 4) != 0 ? strchr(place + 3, '/') : NULL;
    return slash && byte_is_digit((uint8_t)slash[1]);
}

/* The database that the connection is in, or all that hold keys. */
static bool find_databases(struct scan *scan) {
    if (names_database(scan->call)) {
        struct brine_text args[] = {BRINE_TEXT("DBSIZE")};
        struct brine_reply *reply = ask(scan, args, 1);
        if (!reply) return false;
        scan->keys_total = reply->integer > 0 ? (uint64_t)reply->integer : 0;
        brine_reply_free(reply);
        scan->databases[scan->databases_count++] = -1; /* where we are */
        return true;
    }
    struct brine_text args[] = {BRINE_TEXT("INFO"), BRINE_TEXT("keyspace")};
    struct brine_reply *reply = ask(scan, args, 2);
    if (!reply) return false;
    bool told = reply->type == BRINE_REPLY_STRING || reply->type == BRINE_REPLY_VERBATIM;
    if (told)
        parse_keyspace(scan, reply->text);
    else
        snprintf(scan->why, sizeof scan->why,
                 "INFO: %.300s (a URL that ends in /0 asks for no INFO)",
                 reply->type == BRINE_REPLY_ERROR ? reply->text : "an answer that is none");
    brine_reply_free(reply);
    return told;
}

static bool keep_idle_times(struct scan *scan) {
    struct brine_text args[] = {BRINE_TEXT("CLIENT"), BRINE_TEXT("NO-TOUCH"), BRINE_TEXT("ON")};
    struct brine_reply *reply = ask(scan, args, ARRAY_LEN(args));
    if (!reply) return false;
    bool kept = reply->type == BRINE_REPLY_STATUS;
    brine_reply_free(reply);
    if (kept) return true;
    scan->note = "this server has no CLIENT NO-TOUCH, so reading a key resets its idle time";
    if (!scan->call->values[UNTOUCHED]) return true;
    snprintf(scan->why, sizeof scan->why, "%s", scan->note);
    return false;
}

static bool select_database(struct scan *scan, int db) {
    char number[16];
    if (db < 0) return true;
    snprintf(number, sizeof number, "%d", db);
    struct brine_text args[] = {BRINE_TEXT("SELECT"), brine_text_of(number)};
    struct brine_reply *reply = ask(scan, args, 2);
    if (!reply) return false;
    bool ok = reply->type != BRINE_REPLY_ERROR;
    if (!ok) snprintf(scan->why, sizeof scan->why, "SELECT %d: %.400s", db, reply->text);
    brine_reply_free(reply);
    return ok;
}

/* ---- progress ---------------------------------------------------------------------------------*/

static void print_progress(struct scan *scan, int64_t now_us, bool last) {
    if (!scan->progress || (!last && now_us < scan->progress_us)) return;
    const struct scan_counts *counts = &scan->found.counts;
    double seconds = (double)(now_us - scan->began_us) / CLOCK_US_PER_S;
    double per_s = (double)(counts->keys - scan->keys_before) / (seconds > 0.01 ? seconds : 0.01);
    uint64_t left = scan->keys_total > counts->keys ? scan->keys_total - counts->keys : 0;
    long long left_s = per_s > 0 ? (long long)((double)left / per_s) : 0;
    int percent = scan->keys_total
                      ? (int)(MIN(counts->keys, scan->keys_total) * 100 / scan->keys_total)
                      : 100;
    char bar[21];
    for (int i = 0; i < 20; i++) bar[i] = i < percent / 5 ? '#' : '.';
    bar[20] = 0;
    fprintf(stderr,
            "\r[%s] %3d%%  %llu of %llu keys  %.0f keys/s  %lld:%02lld left  %llu dangerous ", bar,
            percent, (unsigned long long)counts->keys, (unsigned long long)scan->keys_total, per_s,
            left_s / 60, left_s % 60, (unsigned long long)counts->found[SCAN_DANGEROUS]);
    if (last) fputc('\n', stderr);
    fflush(stderr);
    scan->progress_us = now_us + TICK_US;
}

static bool save_position(struct scan *scan, int64_t now_us, bool at_once) {
    struct brine_error err = {0};
    if (!scan->resume || (!at_once && now_us < scan->state_us)) return true;
    scan->state_us = now_us + STATE_US;
    if (scan_state_write(scan->resume, &scan->position, &scan->found, &err) == BRINE_OK)
        return true;
    snprintf(scan->why, sizeof scan->why, "%s", err.text);
    return false;
}

/* ---- the walk ---------------------------------------------------------------------------------*/

static struct brine_reply *scan_step(struct scan *scan) {
    char count[24];
    struct brine_text args[8] = {
        BRINE_TEXT("SCAN"), brine_text_of(scan->position.cursor), BRINE_TEXT("COUNT"), {count, 0}};
    size_t used = 4;
    snprintf(count, sizeof count, "%lld", (long long)scan->count);
    args[3].len = strlen(count);
    if (scan->match) {
        args[used++] = BRINE_TEXT("MATCH");
        args[used++] = brine_text_of(scan->match);
    }
    if (scan->type) {
        args[used++] = BRINE_TEXT("TYPE");
        args[used++] = brine_text_of(scan->type);
    }
    struct brine_reply *reply = ask(scan, args, used);
    if (!reply) return NULL;
    bool ok = reply->type == BRINE_REPLY_ARRAY && reply->count == 2 &&
              reply->elements[0].type == BRINE_REPLY_STRING &&
              reply->elements[0].len < sizeof scan->position.cursor &&
              reply->elements[1].type == BRINE_REPLY_ARRAY;
    if (ok) return reply;
    snprintf(scan->why, sizeof scan->why, "SCAN: %.400s",
             reply->type == BRINE_REPLY_ERROR ? reply->text : "an answer that is none");
    brine_reply_free(reply);
    return NULL;
}

/* A walk ends when the keys do, whatever the cursor says: it may run in a circle. */
static bool may_go_on(struct scan *scan) {
    scan->walked += (uint64_t)scan->count;
    if (scan->walked < MAX(scan->walked_max, (uint64_t)KEYS_UNASKED)) return true;
    struct brine_text args[] = {BRINE_TEXT("DBSIZE")};
    struct brine_reply *reply = ask(scan, args, 1);
    if (!reply) return false;
    /* Who may not ask has what INFO said, or no bound. */
    bool told = reply->type == BRINE_REPLY_INTEGER && reply->integer >= 0;
    uint64_t keys = told ? (uint64_t)reply->integer : scan->keys_total;
    brine_reply_free(reply);
    bool known = told || scan->keys_total;
    scan->walked_max = known && keys < UINT64_MAX / (2 * KEYS_FACTOR)
                           ? KEYS_UNASKED + keys * KEYS_FACTOR
                           : UINT64_MAX;
    if (scan->walked < scan->walked_max) return true;
    snprintf(scan->why, sizeof scan->why,
             "SCAN does not end: it went through %llu keys of the %llu that database %d has",
             (unsigned long long)scan->walked, (unsigned long long)keys, scan->position.db);
    return false;
}

/* Between two pages the position is a whole one. */
static bool is_to_end(struct scan *scan, int64_t now_us) {
    bool interrupted = interrupt_came(&scan->interrupt);
    bool late = scan->time_ms && now_us - scan->began_us >= scan->time_ms * CLOCK_US_PER_MS;
    if (!interrupted && !late) return false;
    if (late) snprintf(scan->why, sizeof scan->why, "the time that --time gave is over");
    (void)save_position(scan, now_us, true);
    return true;
}

/* A few keys at a time, so that no pipeline keeps the server from others for long. */
static bool read_keys(struct scan *scan, const struct brine_reply *keys) {
    const char *why = "";
    size_t count = scan->pace.keys_per_s ? (size_t)SCAN_PACE_KEYS : MAX(keys->count, (size_t)1);
    for (size_t from = 0; from < keys->count; from += count) {
        struct brine_reply part = *keys;
        part.elements += from;
        part.count = MIN(keys->count - from, count);
        if (!scan_read_keys(&scan->reader, &part, &why)) {
            snprintf(scan->why, sizeof scan->why, "%s", why);
            return false;
        }
        int64_t next_us = scan_pace_next(&scan->pace, clock_mono_us(), part.count);
        (void)clock_wait_until(next_us, interrupt_fd(&scan->interrupt));
    }
    return true;
}

static bool walk_database(struct scan *scan) {
    scan->walked = scan->walked_max = 0;
    for (;;) {
        int64_t asked_us = clock_mono_us();
        struct brine_reply *reply = scan_step(scan);
        if (!reply) return false;
        scan_pace_heard(&scan->pace, clock_mono_us() - asked_us);
        bool ok = read_keys(scan, &reply->elements[1]);
        if (ok)
            snprintf(scan->position.cursor, sizeof scan->position.cursor, "%s",
                     reply->elements[0].text);
        brine_reply_free(reply);
        int64_t now_us = clock_mono_us();
        if (!ok || !save_position(scan, now_us, false)) return false;
        print_progress(scan, now_us, false);
        if (strcmp(scan->position.cursor, "0") == 0) return true;
        if (!may_go_on(scan) || is_to_end(scan, now_us)) return false;
    }
}

/* Databases before that of the position were done by the run that is resumed. */
static bool walk(struct scan *scan) {
    bool resumed = scan->position.cursor[0] != 0;
    for (size_t i = 0; i < scan->databases_count; i++) {
        int db = scan->databases[i];
        if (resumed && db >= 0 && db < scan->position.db) continue;
        bool here = resumed && (db < 0 || db == scan->position.db);
        if (here && strcmp(scan->position.cursor, "0") == 0) continue;
        if (!here) snprintf(scan->position.cursor, sizeof scan->position.cursor, "0");
        scan->position.db = MAX(db, 0);
        scan->reader.db = MAX(db, 0);
        if (!select_database(scan, db) || !walk_database(scan)) return false;
    }
    return true;
}

/* ---- the tool ---------------------------------------------------------------------------------*/

static bool take_up(struct scan *scan) {
    struct brine_error err = {0};
    char place[sizeof scan->position.place], asked[sizeof scan->position.asked];
    const char *word = scan->call->values[POLICY];
    int64_t max = (int64_t)scan->reader.value_bytes_max;
    snprintf(asked, sizeof asked, "policy=%.300s match=%.300s type=%.100s max=%lld",
             word ? word : "stdlib", scan->match ? scan->match : "", scan->type ? scan->type : "",
             (long long)max);
    server_place(&scan->call->server, place, sizeof place);
    if (scan->resume) {
        enum brine_status status =
            scan_state_read(scan->resume, &scan->position, &scan->found, &err);
        if (status != BRINE_OK && status != BRINE_NOT_FOUND) {
            snprintf(scan->why, sizeof scan->why, "%.200s: %.250s", scan->resume, err.text);
            return false;
        }
        if (status == BRINE_OK && strcmp(scan->position.place, place) != 0) {
            snprintf(scan->why, sizeof scan->why, "%.100s is of a scan of %.200s", scan->resume,
                     scan->position.place);
            return false;
        }
        if (status == BRINE_OK && strcmp(scan->position.asked, asked) != 0) {
            snprintf(scan->why, sizeof scan->why,
                     "%.80s is of a scan with other options, %.180s, not %.180s", scan->resume,
                     scan->position.asked, asked);
            return false;
        }
    }
    snprintf(scan->position.asked, sizeof scan->position.asked, "%s", asked);
    snprintf(scan->position.place, sizeof scan->position.place, "%s", place);
    scan->keys_before = scan->found.counts.keys;
    return true;
}

static int print_report(struct scan *scan, enum scan_format format, const char *policy) {
    struct buf out;
    struct scan_report report = {.format = format,
                                 .place = scan->position.place,
                                 .policy = policy,
                                 .note = scan->note,
                                 .denied = scan->reader.denied,
                                 .stopped = scan->why[0] ? scan->why : NULL,
                                 .elapsed_us = clock_mono_us() - scan->began_us};
    buf_init(&out, mem_system(), REPORT_BYTES_MAX);
    enum brine_status status = scan_report_append(&out, &report, &scan->found);
    if (status == BRINE_OK && format != SCAN_TEXT) fwrite(out.data, 1, out.len, stdout);
    bool written = format != SCAN_TEXT || status != BRINE_OK || paint_lines(stdout, buf_view(&out));
    int code = written ? TOOL_OK : tool_complain_of_output();
    buf_deinit(&out);
    if (!written) return code;
    if (status != BRINE_OK) return tool_complain("the report: %s", brine_status_meaning(status));
    const uint64_t *found = scan->found.counts.found;
    bool bad = found[SCAN_DANGEROUS] > 0;
    if (scan->call->values[STRICT]) bad = bad || found[SCAN_BROKEN] || found[SCAN_REFUSED];
    int clean = scan->found.counts.denied ? TOOL_USAGE : TOOL_OK;
    return tool_finish(bad ? TOOL_BAD : clean);
}

/* What was found is told all the same, and how the rest can be had. */
static int report_part(struct scan *scan, int signal, enum scan_format format, const char *policy) {
    if (signal) snprintf(scan->why, sizeof scan->why, "interrupted: %s", strsignal(signal));
    tool_complain("%s", scan->why);
    int code = signal ? TOOL_SIGNAL + signal : TOOL_USAGE;
    if (scan->found.counts.keys == 0) return code;
    bool later = signal || brine_socket(scan->client) < 0 || scan->time_ms;
    if (later && scan->resume && scan->position.cursor[0])
        tool_complain("go on with --resume %s", scan->resume);
    else if (later)
        tool_complain("with --resume FILE a scan can be gone on with");
    (void)print_report(scan, format, policy);
    return code;
}

static int run_walk(struct scan *scan, enum scan_format format, const char *policy) {
    scan->began_us = clock_mono_us();
    scan->progress_us = scan->began_us; /* state_us is 0: there is a state from the first step on */
    if (!take_up(scan)) return tool_complain("%s", scan->why);
    interrupt_watch(&scan->interrupt, brine_socket(scan->client));
    bool ok = keep_idle_times(scan) && find_databases(scan) && walk(scan);
    int signal = interrupt_unwatch(&scan->interrupt);
    print_progress(scan, clock_mono_us(), true);
    if (!ok) return report_part(scan, signal, format, policy);
    if (scan->resume) (void)unlink(scan->resume);
    return print_report(scan, format, policy);
}

/* Every signature that a library is known to put around a pickle. */
static const char *const affix_names[] = {
#define A(name, ...) name,
    AFFIXES(A)
#undef A
};
enum { AFFIXES_COUNT = ARRAY_LEN(affix_names) };

static void fill_affixes(struct frame_affix affixes[static AFFIXES_COUNT]) {
    for (size_t i = 0; i < AFFIXES_COUNT; i++)
        affixes[i] = *frame_affix_by_name(bytes_of_cstr(affix_names[i]));
}

static bool parse_format(const struct tool_call *call, enum scan_format *format) {
    static const char *const names[] = {"text", "json", "sarif"};
    const char *word = call->values[FORMAT];
    *format = call->values[JSON] ? SCAN_JSON : SCAN_TEXT;
    for (size_t i = 0; word && i < ARRAY_LEN(names); i++) {
        if (strcmp(word, names[i]) != 0) continue;
        *format = (enum scan_format)i;
        return true;
    }
    if (word) tool_complain("--format must be text, json or sarif, not '%s'", word);
    return !word;
}

static bool parse_time(const struct tool_call *call, int64_t *ms) {
    const char *text = call->values[TIME];
    if (!text || (clock_parse_duration(text, ms) && *ms > 0)) return true;
    tool_complain("--time must be a time like 90s, 5m or 2h, not '%s'", text);
    return false;
}

static bool parse_type(const struct tool_call *call) {
    static const char *const names[] = {"string", "hash", "list", "set", "zset", "stream"};
    const char *word = call->values[TYPE];
    for (size_t i = 0; word && i < ARRAY_LEN(names); i++)
        if (bytes_is(bytes_of_cstr(word), names[i])) return true;
    if (word)
        tool_complain("--type must be string, hash, list, set, zset or stream, not '%s'", word);
    return !word;
}

static int scan_with(struct tool_call *call, struct scan *scan, enum scan_format format) {
    struct policy_compiled compiled;
    struct brine_error err = {0};
    struct frame_affix affixes[AFFIXES_COUNT];
    /* A new connection would be one that touches keys, and a cursor may be of another server. */
    const struct brine_client_options once = {.tries_max = -1, .timeout_ms = TIMEOUT_MS};
    const char *word = call->values[POLICY] ? call->values[POLICY] : "stdlib";
    if (policy_option_load(word, &compiled, &err) != BRINE_OK) return tool_complain("%s", err.text);
    compiled.policy.admits_unknown = true; /* so that one pass tells all that a value names */
    judge_init(&scan->reader.judge, &compiled.policy);
    fill_affixes(affixes);
    scan->reader.affixes = affixes;
    scan->reader.affixes_count = AFFIXES_COUNT;
    scan->reader.judge.anything = true;
    scan->reader.found = &scan->found;
    int code = TOOL_USAGE;
    if (!scan_found_init(&scan->found))
        tool_complain("no memory");
    else
        code = server_connect(&call->server, &once, &scan->client);
    scan->reader.client = scan->client;
    if (code == TOOL_OK)
        code = run_walk(scan, format, word);
    else
        code = TOOL_USAGE;
    brine_close(scan->client);
    scan_found_deinit(&scan->found);
    judge_deinit(&scan->reader.judge);
    policy_compiled_deinit(&compiled);
    return code;
}

static int run_scan(struct tool_call *call) {
    int64_t max_value, rate;
    enum scan_format format;
    struct scan *scan = mem_alloc_zeroed(mem_system(), sizeof(*scan));
    if (!scan) return tool_complain("no memory");
    int code = TOOL_USAGE;
    if (call->words_count) call->server.values[SERVER_URL] = call->words[0];
    scan->call = call;
    scan->match = call->values[MATCH];
    scan->type = call->values[TYPE];
    scan->resume = call->values[RESUME];
    scan->progress = isatty(STDERR_FILENO) && !call->values[QUIET];
    if (tool_number(call, COUNT, (struct tool_range){1, 10000, COUNT_DEFAULT}, &scan->count) &&
        tool_number(call, RATE, (struct tool_range){0, INT32_MAX, RATE_DEFAULT}, &rate) &&
        tool_number(call, MAX_VALUE, (struct tool_range){1, 1 << 30, VALUE_BYTES_DEFAULT},
                    &max_value) &&
        parse_format(call, &format) && parse_type(call) && parse_time(call, &scan->time_ms)) {
        scan->reader.value_bytes_max = (uint64_t)max_value;
        scan_pace_init(&scan->pace, rate);
        code = scan_with(call, scan, format);
    }
    mem_free(mem_system(), scan, sizeof(*scan));
    return code;
}

const struct tool scan_tool = {
    .name = "scan",
    .arguments = "[URL]",
    .summary = "looks for dangerous pickles in a live Redis, Valkey or brine",
    .text =
        "Walks all databases that hold keys, or the one that the URL or -n names, and judges every "
        "value of every type in every framing, base64, arrays of numpy and prefixes of known "
        "lengths included. Says what is dangerous, what the policy would refuse, "
        "which globals are used under which keys, and the policy that would fit. Nothing is "
        "written "
        "or executed, and TTLs stay as they are; idle times too where the server has CLIENT "
        "NO-TOUCH. A server that does not answer for a minute (or -t) ends the walk.",
    .exits = "0 nothing dangerous, 1 dangerous values (with --strict, refused ones too), 2 wrong "
             "usage, the walk did not come to its end, or nothing dangerous but values that "
             "could not be read, 130 interrupted by Ctrl-C (what was found until then is told)",
    TOOL_OPTIONS(options),
    .needs_server = true,
    .words_max = 1,
    .run = run_scan,
};
