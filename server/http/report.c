/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/report.h"

#include <stdio.h>

/* ---- the server -------------------------------------------------------------------------------*/

static void say_text(struct json *json, const char *key, const char *text) {
    json_key(json, key);
    json_cstr(json, text);
}

static void say_number(struct json *json, const char *key, uint64_t number) {
    json_key(json, key);
    json_uint(json, number);
}

static void say_server(const struct http_sources *sources, int64_t now_ms, struct json *json) {
    static const char *const modes[] = {
#define W(constant, word) [CONFIG_##constant] = word,
        CONFIG_GATE_MODES(W)
#undef W
    };
    const struct metrics_set *set = sources->metrics_set;
    struct http_facts facts;
    http_facts_take(sources, now_ms, &facts);
    say_text(json, "version", facts.server.version);
    say_text(json, "state",
             facts.server.stopping     ? "stopping"
             : facts.snapshots.loading ? "loading"
                                       : "ready");
    say_text(json, "gate_mode", modes[config_read(sources->config->gate.mode)]);
    say_number(json, "uptime_s", (uint64_t)MAX(now_ms - facts.server.started_at_ms, 0) / 1000);
    say_number(json, "workers", facts.server.workers);
    say_number(json, "clients", metrics_set_sum(set, METRIC_connected_clients));
    say_number(json, "keys", facts.store.keys);
    say_number(json, "memory_bytes", facts.used_bytes);
    say_number(json, "limit_bytes", facts.limit_bytes);
    say_number(json, "commands", metrics_set_sum(set, METRIC_commands_processed_total));
    say_number(json, "admitted", metrics_set_sum(set, METRIC_gate_admitted));
    say_number(json, "refused", metrics_set_sum(set, METRIC_gate_refused));
    say_number(json, "evicted", facts.store.evicted_total);
    say_number(json, "expired", facts.store.expired_total);
}

/* A record is JSON already, and goes as a string: the page parses it once more. */
static bool add_record(void *context, struct bytes line) {
    json_string(context, line);
    return true;
}

static enum brine_status say_records(const struct http_sources *sources, struct http_desk *desk,
                                     struct json *json) {
    struct audit_query query = {.count = REPORT_RECORDS, .mem = desk->state.mem};
    json_key(json, "records");
    json_open_array(json);
    enum brine_status status = audit_recent(sources->audit, &query, add_record, json);
    json_close(json);
    return status;
}

static void say_command(struct http_desk *desk, const char *key, struct bytes command,
                        struct json *json) {
    json_key(json, key);
    http_json_reply(json, http_desk_ask(desk, &command, 1), REPORT_ROWS);
}

enum brine_status http_report_status(const struct http_sources *sources, struct http_desk *desk,
                                     struct buf *out) {
    struct json json;
    http_desk_begin(desk);
    json_init(&json, out);
    json_open_object(&json);
    say_server(sources, desk->state.now_ms, &json);
    say_command(desk, "types", BYTES("pickle.types"), &json);
    say_command(desk, "globals", BYTES("pickle.globals"), &json);
    TRY(say_records(sources, desk, &json));
    json_close(&json);
    return json_finish(&json);
}

/* ---- a pickle ---------------------------------------------------------------------------------*/

/* Without a pickle: one that took a limit's worth of time to judge takes as much to show. */
static void say_shown(struct http_desk *desk, const struct http_desk_pickle *pickle,
                      enum http_desk_form form, struct json *json) {
    json_key(json, form == HTTP_DESK_VIEW ? "view" : "disassembly");
    if (!pickle)
        json_cstr(json, "not shown: it is beyond a limit");
    else
        http_json_reply(json, http_desk_show(desk, pickle, form), 1);
}

enum brine_status http_report_verdict(struct http_desk *desk, const struct http_desk_pickle *pickle,
                                      struct buf *out) {
    enum { DB_DIGITS_MAX = 16 };
    struct json json;
    char db[DB_DIGITS_MAX];
    snprintf(db, sizeof db, "%u", pickle->db);
    const struct bytes args[] = {
        BYTES("pickle.verify"), pickle->value, BYTES("KEY"), pickle->key, BYTES("DB"),
        bytes_of_cstr(db)};
    json_init(&json, out);
    json_open_object(&json);
    say_number(&json, "bytes", pickle->value.len);
    struct bytes verdict = http_desk_ask(desk, args, ARRAY_LEN(args));
    bool is_bomb = bytes_is(http_desk_field(verdict, "class"), "limit");
    json_key(&json, "verdict");
    http_json_reply(&json, verdict, SIZE_MAX);
    say_shown(desk, is_bomb ? NULL : pickle, HTTP_DESK_VIEW, &json);
    say_shown(desk, is_bomb ? NULL : pickle, HTTP_DESK_DIS, &json);
    json_close(&json);
    return json_finish(&json);
}
