/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli bench: reads and writes of pickles such as applications keep, at a rate that is held
 * whether the server keeps up or not (open loop).  Each request has the moment at which it is due;
 * its latency counts from then, so that a stall of the server is felt by all requests that fell
 * into it and not by one (coordinated omission).  Each thread has a connection and its share of the
 * rate.
 *
 * The pickles are built here, opcode by opcode, as protocol 4 has them. */
#include "base/random.h"
#include "client/clock.h"
#include "client/dialog.h"
#include "client/quantiles.h"
#include "client/tools.h"

#include <pthread.h>
#include <stdio.h>

enum { RATE, TIME, CONNECTIONS, KEYS, READS, KIND, JSON };
static const struct tool_option options[] = {
    [RATE] = {"rate", 'r', "N", "requests a second, by all connections (5000)"},
    [TIME] = {"time", 0, "TIME", "how long (10s)"},
    [CONNECTIONS] = {"connections", 'c', "N", "connections, a thread each (16)"},
    [KEYS] = {"keys", 'k', "N", "keys, bench:0 and so on (10000)"},
    [READS] = {"reads", 0, "PERCENT", "how many of the requests read (90)"},
    [KIND] = {"kind", 0, "session|fragment|rows|mixed", "what is stored (mixed)"},
    [JSON] = TOOL_JSON,
};
enum { CONNECTIONS_MAX = 256, VALUES = 16, TIME_DEFAULT_MS = 10000, TTL_MS = 600000 };
enum {
    GRACE_US = CLOCK_US_PER_S,         /* for what is late, beyond --time */
    FILL_CALL_US = 5 * CLOCK_US_PER_S, /* for one SET before it */
    MS_PER_S = 1000,
};

/* ---- pickles ----------------------------------------------------------------------------------*/

static enum brine_status add_text(struct buf *out, const char *text, size_t len) {
    if (len < 256) {
        TRY(buf_append_byte(out, 0x8c)); /* SHORT_BINUNICODE */
        TRY(buf_append_byte(out, (uint8_t)len));
    } else {
        TRY(buf_append_byte(out, 'X')); /* BINUNICODE */
        for (unsigned shift = 0; shift < 32; shift += 8)
            TRY(buf_append_byte(out, (uint8_t)(len >> shift)));
    }
    TRY(buf_append(out, bytes_view(text, len)));
    return buf_append_byte(out, 0x94); /* MEMOIZE */
}

static enum brine_status add_int(struct buf *out, uint32_t number) {
    TRY(buf_append_byte(out, 'J')); /* BININT */
    for (unsigned shift = 0; shift < 32; shift += 8)
        TRY(buf_append_byte(out, (uint8_t)(number >> shift)));
    return BRINE_OK;
}

/* A dict of texts and numbers: {'field0': 'value ...', 'field1': 17, ...} */
static enum brine_status add_dict(struct buf *out, size_t fields, struct random *random) {
    char name[24], value[48];
    TRY(buf_append(out, BYTES("}\x94(")));
    for (size_t i = 0; i < fields; i++) {
        int len = snprintf(name, sizeof name, "field%zu", i);
        TRY(add_text(out, name, (size_t)len));
        uint32_t number = (uint32_t)random_below(random, 1 << 30);
        if (i % 3 == 2) {
            TRY(add_int(out, number));
            continue;
        }
        len = snprintf(value, sizeof value, "value %u of a user", number);
        TRY(add_text(out, value, (size_t)len));
    }
    return buf_append_byte(out, 'u'); /* SETITEMS */
}

static enum brine_status make_session(struct buf *out, struct random *random) {
    TRY(buf_append(out, BYTES("\x80\x04")));
    TRY(add_dict(out, 12, random));
    return buf_append_byte(out, '.');
}

static enum brine_status make_fragment(struct buf *out, struct random *random) {
    static const char line[] =
        "<li class=\"entry\"><a href=\"/entry\">an entry of a page</a></li>\n";
    struct buf page;
    buf_init(&page, out->mem, 1 << 20);
    size_t lines = 50 + random_below(random, 200);
    enum brine_status status = BRINE_OK;
    for (size_t i = 0; status == BRINE_OK && i < lines; i++)
        status = buf_append(&page, bytes_view(line, sizeof line - 1));
    if (status == BRINE_OK) status = buf_append(out, BYTES("\x80\x04"));
    if (status == BRINE_OK) status = add_text(out, (const char *)page.data, page.len);
    if (status == BRINE_OK) status = buf_append_byte(out, '.');
    buf_deinit(&page);
    return status;
}

static enum brine_status make_rows(struct buf *out, struct random *random) {
    TRY(buf_append(out, BYTES("\x80\x04]\x94(")));
    for (size_t i = 0; i < 50; i++) TRY(add_dict(out, 6, random));
    return buf_append(out, BYTES("e."));
}

typedef enum brine_status make_fn(struct buf *out, struct random *random);
static const struct {
    const char *name;
    make_fn *make;
} kinds[] = {{"session", make_session}, {"fragment", make_fragment}, {"rows", make_rows}};

/* ---- threads ----------------------------------------------------------------------------------*/

struct bench {
    struct tool_call *call;
    int64_t rate, time_ms, connections, keys, reads;
    int64_t began_us, end_us;
    struct buf values[VALUES];
    uint64_t value_bytes;
};

struct sender {
    struct bench *bench;
    pthread_t id;
    bool started;
    int64_t number;
    brine_client *client;
    struct random random;
    struct quantiles reads, writes;
    uint64_t hits, errors;
    char why[256];
};

/* A request that failed is an error and no latency. */
static bool send_one(struct sender *sender, int64_t due_us) {
    struct bench *bench = sender->bench;
    char key[32];
    struct brine_reply *reply = NULL;
    snprintf(key, sizeof key, "bench:%llu",
             (unsigned long long)random_below(&sender->random, (uint64_t)bench->keys));
    bool reads = (int64_t)random_below(&sender->random, 100) < bench->reads;
    enum brine_client_status status;
    server_bound_calls(&bench->call->server, sender->client, bench->end_us + GRACE_US);
    if (reads) {
        status = brine_get(sender->client, brine_text_of(key), &reply);
        sender->hits += reply && reply->type == BRINE_REPLY_STRING;
    } else {
        const struct buf *value = &bench->values[random_below(&sender->random, VALUES)];
        struct brine_text text = {(const char *)value->data, value->len};
        status = brine_set(sender->client, brine_text_of(key), text, TTL_MS, NULL);
    }
    brine_reply_free(reply);
    if (status == BRINE_CLIENT_OK) {
        quantiles_add(reads ? &sender->reads : &sender->writes, clock_mono_us() - due_us);
        return true;
    }
    sender->errors++;
    snprintf(sender->why, sizeof sender->why, "%.250s", brine_last_error(sender->client)->text);
    return status == BRINE_CLIENT_REFUSED || status == BRINE_CLIENT_ERROR_REPLY;
}

/* The nth request of all is due n / rate after the beginning; this thread has each so manieth.
 * Ends a second after the time at the latest: a server that is behind by more is behind for good.
 */
static void *run_sender(void *context) {
    struct sender *sender = context;
    struct bench *bench = sender->bench;
    for (int64_t n = sender->number;; n += bench->connections) {
        int64_t due_us = bench->began_us + n * CLOCK_US_PER_S / bench->rate;
        bool over = clock_mono_us() >= bench->end_us + GRACE_US;
        if (due_us >= bench->end_us || over) return NULL;
        (void)clock_wait_until(due_us, -1);
        if (!send_one(sender, due_us)) return NULL;
    }
}

static int connect_senders(struct bench *bench, struct sender *senders) {
    for (int64_t i = 0; i < bench->connections; i++) {
        senders[i].bench = bench;
        senders[i].number = i;
        random_init(&senders[i].random, (uint64_t)i + 1);
        int code = server_connect(&bench->call->server, NULL, &senders[i].client);
        if (code != TOOL_OK) return code;
    }
    return TOOL_OK;
}

/* So that reads find something. */
static int fill(struct bench *bench, struct sender *sender) {
    char key[32];
    for (int64_t i = 0; i < bench->keys; i++) {
        const struct buf *value = &bench->values[i % VALUES];
        struct brine_text text = {(const char *)value->data, value->len};
        snprintf(key, sizeof key, "bench:%lld", (long long)i);
        server_bound_calls(&bench->call->server, sender->client, clock_mono_us() + FILL_CALL_US);
        enum brine_client_status status =
            brine_set(sender->client, brine_text_of(key), text, TTL_MS, NULL);
        if (status == BRINE_CLIENT_OK) continue;
        tool_complain("%s", brine_last_error(sender->client)->text);
        return TOOL_BAD;
    }
    return TOOL_OK;
}

static void run_senders(struct bench *bench, struct sender *senders) {
    bench->began_us = clock_mono_us();
    bench->end_us = bench->began_us + bench->time_ms * CLOCK_US_PER_MS;
    for (int64_t i = 1; i < bench->connections; i++)
        senders[i].started = pthread_create(&senders[i].id, NULL, run_sender, &senders[i]) == 0;
    (void)run_sender(&senders[0]);
    for (int64_t i = 1; i < bench->connections; i++)
        if (senders[i].started) pthread_join(senders[i].id, NULL);
}

/* ---- the report -------------------------------------------------------------------------------*/

/* Of those that were due: n / rate < time, in whole seconds and the rest, which overflow nothing.
 */
static uint64_t count_unsent(const struct bench *bench, const struct sender *all) {
    int64_t whole_s = bench->time_ms / MS_PER_S, rest_ms = bench->time_ms % MS_PER_S;
    int64_t due = whole_s * bench->rate + (rest_ms * bench->rate + MS_PER_S - 1) / MS_PER_S;
    return (uint64_t)due - all->reads.count - all->writes.count - all->errors;
}

static enum brine_status report_text(struct buf *out, const struct bench *bench,
                                     const struct sender *all, double seconds) {
    uint64_t done = all->reads.count + all->writes.count;
    TRY(buf_printf(out,
                   "%llu requests in %.1f s: %.0f of %lld a second; %llu hits of %llu reads, %llu "
                   "errors, %llu not sent; values of %llu bytes on average\nGET  ",
                   (unsigned long long)done, seconds, (double)done / seconds,
                   (long long)bench->rate, (unsigned long long)all->hits,
                   (unsigned long long)all->reads.count, (unsigned long long)all->errors,
                   (unsigned long long)count_unsent(bench, all),
                   (unsigned long long)(bench->value_bytes / VALUES)));
    TRY(quantiles_text(&all->reads, out));
    TRY(buf_append(out, BYTES("\nSET  ")));
    TRY(quantiles_text(&all->writes, out));
    return buf_append_byte(out, '\n');
}

static enum brine_status report_json(struct buf *out, const struct bench *bench,
                                     const struct sender *all, double seconds) {
    struct json json;
    json_init(&json, out);
    json_open_object(&json);
    json_key(&json, "seconds");
    json_double(&json, seconds);
    json_key(&json, "rate_wanted");
    json_int(&json, bench->rate);
    json_key(&json, "rate");
    json_double(&json, (double)(all->reads.count + all->writes.count) / seconds);
    json_key(&json, "hits");
    json_uint(&json, all->hits);
    json_key(&json, "errors");
    json_uint(&json, all->errors);
    json_key(&json, "not_sent");
    json_uint(&json, count_unsent(bench, all));
    json_key(&json, "get");
    json_open_object(&json);
    quantiles_json(&all->reads, &json);
    json_close(&json);
    json_key(&json, "set");
    json_open_object(&json);
    quantiles_json(&all->writes, &json);
    json_close(&json);
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(out, '\n');
}

/* The first of the senders takes what all have. */
static int report(struct bench *bench, struct sender *senders) {
    double seconds = (double)(clock_mono_us() - bench->began_us) / CLOCK_US_PER_S;
    struct sender *all = &senders[0];
    struct buf out;
    for (int64_t i = 1; i < bench->connections; i++) {
        quantiles_merge(&all->reads, &senders[i].reads);
        quantiles_merge(&all->writes, &senders[i].writes);
        all->hits += senders[i].hits;
        all->errors += senders[i].errors;
        if (senders[i].why[0]) memcpy(all->why, senders[i].why, sizeof all->why);
    }
    buf_init(&out, mem_system(), 1 << 20);
    enum brine_status status = bench->call->values[JSON] ? report_json(&out, bench, all, seconds)
                                                         : report_text(&out, bench, all, seconds);
    if (status == BRINE_OK) fwrite(out.data, 1, out.len, stdout);
    buf_deinit(&out);
    if (all->errors) tool_complain("the last error: %s", all->why);
    return tool_finish(all->errors ? TOOL_BAD : TOOL_OK);
}

/* ---- the tool ---------------------------------------------------------------------------------*/

static enum brine_status make_values(struct bench *bench, const char *kind) {
    struct random random;
    random_init(&random, 1);
    for (size_t i = 0; i < VALUES; i++) {
        make_fn *make = kinds[i % ARRAY_LEN(kinds)].make;
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
            if (kind && strcmp(kind, kinds[k].name) == 0) make = kinds[k].make;
        buf_init(&bench->values[i], mem_system(), 1 << 20);
        TRY(make(&bench->values[i], &random));
        bench->value_bytes += bench->values[i].len;
    }
    return BRINE_OK;
}

static bool parse_options(struct tool_call *call, struct bench *bench) {
    const char *kind = call->values[KIND], *time = call->values[TIME];
    bool known = !kind || strcmp(kind, "mixed") == 0;
    for (size_t i = 0; kind && i < ARRAY_LEN(kinds); i++)
        known = known || strcmp(kind, kinds[i].name) == 0;
    bench->time_ms = TIME_DEFAULT_MS;
    if (!known) tool_complain("--kind must be session, fragment, rows or mixed, not '%s'", kind);
    bool timed = !time || (clock_parse_duration(time, &bench->time_ms) && bench->time_ms > 0);
    if (!timed) tool_complain("--time must be a time like 30s, not '%s'", time);
    return known && timed &&
           tool_number(call, RATE, (struct tool_range){1, 10000000, 5000}, &bench->rate) &&
           tool_number(call, CONNECTIONS, (struct tool_range){1, CONNECTIONS_MAX, 16},
                       &bench->connections) &&
           tool_number(call, KEYS, (struct tool_range){1, INT32_MAX, 10000}, &bench->keys) &&
           tool_number(call, READS, (struct tool_range){0, 100, 90}, &bench->reads);
}

static int run_bench(struct tool_call *call) {
    struct bench bench = {.call = call};
    if (!parse_options(call, &bench)) return TOOL_USAGE;
    size_t size = (size_t)bench.connections * sizeof(struct sender);
    struct sender *senders = mem_alloc_zeroed(mem_system(), size);
    int code = TOOL_USAGE;
    if (!senders || make_values(&bench, call->values[KIND]) != BRINE_OK)
        tool_complain("no memory");
    else
        code = connect_senders(&bench, senders);
    if (code == TOOL_OK) code = fill(&bench, &senders[0]);
    if (code == TOOL_OK) {
        run_senders(&bench, senders);
        code = report(&bench, senders);
    }
    for (int64_t i = 0; senders && i < bench.connections; i++) brine_close(senders[i].client);
    for (size_t i = 0; i < VALUES; i++)
        if (bench.values[i].mem) buf_deinit(&bench.values[i]);
    mem_free(mem_system(), senders, size);
    return code;
}

const struct tool bench_tool = {
    .name = "bench",
    .arguments = "",
    .summary = "measures a server with pickles as applications have them, p50 to p99.99",
    .text =
        "The rate is held whether the server keeps up or not, and a request's latency counts from "
        "the moment it was due, so that stalls are not hidden; a request that fails is counted and "
        "has none. A second "
        "after the time it ends whatever the server does, and says what was not sent. Writes keys "
        "bench:N, which live "
        "for ten minutes.",
    .exits = "0 measured, 1 errors or no connection, 2 wrong usage",
    TOOL_OPTIONS(options),
    .needs_server = true,
    .run = run_bench,
};
