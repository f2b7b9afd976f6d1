/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* inspect, view, dis: what a stored value is.  brine is asked, for it shows what its policy denies
 * too; where the server does not know the command, the value is fetched and looked at here.
 * ping: is the server well? */
#include "client/clock.h"
#include "client/command.h"
#include "client/input.h"
#include "client/readable.h"
#include "client/tools.h"
#include "client/verdict.h"
#include "text/json.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_JSON };

static const struct tool_option look_options[] = {[LOOK_JSON] = TOOL_JSON};

static int refuse(const brine_client *client) {
    tool_complain("%s", brine_last_error(client)->text);
    return TOOL_BAD;
}

static int print_out(struct buf *out) {
    if (out->len && out->data[out->len - 1] != '\n' && buf_append_byte(out, '\n') != BRINE_OK)
        return tool_complain("too large to show");
    tool_print(stdout, buf_view(out));
    return TOOL_OK;
}

/* A key of its own for the caller: PICKLE.X key [more]; *unknown when the server has no such
 * command. */
static struct brine_reply *ask(brine_client *client, const char *command, const char *key,
                               const char *more, bool *unknown) {
    struct brine_text args[] = {brine_text_of(command), brine_text_of(key),
                                brine_text_of(more ? more : "")};
    struct brine_reply *reply;
    enum brine_client_status status = brine_call(client, args, more ? 3 : 2, &reply);
    *unknown =
        status == BRINE_CLIENT_ERROR_REPLY && strncmp(reply->text, "ERR unknown command", 19) == 0;
    if (status == BRINE_CLIENT_OK) return reply;
    brine_reply_free(reply);
    return NULL;
}

/* Is the last line the one that says where opcodes break off?  Texts of pickles stand in quotes. */
static bool ends_in_fault(struct bytes text) {
    while (text.len && text.data[text.len - 1] == '\n') text.len--;
    const uint8_t *end = text.len ? memrchr(text.data, '\n', text.len) : NULL;
    size_t from = end ? (size_t)(end - text.data) + 1 : 0;
    return bytes_starts_with(bytes_slice(text, from, text.len), BYTES(READABLE_FAULT));
}

/* The pickle of a key in a form, whoever renders it, into out, which stays empty when there is
 * nothing to show; opcodes that break off are shown, and TOOL_BAD. */
static int render_key(brine_client *client, const char *key, enum readable_form form,
                      struct buf *out) {
    bool unknown, opcodes = form == READABLE_OPCODES;
    struct brine_error err = {0};
    struct brine_reply *reply = ask(client, opcodes ? "PICKLE.DIS" : "PICKLE.VIEW", key,
                                    form == READABLE_JSON ? "JSON" : NULL, &unknown);
    bool local = !reply && unknown;
    if (local && brine_get(client, brine_text_of(key), &reply) != BRINE_CLIENT_OK) {
        brine_reply_free(reply);
        reply = NULL;
    }
    if (!reply) return refuse(client);
    int code = TOOL_OK;
    struct bytes text = bytes_view(reply->text, reply->len);
    enum brine_status status = BRINE_OK;
    if (reply->type == BRINE_REPLY_NIL) {
        tool_complain("there is no key '%s'", key);
        code = TOOL_BAD;
    } else if (local) {
        struct readable options = {.form = form, .anything = true, .broken = opcodes};
        status = readable_append(out, text, options, &err);
    } else {
        status = buf_append(out, text);
    }
    brine_reply_free(reply);
    if (opcodes && ends_in_fault(buf_view(out))) return TOOL_BAD;
    if (status == BRINE_OK) return code;
    tool_complain("%s", status == BRINE_NOT_FOUND ? "the value holds no pickle" : err.text);
    buf_clear(out);
    return TOOL_BAD;
}

static int run_render(struct tool_call *call, enum readable_form form) {
    brine_client *client;
    struct buf out;
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    code = render_key(client, call->words[0], form, &out);
    if (out.len && print_out(&out) != TOOL_OK) code = TOOL_USAGE;
    buf_deinit(&out);
    brine_close(client);
    return tool_finish(code);
}

static int run_view(struct tool_call *call) {
    return run_render(call, call->values[LOOK_JSON] ? READABLE_JSON : READABLE_TEXT);
}

static int run_dis(struct tool_call *call) {
    if (!call->values[LOOK_JSON]) return run_render(call, READABLE_OPCODES);
    brine_client *client;
    struct buf text, out;
    struct json json;
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    buf_init(&text, mem_system(), DIALOG_BYTES_MAX);
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    code = render_key(client, call->words[0], READABLE_OPCODES, &text);
    json_init(&json, &out);
    json_open_array(&json);
    for (size_t at = 0; at < text.len;) {
        const uint8_t *line = text.data + at, *end = memchr(line, '\n', text.len - at);
        size_t len = end ? (size_t)(end - line) : text.len - at;
        json_string(&json, bytes_view(line, len));
        at += len + 1;
    }
    json_close(&json);
    if (json_finish(&json) != BRINE_OK)
        code = tool_complain("too large to show");
    else if (text.len && print_out(&out) != TOOL_OK)
        code = TOOL_USAGE;
    buf_deinit(&text);
    buf_deinit(&out);
    brine_close(client);
    return tool_finish(code);
}

#define LOOK_TOOL(NAME, SUMMARY, MORE, RUN)                                                        \
    {                                                                                              \
        .name = (NAME), .arguments = "KEY", .summary = (SUMMARY),                                  \
        .text = "brine is asked and shows what its policy denies too; with another server the "    \
                "value is fetched and looked at here. Nothing is executed." MORE,                  \
        .exits =                                                                                   \
            "0 shown, 1 no such key, no pickle, a broken one, or an error reply, 2 wrong usage",   \
        TOOL_OPTIONS(look_options), .needs_server = true, .words_min = 1, .words_max = 1,          \
        .run = (RUN),                                                                              \
    }

const struct tool view_tool =
    LOOK_TOOL("view", "shows a stored pickle as Python-like text or JSON", "", run_view);
const struct tool dis_tool =
    LOOK_TOOL("dis", "shows the opcodes of a stored pickle, as pickletools.dis does",
              " Of a pickle that breaks off the opcodes before that are shown, and then a line "
              "that begins with '# offset' says what is wrong.",
              run_dis);

/* ---- inspect ----------------------------------------------------------------------------------*/

static enum brine_status add_value(struct buf *out, const struct brine_reply *value) {
    if (value->type == BRINE_REPLY_INTEGER)
        return buf_printf(out, "%lld", (long long)value->integer);
    if (value->type != BRINE_REPLY_ARRAY)
        return input_append_name(out, bytes_view(value->text, value->len));
    for (size_t i = 0; i < value->count; i++) {
        if (i) TRY(buf_append(out, BYTES(", ")));
        TRY(input_append_name(out, bytes_view(value->elements[i].text, value->elements[i].len)));
    }
    return value->count ? BRINE_OK : buf_append(out, BYTES("none"));
}

/* "type: dict", names flush left. */
static enum brine_status facts_text(struct buf *out, const struct brine_reply *facts) {
    for (size_t i = 0; i + 1 < facts->count; i += 2) {
        TRY(input_append_name(out, bytes_view(facts->elements[i].text, facts->elements[i].len)));
        TRY(buf_append(out, BYTES(": ")));
        TRY(add_value(out, &facts->elements[i + 1]));
        TRY(buf_append_byte(out, '\n'));
    }
    return BRINE_OK;
}

/* A flat list of keys and values is an object. */
static enum brine_status facts_json(struct buf *out, const struct brine_reply *facts) {
    struct brine_reply map = *facts;
    map.type = BRINE_REPLY_MAP;
    map.count -= map.count % 2;
    return show_reply(out, &map, (struct show){.form = SHOW_JSON});
}

/* As an object where one was asked for. */
static int complain_of_no_key(const struct tool_call *call, struct buf *out) {
    struct json json;
    if (!call->values[LOOK_JSON]) {
        tool_complain("there is no key '%s'", call->words[0]);
        return TOOL_BAD;
    }
    json_init(&json, out);
    json_open_object(&json);
    json_member(&json, "key", bytes_of_cstr(call->words[0]));
    json_key(&json, "found");
    json_bool(&json, false);
    json_close(&json);
    return json_finish(&json) == BRINE_OK ? TOOL_BAD : tool_complain("no memory");
}

static int inspect_here(struct tool_call *call, brine_client *client, struct buf *out) {
    struct brine_reply *reply;
    struct brine_text key = brine_text_of(call->words[0]);
    if (brine_get(client, key, &reply) != BRINE_CLIENT_OK) {
        brine_reply_free(reply);
        return refuse(client);
    }
    int code = TOOL_BAD;
    if (reply->type != BRINE_REPLY_STRING)
        code = complain_of_no_key(call, out);
    else
        code = verdict_print_value(bytes_view(reply->text, reply->len), call->words[0],
                                   call->values[LOOK_JSON] != NULL, out);
    brine_reply_free(reply);
    return code;
}

static int run_inspect(struct tool_call *call) {
    brine_client *client;
    struct buf out;
    bool unknown;
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    struct brine_reply *reply = ask(client, "PICKLE.INSPECT", call->words[0], NULL, &unknown);
    if (!reply && unknown) {
        code = inspect_here(call, client, &out);
    } else if (!reply) {
        code = refuse(client);
    } else if (reply->type == BRINE_REPLY_NIL || reply->count == 0) {
        code = complain_of_no_key(call, &out);
    } else {
        enum brine_status status =
            call->values[LOOK_JSON] ? facts_json(&out, reply) : facts_text(&out, reply);
        if (status != BRINE_OK) code = tool_complain("too large to show");
    }
    if (out.len) print_out(&out);
    brine_reply_free(reply);
    buf_deinit(&out);
    brine_close(client);
    return tool_finish(code);
}

const struct tool inspect_tool = LOOK_TOOL(
    "inspect", "says what a stored value is and what the policy says of it", "", run_inspect);

/* ---- ping -------------------------------------------------------------------------------------*/

enum { PING_WAIT, PING_ALIVE, PING_JSON };

static const struct tool_option ping_options[] = {
    [PING_WAIT] = {"wait", 'w', "TIME", "try for so long until it answers (once)"},
    [PING_ALIVE] = {"alive", 0, NULL, "any answer will do: a missing password, LOADING"},
    [PING_JSON] = TOOL_JSON,
};
enum { PING_PAUSE_US = 100000 };

struct pinged {
    bool ok;
    bool misused; /* a wrong URL, which waiting does not mend */
    int64_t us;
    char text[512];
};

static void ping_once(struct tool_call *call, struct pinged *pinged) {
    struct brine_client_options options = {.timeout_ms = 5000};
    struct brine_client_error err;
    struct brine_reply *reply = NULL;
    brine_client *client;
    char url[1024];
    *pinged = (struct pinged){0};
    if (!server_client_options(&call->server, &options) ||
        !server_url(&call->server, url, sizeof url))
        return;
    if (brine_open(url, &options, &client, &err) != BRINE_CLIENT_OK) {
        /* A login that was refused is an answer too. */
        pinged->misused = err.status == BRINE_CLIENT_MISUSE;
        pinged->ok = call->values[PING_ALIVE] && !pinged->misused &&
                     strncmp(err.text, "Could not connect", 17) != 0;
        snprintf(pinged->text, sizeof pinged->text, "%s", err.text);
        return;
    }
    int64_t before_us = clock_mono_us();
    struct brine_text args[] = {BRINE_TEXT("PING")};
    enum brine_client_status status = brine_call(client, args, 1, &reply);
    pinged->us = clock_mono_us() - before_us;
    pinged->ok = status == BRINE_CLIENT_OK || (reply && call->values[PING_ALIVE]);
    snprintf(pinged->text, sizeof pinged->text, "%s",
             reply ? reply->text : brine_last_error(client)->text);
    brine_reply_free(reply);
    brine_close(client);
}

static void print_ping(const struct pinged *pinged, bool as_json) {
    if (!as_json) {
        if (!pinged->ok) {
            tool_complain("%s", pinged->text);
            return;
        }
        tool_print(stdout, bytes_of_cstr(pinged->text));
        putchar('\n');
        return;
    }
    struct buf out;
    struct json json;
    buf_init(&out, mem_system(), 1 << 16);
    json_init(&json, &out);
    json_open_object(&json);
    json_key(&json, "ok");
    json_bool(&json, pinged->ok);
    json_key(&json, "us");
    json_int(&json, pinged->us);
    json_key(&json, "text");
    json_cstr(&json, pinged->text);
    json_close(&json);
    if (json_finish(&json) == BRINE_OK) printf("%.*s\n", (int)out.len, (const char *)out.data);
    buf_deinit(&out);
}

static int run_ping(struct tool_call *call) {
    int64_t wait_ms = 0;
    struct brine_client_options checked = {0};
    struct pinged pinged;
    char url[1024];
    if (call->words_count) return command_forward(call);
    if (!server_client_options(&call->server, &checked) ||
        !server_url(&call->server, url, sizeof url))
        return TOOL_USAGE;
    if (call->values[PING_WAIT] && !clock_parse_duration(call->values[PING_WAIT], &wait_ms))
        return tool_complain("--wait must be a time like 30s, not '%s'", call->values[PING_WAIT]);
    int64_t end_us = clock_mono_us() + wait_ms * CLOCK_US_PER_MS;
    for (;;) {
        ping_once(call, &pinged);
        int64_t now_us = clock_mono_us();
        if (pinged.ok || pinged.misused || now_us >= end_us) break;
        (void)clock_wait_until(MIN(now_us + PING_PAUSE_US, end_us), -1);
    }
    print_ping(&pinged, call->values[PING_JSON] != NULL);
    return tool_finish(pinged.ok ? TOOL_OK : pinged.misused ? TOOL_USAGE : TOOL_BAD);
}

const struct tool ping_tool = {
    .name = "ping",
    .arguments = "",
    .summary = "asks whether the server is well; for health checks",
    .exits = "0 it answered PONG, 1 it did not, 2 wrong usage",
    TOOL_OPTIONS(ping_options),
    .needs_server = true,
    .words_max = SIZE_MAX,
    .run = run_ping,
};
