/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* get and set: one value, as its bytes, as what it holds, to and from files. */
#include "client/clock.h"
#include "client/command.h"
#include "client/input.h"
#include "client/readable.h"
#include "client/tools.h"
#include "text/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 512 << 20 };

/* ---- get --------------------------------------------------------------------------------------*/

enum { GET_RAW, GET_VIEW, GET_JSON_VIEW, GET_OUT, GET_JSON };

static const struct tool_option get_options[] = {
    [GET_RAW] = {"raw", 0, NULL, "the bytes and nothing else, no end of line"},
    [GET_VIEW] = {"view", 0, NULL, "the pickle as Python-like text"},
    [GET_JSON_VIEW] = {"json-view", 0, NULL, "the pickle as JSON"},
    [GET_OUT] = {"out", 'o', "FILE", "write the bytes to a file"},
    [GET_JSON] = {"json", 0, NULL, "one object: key, found, bytes, text, view"},
};

static int write_file(const char *path, struct bytes bytes) {
    FILE *file = fopen(path, "wbe");
    if (!file) return tool_complain("%s: %s", path, strerror(errno));
    bool written = fwrite(bytes.data, 1, bytes.len, file) == bytes.len;
    int code = TOOL_OK;
    if (!written) code = tool_complain("%s: %s", path, strerror(errno));
    if (fclose(file) != 0 && written) code = tool_complain("%s: %s", path, strerror(errno));
    return code;
}

static int print_view(struct buf *out, struct bytes value, enum readable_form form) {
    struct brine_error err = {0};
    struct readable options = {.form = form, .anything = true};
    enum brine_status status = readable_append(out, value, options, &err);
    if (status == BRINE_NOT_FOUND) {
        tool_complain("the value holds no pickle");
        return TOOL_BAD;
    }
    if (status != BRINE_OK) {
        tool_complain("%s", err.text[0] ? err.text : brine_status_meaning(status));
        return TOOL_BAD;
    }
    tool_print(stdout, buf_view(out));
    putchar('\n');
    return TOOL_OK;
}

static int print_json(struct buf *out, const char *key, const struct brine_reply *reply) {
    bool found = reply->type == BRINE_REPLY_STRING;
    struct bytes value = bytes_view(reply->text, reply->len);
    struct buf view;
    struct json json;
    buf_init(&view, mem_system(), DIALOG_BYTES_MAX);
    bool shown = found && readable_append(&view, value, (struct readable){0}, NULL) == BRINE_OK;
    json_init(&json, out);
    json_open_object(&json);
    json_member(&json, "key", bytes_of_cstr(key));
    json_key(&json, "found");
    json_bool(&json, found);
    json_key(&json, "bytes");
    json_uint(&json, value.len);
    if (found && !shown) {
        json_member(&json, "text", value);
    } else {
        json_key(&json, "text");
        json_null(&json);
    }
    json_key(&json, "view");
    if (shown)
        json_string(&json, buf_view(&view));
    else
        json_null(&json);
    json_close(&json);
    buf_deinit(&view);
    if (json_finish(&json) != BRINE_OK) return tool_complain("the value is too large to show");
    fwrite(out->data, 1, out->len, stdout);
    putchar('\n');
    return found ? TOOL_OK : TOOL_BAD;
}

static enum brine_status as_readable(struct buf *out, struct bytes text) {
    return readable_append(out, text, (struct readable){.framing = true}, NULL);
}

static int print_reply(struct buf *out, const struct brine_reply *reply) {
    struct show show = command_show();
    show.string = as_readable;
    if (show_reply(out, reply, show) != BRINE_OK) return tool_complain("too large to show");
    if (out->len) fwrite(out->data, 1, out->len, stdout);
    return TOOL_OK;
}

static int print_value(const struct tool_call *call, struct buf *out,
                       const struct brine_reply *reply) {
    struct bytes value = bytes_view(reply->text, reply->len);
    if (call->values[GET_JSON]) return print_json(out, call->words[0], reply);
    bool plain = !call->values[GET_RAW] && !call->values[GET_VIEW] &&
                 !call->values[GET_JSON_VIEW] && !call->values[GET_OUT];
    if (reply->type != BRINE_REPLY_STRING) {
        if (plain) return MAX(print_reply(out, reply), TOOL_BAD);
        tool_complain("there is no key '%s'", call->words[0]);
        return TOOL_BAD;
    }
    if (plain) return print_reply(out, reply);
    if (call->values[GET_OUT]) return write_file(call->values[GET_OUT], value);
    if (call->values[GET_VIEW]) return print_view(out, value, READABLE_TEXT);
    if (call->values[GET_JSON_VIEW]) return print_view(out, value, READABLE_JSON);
    fwrite(value.data, 1, value.len, stdout);
    return TOOL_OK;
}

static int run_get(struct tool_call *call) {
    brine_client *client;
    struct brine_reply *reply;
    struct buf out;
    if (call->words_count > 1) return command_forward(call);
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    buf_init(&out, mem_system(), DIALOG_BYTES_MAX);
    if (brine_get(client, brine_text_of(call->words[0]), &reply) == BRINE_CLIENT_OK) {
        code = print_value(call, &out, reply);
    } else {
        tool_complain("%s", brine_last_error(client)->text);
        code = TOOL_BAD;
    }
    brine_reply_free(reply);
    buf_deinit(&out);
    brine_close(client);
    return tool_finish(code);
}

const struct tool get_tool = {
    .name = "get",
    .arguments = "KEY",
    .summary = "shows a value; a pickle as what it holds",
    .text =
        "On a terminal a pickle is shown as Python-like text, without loading it; in a pipe the "
        "value's bytes are written, with an end of line. More than one word, or GET in capitals, "
        "is the server's command.",
    .exits = "0 shown, 1 no such key or an error reply, 2 wrong usage or not written",
    TOOL_OPTIONS(get_options),
    .needs_server = true,
    .words_min = 1,
    .words_max = SIZE_MAX,
    .run = run_get,
};

/* ---- set --------------------------------------------------------------------------------------*/

enum { SET_FILE, SET_TTL, SET_JSON };

static const struct tool_option set_options[] = {
    [SET_FILE] = {"file", 'f', "FILE", "take the value from a file; - is standard input"},
    [SET_TTL] = {"ttl", 0, "TIME", "forget it after 90, 90s, 5m, 2h, 7d or 250ms (never)"},
    [SET_JSON] = {"json", 0, NULL, "the verdict as one object"},
};

static enum brine_status verdict_json(struct buf *out, const struct brine_verdict *verdict,
                                      const char *error) {
    struct json json;
    const struct {
        const char *key, *text;
    } rows[] = {{"class", verdict->error_class}, {"opcode", verdict->opcode},
                {"global", verdict->global},     {"rule", verdict->rule},
                {"policy", verdict->policy},     {"framing", verdict->framing},
                {"allow", verdict->allow},       {"message", error}};
    json_init(&json, out);
    json_open_object(&json);
    json_key(&json, "stored");
    json_bool(&json, error[0] == 0);
    json_key(&json, "refused");
    json_bool(&json, verdict->refused != 0);
    json_key(&json, "offset");
    if (verdict->refused)
        json_uint(&json, verdict->offset);
    else
        json_null(&json);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_key(&json, rows[i].key);
        if (rows[i].text[0])
            json_cstr(&json, rows[i].text);
        else
            json_null(&json);
    }
    json_close(&json);
    return json_finish(&json);
}

static int store(const struct tool_call *call, brine_client *client, struct bytes value,
                 int64_t ttl_ms) {
    struct brine_verdict verdict;
    struct brine_text text = {(const char *)value.data, value.len};
    enum brine_client_status status =
        brine_set(client, brine_text_of(call->words[0]), text, ttl_ms, &verdict);
    bool stored = status == BRINE_CLIENT_OK;
    const char *error = stored ? "" : brine_last_error(client)->text;
    if (call->values[SET_JSON]) {
        struct buf out;
        buf_init(&out, mem_system(), 1 << 20);
        if (verdict_json(&out, &verdict, verdict.refused ? verdict.message : error) == BRINE_OK)
            printf("%.*s\n", (int)out.len, (const char *)out.data);
        buf_deinit(&out);
    } else if (stored) {
        puts("OK");
    } else {
        tool_complain("%s", verdict.refused ? verdict.message : error);
    }
    return stored ? TOOL_OK : TOOL_BAD;
}

static int run_set(struct tool_call *call) {
    const char *file = call->values[SET_FILE];
    size_t words = call->words_count;
    int64_t ttl_ms = 0;
    struct brine_error err = {0};
    brine_client *client;
    struct buf input;
    if (words > 2 && !file) return command_forward(call);
    if (words == 2 && !file && strcmp(call->words[1], "-") == 0) {
        file = "-";
        words = 1;
    }
    if (words != (file ? 1u : 2u))
        return tool_complain("set needs a key and a value, or a key and --file FILE");
    if (call->values[SET_TTL] &&
        (!clock_parse_duration(call->values[SET_TTL], &ttl_ms) || ttl_ms == 0))
        return tool_complain("--ttl must be a time like 90s, 5m, 2h or 7d, not '%s'",
                             call->values[SET_TTL]);
    buf_init(&input, mem_system(), VALUE_BYTES_MAX + (size_t)2);
    struct bytes value;
    if (file) {
        if (input_read(&input, file, VALUE_BYTES_MAX, &err) != BRINE_OK) {
            buf_deinit(&input);
            return tool_complain("%s: %s", file, err.text);
        }
        value = buf_view(&input);
    } else {
        value = bytes_of_cstr(call->words[1]);
    }
    int code = server_connect(&call->server, NULL, &client);
    if (code == TOOL_OK) code = store(call, client, value, ttl_ms);
    brine_close(client);
    buf_deinit(&input);
    return tool_finish(code);
}

const struct tool set_tool = {
    .name = "set",
    .arguments = "KEY [VALUE]",
    .summary = "stores a value and says why when it is refused",
    .text = "The value - is standard input. More words, as in `set key value EX 5`, or SET in "
            "capitals, are the server's command.",
    .exits = "0 stored, 1 refused, 2 wrong usage or a file that cannot be read",
    TOOL_OPTIONS(set_options),
    .needs_server = true,
    .words_min = 1,
    .words_max = SIZE_MAX,
    .run = run_set,
};
