/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* audit tail, stat, latency: looking at a server while it runs. */
#include "client/clock.h"
#include "client/dialog.h"
#include "client/input.h"
#include "client/quantiles.h"
#include "client/show.h"
#include "client/tools.h"
#include "base/number.h"
#include "text/json_scan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int refuse(const brine_client *client) {
    tool_complain("%s", brine_last_error(client)->text);
    return TOOL_BAD;
}

/* ---- audit tail -------------------------------------------------------------------------------*/

enum { TAIL_FOLLOW, TAIL_SINCE, TAIL_COUNT, TAIL_JSON };
static const struct tool_option tail_options[] = {
    [TAIL_FOLLOW] = {"follow", 'f', NULL, "go on as records come, until interrupted"},
    [TAIL_SINCE] = {"since", 0, "TIME", "records of the last 90s, 5m, 2h, 7d"},
    [TAIL_COUNT] = {"count", 'c', "N", "so many of the last (10)"},
    [TAIL_JSON] = {"json", 0, NULL, "records as they are, one object a line"},
};
enum { TAIL_PAUSE_US = 500000, TAIL_COUNT_DEFAULT = 10, AUDIT_ASKED = 100000 };

/* The value of a key of a flat object, as it is written; empty when it is not there. */
static struct bytes field(struct bytes object, const char *key) {
    struct json_scan scan = json_scan_over(object);
    struct json_token token;
    bool wanted = false;
    while (json_scan_next(&scan, &token)) {
        if (token.kind == JSON_TOKEN_COLON) continue;
        if (wanted) return token.text;
        wanted = scan.depth == 1 && token.kind == JSON_TOKEN_STRING &&
                 json_string_is(token.text, bytes_of_cstr(key));
    }
    return BYTES("");
}

/* What is no plain text was escaped by the server, which says so in "key_escaped". */
static enum brine_status add_field(struct buf *out, struct bytes record, const char *key) {
    char note[64];
    struct buf text;
    snprintf(note, sizeof note, "%s_escaped", key);
    bool escaped = bytes_is(field(record, note), "true");
    buf_init(&text, mem_system(), 1 << 20);
    enum brine_status status = json_string_decode(field(record, key), &text);
    if (status == BRINE_OK)
        status =
            escaped ? show_text(out, buf_view(&text)) : input_append_name(out, buf_view(&text));
    buf_deinit(&text);
    return status;
}

/* "2026-11-23T03:11:15.428Z refused default@127.0.0.1:60306 set db 0 'k:1': PICKLEDENIED ..." */
static enum brine_status add_record(struct buf *out, struct bytes record) {
    TRY(add_field(out, record, "time"));
    TRY(buf_append_byte(out, ' '));
    TRY(add_field(out, record, "event"));
    TRY(buf_append_byte(out, ' '));
    TRY(add_field(out, record, "user"));
    TRY(buf_append_byte(out, '@'));
    TRY(add_field(out, record, "address"));
    TRY(buf_append_byte(out, ' '));
    TRY(add_field(out, record, "command"));
    TRY(buf_append(out, BYTES(" db ")));
    TRY(buf_append(out, field(record, "db")));
    TRY(buf_append(out, BYTES(" '")));
    TRY(add_field(out, record, "key"));
    TRY(buf_append(out, BYTES("': ")));
    TRY(add_field(out, record, "text"));
    return buf_append_byte(out, '\n');
}

/* The newest record shown: its time, and how many of that millisecond were. */
struct tail {
    brine_client *client;
    bool as_json;
    int64_t last_ms;
    size_t shown_of_last;
};

static bool show_record(struct tail *tail, struct bytes record) {
    struct buf out;
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    enum brine_status status = tail->as_json ? buf_append(&out, record) : add_record(&out, record);
    if (status == BRINE_OK && tail->as_json) status = buf_append_byte(&out, '\n');
    if (status == BRINE_OK) tool_print(stdout, buf_view(&out));
    buf_deinit(&out);
    return fflush(stdout) == 0 && status == BRINE_OK;
}

/* Shows what is newer than the last; the records come in order. */
static bool show_new(struct tail *tail, const struct brine_reply *records) {
    size_t same = 0;
    int64_t before_ms = tail->last_ms;
    size_t before_shown = tail->shown_of_last;
    for (size_t i = 0; i < records->count; i++) {
        struct bytes record = bytes_view(records->elements[i].text, records->elements[i].len);
        int64_t time_ms = 0;
        if (!number_parse_i64(field(record, "time_ms"), &time_ms) || time_ms < before_ms) continue;
        if (time_ms == before_ms && ++same <= before_shown) continue;
        tail->shown_of_last = time_ms == tail->last_ms ? tail->shown_of_last + 1 : 1;
        tail->last_ms = time_ms;
        if (!show_record(tail, record)) return false;
    }
    return true;
}

static int ask_records(struct tail *tail, int64_t count, int64_t since_ms) {
    char number[24], since[24];
    struct brine_reply *reply;
    snprintf(number, sizeof number, "%lld", (long long)count);
    snprintf(since, sizeof since, "%lld", (long long)since_ms);
    struct brine_text args[] = {BRINE_TEXT("PICKLE.AUDIT"), BRINE_TEXT("COUNT"),
                                brine_text_of(number), BRINE_TEXT("SINCE"), brine_text_of(since)};
    enum brine_client_status status = brine_call(tail->client, args, since_ms > 0 ? 5 : 3, &reply);
    int code = TOOL_OK;
    if (status != BRINE_CLIENT_OK)
        code = refuse(tail->client);
    else if (!show_new(tail, reply))
        code = TOOL_USAGE;
    brine_reply_free(reply);
    return code;
}

static int run_tail(struct tool_call *call) {
    int64_t count, since_ms = 0, now_ms = clock_wall_ms();
    struct tail tail = {.as_json = call->values[TAIL_JSON] != NULL};
    struct tool_range range = {1, AUDIT_ASKED,
                               call->values[TAIL_SINCE] ? AUDIT_ASKED : TAIL_COUNT_DEFAULT};
    if (!tool_number(call, TAIL_COUNT, range, &count)) return TOOL_USAGE;
    if (call->values[TAIL_SINCE] && !clock_parse_duration(call->values[TAIL_SINCE], &since_ms))
        return tool_complain("--since must be a time like 5m, not '%s'", call->values[TAIL_SINCE]);
    int code = server_connect(&call->server, NULL, &tail.client);
    if (code != TOOL_OK) return code;
    code = ask_records(&tail, count, since_ms ? now_ms - since_ms : 0);
    while (code == TOOL_OK && call->values[TAIL_FOLLOW]) {
        (void)clock_wait_until(clock_mono_us() + TAIL_PAUSE_US, -1);
        code = ask_records(&tail, AUDIT_ASKED, tail.last_ms ? tail.last_ms : now_ms);
    }
    brine_close(tail.client);
    return tool_finish(code);
}

const struct tool audit_tail_tool = {
    .name = "audit tail",
    .arguments = "",
    .summary = "shows the last records of the audit trail, and new ones as they come",
    .exits = "0 shown, 1 an error reply or no connection, 2 wrong usage",
    TOOL_OPTIONS(tail_options),
    .needs_server = true,
    .run = run_tail,
};

/* ---- latency ----------------------------------------------------------------------------------*/

enum { LATENCY_TIME, LATENCY_JSON };
static const struct tool_option latency_options[] = {
    [LATENCY_TIME] = {"time", 0, "TIME", "how long to measure (5s)"},
    [LATENCY_JSON] = TOOL_JSON,
};
enum { LATENCY_DEFAULT_MS = 5000, GRACE_US = CLOCK_US_PER_S };

/* An error reply is no PING, and what has not come when the time is over was not measured. */
static int ping_for(const struct server_options *server, brine_client *client, int64_t ms,
                    struct quantiles *times) {
    struct brine_text args[] = {BRINE_TEXT("PING")};
    int64_t end_us = clock_mono_us() + ms * CLOCK_US_PER_MS;
    for (int64_t before_us; (before_us = clock_mono_us()) < end_us;) {
        struct brine_reply *reply;
        server_bound_calls(server, client, end_us + GRACE_US);
        enum brine_client_status status = brine_call(client, args, 1, &reply);
        brine_reply_free(reply);
        if (status != BRINE_CLIENT_OK) return refuse(client);
        quantiles_add(times, clock_mono_us() - before_us);
    }
    return TOOL_OK;
}

static int run_latency(struct tool_call *call) {
    int64_t ms = LATENCY_DEFAULT_MS;
    brine_client *client;
    struct buf out;
    if (call->values[LATENCY_TIME] &&
        (!clock_parse_duration(call->values[LATENCY_TIME], &ms) || ms == 0))
        return tool_complain("--time must be a time like 10s, not '%s'",
                             call->values[LATENCY_TIME]);
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    struct quantiles *times = mem_alloc_zeroed(mem_system(), sizeof(*times));
    buf_init(&out, mem_system(), 1 << 16);
    code = times ? ping_for(&call->server, client, ms, times) : tool_complain("no memory");
    enum brine_status status = BRINE_OK;
    if (times && code == TOOL_OK && call->values[LATENCY_JSON]) {
        struct json json;
        json_init(&json, &out);
        json_open_object(&json);
        quantiles_json(times, &json);
        json_close(&json);
        status = json_finish(&json);
    } else if (times && code == TOOL_OK) {
        status = buf_printf(&out, "%llu PINGs: min %.3f  ", (unsigned long long)times->count,
                            (double)times->min_us / 1000);
        if (status == BRINE_OK) status = quantiles_text(times, &out);
    }
    if (code == TOOL_OK && status == BRINE_OK)
        printf("%.*s\n", (int)out.len, (const char *)out.data);
    buf_deinit(&out);
    mem_free(mem_system(), times, sizeof(*times));
    brine_close(client);
    return tool_finish(code);
}

const struct tool latency_tool = {
    .name = "latency",
    .arguments = "",
    .summary = "measures how long PINGs take, one after the other",
    .exits = "0 measured, 1 an error reply, none in time or no connection, 2 wrong usage",
    TOOL_OPTIONS(latency_options),
    .needs_server = true,
    .run = run_latency,
};

/* ---- stat -------------------------------------------------------------------------------------*/

enum { STAT_INTERVAL, STAT_COUNT, STAT_JSON };
static const struct tool_option stat_options[] = {
    [STAT_INTERVAL] = {"interval", 'i', "TIME", "between two looks (1s)"},
    [STAT_COUNT] = {"count", 'c', "N", "end after so many (never)"},
    [STAT_JSON] = {"json", 0, NULL, "one object a line"},
};

/* What is read of INFO.  ORDER stat_field */
enum stat_field {
    STAT_COMMANDS,
    STAT_HITS,
    STAT_MISSES,
    STAT_MEMORY,
    STAT_CLIENTS,
    STAT_ADMITTED,
    STAT_REFUSED,
    STAT_EVICTED,
    STAT_EXPIRED,
    STAT_FIELDS
};
static const char *const stat_names[STAT_FIELDS] = {"total_commands_processed",
                                                    "keyspace_hits",
                                                    "keyspace_misses",
                                                    "used_memory",
                                                    "connected_clients",
                                                    "gate_admitted",
                                                    "gate_refused",
                                                    "evicted_keys",
                                                    "expired_keys"};

enum { LOOK_US = 5 * CLOCK_US_PER_S }; /* what a server may take before it is said to be silent */

struct stat {
    brine_client *client;
    bool as_json, screen;
    bool silent; /* the last look had no answer */
    uint64_t before[STAT_FIELDS], now[STAT_FIELDS], keys;
    int64_t before_us, now_us, ping_us;
    size_t looks;
};

static uint64_t number_at(struct bytes text) {
    size_t digits = 0;
    uint64_t number = 0;
    while (digits < text.len && byte_is_digit(text.data[digits])) digits++;
    return number_parse_u64(bytes_slice(text, 0, digits), &number) ? number : 0;
}

static void parse_info_line(struct stat *stat, struct bytes line) {
    const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    if (!colon) return;
    struct bytes name = bytes_slice(line, 0, (size_t)(colon - line.data));
    struct bytes value = bytes_slice(line, name.len + 1, line.len);
    for (size_t i = 0; i < STAT_FIELDS; i++)
        if (bytes_is(name, stat_names[i])) stat->now[i] = number_at(value);
    bool database =
        name.len > 2 && name.data[0] == 'd' && name.data[1] == 'b' && byte_is_digit(name.data[2]);
    if (database && bytes_starts_with(value, BYTES("keys=")))
        stat->keys += number_at(bytes_slice(value, 5, value.len));
}

static bool look(struct stat *stat, const struct server_options *server) {
    struct brine_text info[] = {BRINE_TEXT("INFO")}, ping[] = {BRINE_TEXT("PING")};
    struct brine_reply *reply;
    int64_t before_us = clock_mono_us();
    server_bound_calls(server, stat->client, before_us + LOOK_US);
    (void)brine_call(stat->client, ping, 1, &reply);
    if (!reply) return false;
    brine_reply_free(reply);
    stat->ping_us = clock_mono_us() - before_us;
    if (brine_call(stat->client, info, 1, &reply) != BRINE_CLIENT_OK) {
        brine_reply_free(reply);
        return false;
    }
    memcpy(stat->before, stat->now, sizeof stat->now);
    stat->before_us = stat->now_us;
    stat->now_us = clock_mono_us();
    stat->keys = 0;
    struct bytes text = bytes_view(reply->text, reply->len);
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        parse_info_line(stat, bytes_slice(text, at, len));
        at += len + 1;
    }
    brine_reply_free(reply);
    stat->looks++;
    return true;
}

static double per_second(const struct stat *stat, enum stat_field which) {
    double seconds = (double)(stat->now_us - stat->before_us) / CLOCK_US_PER_S;
    uint64_t grown = stat->now[which] - MIN(stat->before[which], stat->now[which]);
    return stat->looks > 1 && seconds > 0 ? (double)grown / seconds : 0;
}

static double hit_percent(const struct stat *stat) {
    bool first = stat->looks < 2;
    uint64_t hits = stat->now[STAT_HITS] - (first ? 0 : stat->before[STAT_HITS]);
    uint64_t misses = stat->now[STAT_MISSES] - (first ? 0 : stat->before[STAT_MISSES]);
    return hits + misses ? 100.0 * (double)hits / (double)(hits + misses) : 0;
}

static void print_stat_line(const struct stat *stat) {
    if (stat->looks % 20 == 1)
        puts("     ops/s  hits%       keys  memory MB  clients  refused/s  evicted/s  expired/s  "
             "ping ms");
    printf("%10.0f  %5.1f %10llu %10.1f %8llu %10.1f %10.1f %10.1f %8.3f\n",
           per_second(stat, STAT_COMMANDS), hit_percent(stat), (unsigned long long)stat->keys,
           (double)stat->now[STAT_MEMORY] / 1e6, (unsigned long long)stat->now[STAT_CLIENTS],
           per_second(stat, STAT_REFUSED), per_second(stat, STAT_EVICTED),
           per_second(stat, STAT_EXPIRED), (double)stat->ping_us / 1000);
}

static void print_stat_json(const struct stat *stat) {
    struct buf out;
    struct json json;
    buf_init(&out, mem_system(), 1 << 16);
    json_init(&json, &out);
    json_open_object(&json);
    for (size_t i = 0; i < STAT_FIELDS; i++) {
        json_key(&json, stat_names[i]);
        json_uint(&json, stat->now[i]);
    }
    json_key(&json, "keys");
    json_uint(&json, stat->keys);
    json_key(&json, "ops_per_second");
    json_double(&json, per_second(stat, STAT_COMMANDS));
    json_key(&json, "refused_per_second");
    json_double(&json, per_second(stat, STAT_REFUSED));
    json_key(&json, "hit_percent");
    json_double(&json, hit_percent(stat));
    json_key(&json, "ping_us");
    json_int(&json, stat->ping_us);
    json_close(&json);
    if (json_finish(&json) == BRINE_OK) printf("%.*s\n", (int)out.len, (const char *)out.data);
    buf_deinit(&out);
}

/* The types that are stored, as brine knows them; nothing from another server. */
static void print_types(const struct stat *stat) {
    struct brine_text args[] = {BRINE_TEXT("PICKLE.TYPES")};
    struct brine_reply *reply;
    struct buf out;
    buf_init(&out, mem_system(), 1 << 20);
    if (brine_call(stat->client, args, 1, &reply) == BRINE_CLIENT_OK &&
        reply->type == BRINE_REPLY_ARRAY) {
        puts("\n   entries        bytes  type");
        for (size_t i = 0; i < MIN(reply->count, (size_t)10); i++) {
            const struct brine_reply *row = &reply->elements[i];
            if (row->count < 6) continue;
            buf_clear(&out);
            struct bytes type = bytes_view(row->elements[1].text, row->elements[1].len);
            if (input_append_name(&out, type) != BRINE_OK) continue;
            printf("%10lld %12lld  %.*s\n", (long long)row->elements[3].integer,
                   (long long)row->elements[5].integer, (int)out.len, (const char *)out.data);
        }
    }
    brine_reply_free(reply);
    buf_deinit(&out);
}

static void print_screen(const struct stat *stat, const char *place) {
    printf("\033[H\033[2J%s    any key ends\n\n", place);
    printf("ops/s     %12.0f     hits      %11.1f %%    keys     %12llu\n",
           per_second(stat, STAT_COMMANDS), hit_percent(stat), (unsigned long long)stat->keys);
    printf("memory MB %12.1f     clients   %13llu    ping ms  %12.3f\n",
           (double)stat->now[STAT_MEMORY] / 1e6, (unsigned long long)stat->now[STAT_CLIENTS],
           (double)stat->ping_us / 1000);
    printf("admitted/s%12.1f     refused/s %13.1f    refused  %12llu\n",
           per_second(stat, STAT_ADMITTED), per_second(stat, STAT_REFUSED),
           (unsigned long long)stat->now[STAT_REFUSED]);
    printf("evicted/s %12.1f     expired/s %13.1f\n", per_second(stat, STAT_EVICTED),
           per_second(stat, STAT_EXPIRED));
    print_types(stat);
}

/* A server that says nothing is what somebody who looks at it has to see; it may come back, and is
 * asked again.  False: what is wrong will not pass, which has been said. */
static bool note_silence(struct stat *stat, const char *place) {
    const struct brine_client_error *err = brine_last_error(stat->client);
    bool passes = err->status == BRINE_CLIENT_TIMED_OUT ||
                  (stat->silent && err->status == BRINE_CLIENT_UNREACHABLE);
    if (stat->screen && passes) fputs("\033[H\033[2J", stdout);
    if (passes)
        tool_complain("%s does not answer: %s", place, err->text);
    else
        refuse(stat->client);
    stat->silent = true;
    return passes;
}

static void print_stat(const struct stat *stat, const char *place) {
    if (stat->screen)
        print_screen(stat, place);
    else if (stat->as_json)
        print_stat_json(stat);
    else
        print_stat_line(stat);
}

static int run_stat(struct tool_call *call) {
    struct stat stat = {.as_json = call->values[STAT_JSON] != NULL};
    int64_t interval_ms = 1000, count;
    char place[128];
    if (!tool_number(call, STAT_COUNT, (struct tool_range){1, INT32_MAX, INT32_MAX}, &count))
        return TOOL_USAGE;
    if (call->values[STAT_INTERVAL] &&
        (!clock_parse_duration(call->values[STAT_INTERVAL], &interval_ms) || interval_ms == 0))
        return tool_complain("--interval must be a time like 500ms, not '%s'",
                             call->values[STAT_INTERVAL]);
    int code = server_connect(&call->server, NULL, &stat.client);
    if (code != TOOL_OK) return code;
    stat.screen = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && !stat.as_json;
    server_place(&call->server, place, sizeof place);
    for (int64_t i = 0; i < count; i++) {
        int64_t next_us = clock_mono_us() + interval_ms * CLOCK_US_PER_MS;
        bool seen = look(&stat, &call->server);
        code = seen ? TOOL_OK : TOOL_BAD;
        if (!seen && !note_silence(&stat, place)) break;
        if (seen) {
            stat.silent = false;
            print_stat(&stat, place);
        }
        if (fflush(stdout) != 0) break;
        if (i + 1 < count && clock_wait_until(next_us, stat.screen ? STDIN_FILENO : -1)) break;
    }
    brine_close(stat.client);
    return tool_finish(code);
}

const struct tool stat_tool = {
    .name = "stat",
    .arguments = "",
    .summary = "a live screen: operations, hits, memory, refusals, latency, types; lines in a pipe",
    .exits = "0 ended as asked, 1 no connection or no answer at the end, 2 wrong usage",
    TOOL_OPTIONS(stat_options),
    .needs_server = true,
    .run = run_stat,
};
