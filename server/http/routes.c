/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/routes.h"

#include "base/number.h"
#include "http/report.h"

typedef void route_fn(const struct http_question *question, struct http_answer *answer);

struct http_route {
    const char *path;
    route_fn *answer;
    bool is_post, is_open, is_slow;
};

static const char text_plain[] = "text/plain; charset=utf-8";
static const char text_metrics[] = "text/plain; version=0.0.4; charset=utf-8";
static const char text_json[] = "application/json";

/* ---- the page ---------------------------------------------------------------------------------
 * Embedded by the assembler, byte for byte as in the tree; the paths are relative to its top, where
 * make runs. */

#define HTTP_FILES(F)                                                                              \
    F(index, "index.html", "text/html; charset=utf-8")                                             \
    F(script, "app.js", "text/javascript; charset=utf-8")                                          \
    F(plots, "plots.js", "text/javascript; charset=utf-8")                                         \
    F(style, "app.css", "text/css; charset=utf-8")                                                 \
    F(icon, "icon.svg", "image/svg+xml")

#define F(name, file, media)                                                                       \
    __asm__(".pushsection .rodata\n"                                                               \
            "http_file_" #name "_begin:\n"                                                         \
            ".incbin \"server/http/page/" file "\"\n"                                              \
            "http_file_" #name "_end:\n"                                                           \
            ".balign 8\n"                                                                          \
            "http_file_" #name "_bytes:\n"                                                         \
            ".quad http_file_" #name "_end - http_file_" #name "_begin\n"                          \
            ".popsection\n");                                                                      \
    extern const uint8_t http_file_##name##_begin[];                                               \
    extern const uint64_t http_file_##name##_bytes;                                                \
    static void send_##name(const struct http_question *question UNUSED,                           \
                            struct http_answer *answer) {                                          \
        answer->type = media;                                                                      \
        answer->fixed = bytes_view(http_file_##name##_begin, http_file_##name##_bytes);            \
    }
HTTP_FILES(F)
#undef F

/* ---- for supervisors --------------------------------------------------------------------------*/

static void say(struct http_answer *answer, const char *type, enum brine_status status) {
    answer->type = type;
    if (status != BRINE_OK) http_answer_error(answer, 500, "out of memory");
}

static void say_alive(const struct http_question *question UNUSED, struct http_answer *answer) {
    say(answer, text_plain, buf_printf(&answer->text, "alive\n"));
}

static void say_ready(const struct http_question *question, struct http_answer *answer) {
    struct http_facts facts;
    http_facts_take(question->sources, 0, &facts);
    const char *state = facts.server.stopping     ? "stopping"
                        : facts.snapshots.loading ? "loading what is on disk"
                                                  : "ready";
    answer->code = facts.server.stopping || facts.snapshots.loading ? 503 : 200;
    say(answer, text_plain, buf_printf(&answer->text, "%s\n", state));
}

static void say_metrics(const struct http_question *question, struct http_answer *answer) {
    say(answer, text_metrics,
        http_figures_write(question->sources, question->counts, question->desk, &answer->text));
}

/* ---- for the page -----------------------------------------------------------------------------*/

/* 0 when it is absent.  False: it is no number. */
static bool read_number(const struct http_question *question, const char *name, uint64_t *number) {
    enum { DIGITS_MAX = 20 };
    uint8_t room[DIGITS_MAX];
    struct bytes text;
    enum http_query_found found =
        http_query_value(question->request->query, name, room, sizeof room, &text);
    *number = 0;
    return found == HTTP_QUERY_ABSENT ||
           (found == HTTP_QUERY_FOUND && number_parse_u64(text, number));
}

static void say_history(const struct http_question *question, struct http_answer *answer) {
    uint64_t since;
    struct json json;
    if (!read_number(question, "since", &since)) {
        http_answer_error(answer, 400, "since is no number");
        return;
    }
    json_init(&json, &answer->text);
    http_history_write(question->history, since, &json);
    say(answer, text_json, json_finish(&json));
}

static void say_status(const struct http_question *question, struct http_answer *answer) {
    say(answer, text_json, http_report_status(question->sources, question->desk, &answer->text));
}

static void say_verdict(const struct http_question *question, struct http_answer *answer) {
    struct http_desk_pickle pickle = {.value = question->body};
    uint8_t key[HTTP_TARGET_BYTES_MAX]; /* no longer one can be sent */
    uint64_t db;
    if (http_query_value(question->request->query, "key", key, sizeof key, &pickle.key) ==
        HTTP_QUERY_BROKEN) {
        http_answer_error(answer, 400, "key is not percent-encoded");
        return;
    }
    if (!read_number(question, "db", &db) ||
        db >= (uint64_t)config_read(question->sources->config->server.databases)) {
        http_answer_error(answer, 400, "db is no database");
        return;
    }
    pickle.db = (uint32_t)db;
    say(answer, text_json, http_report_verdict(question->desk, &pickle, &answer->text));
}

/* ---- the table --------------------------------------------------------------------------------*/

static const struct http_route routes[] = {
    {"/", send_index, false, false, false},
    {"/app.js", send_script, false, false, false},
    {"/plots.js", send_plots, false, false, false},
    {"/app.css", send_style, false, false, false},
    {"/icon.svg", send_icon, false, false, false},
    {"/healthz", say_alive, false, true, false},
    {"/readyz", say_ready, false, true, false},
    {"/metrics", say_metrics, false, false, true},
    {"/api/history", say_history, false, false, false},
    {"/api/status", say_status, false, false, true},
    {"/verify", say_verdict, true, false, true},
};

const struct http_route *http_route_find(struct bytes path) {
    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        if (bytes_equal(path, bytes_of_cstr(routes[i].path))) return &routes[i];
    return NULL;
}

bool http_route_is_open(const struct http_route *route) {
    return route->is_open;
}

bool http_route_is_slow(const struct http_route *route) {
    return route->is_slow;
}

bool http_route_takes(const struct http_route *route, enum http_method method) {
    return route->is_post ? method == HTTP_POST : method == HTTP_GET || method == HTTP_HEAD;
}

void http_route_answer(const struct http_route *route, const struct http_question *question,
                       struct http_answer *answer) {
    answer->code = 200;
    answer->type = text_plain;
    route->answer(question, answer);
}

/* ---- errors -----------------------------------------------------------------------------------*/

const char *http_code_words(unsigned code) {
    static const struct {
        unsigned code;
        const char *words;
    } rows[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == code) return rows[i].words;
    return "Error";
}

void http_answer_error(struct http_answer *answer, unsigned code, const char *text) {
    answer->code = code;
    answer->type = text_plain;
    answer->fixed = (struct bytes){0};
    buf_clear(&answer->text);
    if (buf_printf(&answer->text, "%s\n", text) != BRINE_OK) answer->fixed = BYTES("error\n");
}
