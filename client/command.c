/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli without a subcommand: a command from the arguments, or commands from standard input,
 * or, where that is a terminal, from a person. */
#include "base/number.h"
#include "base/version.h"
#include "client/clock.h"
#include "client/command.h"
#include "client/input.h"
#include "client/readable.h"
#include "client/dialog.h"
#include "client/shell.h"
#include "client/tools.h"

#include <stdio.h>
#include <unistd.h>

enum {
    RAW,
    NO_RAW,
    JSON,
    STDIN_ARGUMENT,
    PIPE,
    REPEAT,
    INTERVAL,
    BYTES_SHOWN,
    NO_WARNING,
    VERSION
};
enum { ARGUMENT_BYTES_MAX = 512 << 20, INTERVAL_S_MAX = 86400 };

static const struct tool_option options[] = {
    [RAW] = {"raw", 0, NULL, "replies as they are (the default when output is no terminal)"},
    [NO_RAW] = {"no-raw", 0, NULL, "replies formatted for people"},
    [JSON] = {"json", 0, NULL, "replies as JSON, one a line (speaks RESP3)"},
    [STDIN_ARGUMENT] = {"stdin", 'x', NULL, "read the last argument from standard input"},
    [PIPE] = {"pipe", 0, NULL, "send all commands of standard input at once, then count replies"},
    [REPEAT] = {"repeat", 'r', "N", "run the command N times; -1: for ever"},
    [INTERVAL] = {"interval", 'i', "SECONDS", "wait between them; 0.1 is a tenth"},
    [BYTES_SHOWN] = {"bytes", 'b', NULL, "interactive: show pickles as bytes, not readable"},
    [NO_WARNING] = {"no-auth-warning", 0, NULL, "taken, as redis-cli does, and means nothing"},
    [VERSION] = {"version", 0, NULL, "say the version"},
};

struct show command_show(void) {
    return (struct show){.form = isatty(STDOUT_FILENO) ? SHOW_FORMATTED : SHOW_RAW};
}

static struct show choose_show(const struct tool_call *call) {
    struct show show = command_show();
    if (call->values[RAW]) show.form = SHOW_RAW;
    if (call->values[NO_RAW]) show.form = SHOW_FORMATTED;
    if (call->values[JSON]) show.form = SHOW_JSON;
    return show;
}

static int code_of(const struct dialog *dialog, bool ok) {
    return tool_finish(ok && !dialog->error_replied ? TOOL_OK : TOOL_BAD);
}

/* The words, and standard input as the last with -x. */
static int run_words(struct tool_call *call, struct dialog *dialog, int64_t times,
                     double interval_s) {
    size_t count = call->words_count + (call->values[STDIN_ARGUMENT] != NULL);
    size_t size = count * sizeof(struct brine_text);
    struct brine_text *args = mem_alloc(mem_system(), size);
    struct buf last;
    struct brine_error err = {0};
    buf_init(&last, mem_system(), ARGUMENT_BYTES_MAX + (size_t)2);
    enum brine_status status = args ? BRINE_OK : BRINE_NO_MEMORY;
    for (size_t i = 0; args && i < call->words_count; i++) args[i] = brine_text_of(call->words[i]);
    if (status == BRINE_OK && call->values[STDIN_ARGUMENT]) {
        status = input_read(&last, "-", ARGUMENT_BYTES_MAX, &err);
        args[count - 1] = (struct brine_text){(const char *)last.data, last.len};
    }
    bool ok = status == BRINE_OK;
    if (!ok) tool_complain("%s", err.text[0] ? err.text : brine_status_meaning(status));
    for (int64_t i = 0; ok && (times < 0 || i < times); i++) {
        if (i && interval_s > 0) {
            int64_t next_us = clock_mono_us() + (int64_t)(interval_s * CLOCK_US_PER_S);
            (void)clock_wait_until(next_us, -1);
        }
        ok = dialog_run(dialog, args, count);
    }
    buf_deinit(&last);
    mem_free(mem_system(), args, size);
    return code_of(dialog, ok);
}

/* Ending input is success, and so is what an error reply said. */
static int run_lines(struct tool_call *call, struct dialog *dialog) {
    if (call->values[PIPE]) return dialog_pipe(dialog);
    if (!isatty(STDIN_FILENO)) return tool_finish(dialog_run_input(dialog) ? TOOL_OK : TOOL_BAD);
    return shell_run(dialog, &call->server, call->values[BYTES_SHOWN] == NULL);
}

static bool parse_interval(const struct tool_call *call, double *seconds) {
    const char *text = call->values[INTERVAL];
    *seconds = 0;
    if (!text || (number_parse_double(bytes_of_cstr(text), seconds) && *seconds >= 0 &&
                  *seconds <= INTERVAL_S_MAX))
        return true;
    tool_complain("--interval must be seconds from 0 to %d, not '%s'", INTERVAL_S_MAX, text);
    return false;
}

static int run_command(struct tool_call *call) {
    int64_t times;
    double interval_s;
    struct dialog dialog;
    brine_client *client;
    if (call->values[VERSION]) {
        puts("brine-cli " BRINE_VERSION);
        return tool_finish(TOOL_OK);
    }
    if (!tool_number(call, REPEAT, (struct tool_range){-1, INT64_MAX, 1}, &times) ||
        !parse_interval(call, &interval_s))
        return TOOL_USAGE;
    if (call->values[JSON]) call->server.values[SERVER_RESP3] = "";
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    dialog_init(&dialog, client, choose_show(call));
    code =
        call->words_count ? run_words(call, &dialog, times, interval_s) : run_lines(call, &dialog);
    dialog_deinit(&dialog);
    return code;
}

int command_forward(struct tool_call *call) {
    size_t count = call->words_count + 1, size = count * sizeof(struct brine_text);
    struct dialog dialog;
    brine_client *client;
    int code = server_connect(&call->server, NULL, &client);
    if (code != TOOL_OK) return code;
    dialog_init(&dialog, client, command_show());
    struct brine_text *args = mem_alloc(mem_system(), size);
    bool ok = args != NULL;
    for (size_t i = 0; ok && i < count; i++)
        args[i] = brine_text_of(i ? call->words[i - 1] : call->tool->name);
    if (ok) ok = dialog_run(&dialog, args, count);
    mem_free(mem_system(), args, size);
    code = code_of(&dialog, ok);
    dialog_deinit(&dialog);
    return code;
}

const struct tool command_tool = {
    .name = "",
    .arguments = "[COMMAND [ARGUMENT...]]",
    .summary = "sends commands to a server that speaks the Redis protocol and shows the replies",
    .text =
        "Without a command, commands are read from standard input, one a line; from a terminal "
        "with "
        "history, completion and hints. Replies look as redis-cli prints them.\n"
        "A first word that is the name of a tool, in small letters, is that tool, behind options "
        "too (but get, set and ping, and scan and latency with words, are then commands, unless "
        "one "
        "of the words is an option of the tool, the value is - or what to scan is a URL); GET, SET "
        "and PING in capitals are always the server's commands.",
    .exits = "0 answered, 1 error reply or no connection, 2 wrong usage",
    TOOL_OPTIONS(options),
    .needs_server = true,
    .command_follows = true,
    .words_max = SIZE_MAX,
    .run = run_command,
};
