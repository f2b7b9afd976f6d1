/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/dialog.h"

#include "base/arena.h"
#include "client/secret.h"
#include "client/tool.h"
#include "resp/command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 512 << 20,
    LINE_ARGS_MAX = 1 << 20,
    READ_BYTES = 64 * 1024,
    /* Of a pipeline, until its replies are taken: enough that the round trip does not count. */
    PIPE_COMMANDS = 1000,
    PIPE_BYTES = 1 << 20,
};
enum { COMMAND_NAME = 0, COMMAND_SUBCOMMAND = 1 };

void dialog_init(struct dialog *dialog, brine_client *client, struct show show) {
    *dialog = (struct dialog){.client = client, .show = show};
    buf_init(&dialog->out, mem_system(), DIALOG_BYTES_MAX);
}

void dialog_deinit(struct dialog *dialog) {
    brine_close(dialog->client);
    buf_deinit(&dialog->out);
}

/* ---- one command ------------------------------------------------------------------------------*/

static bool text_is(struct brine_text text, const char *word) {
    return bytes_is(bytes_view(text.data, text.len), word);
}

/* Replies that are text for people even when others are formatted, as redis-cli has it. */
static bool is_report(const struct brine_text *args, size_t count) {
    static const struct {
        const char *name, *subcommand;
    } rows[] = {{"info", NULL},        {"lolwut", NULL},     {"client", "list"},
                {"client", "info"},    {"memory", "doctor"}, {"memory", "malloc-stats"},
                {"latency", "doctor"}, {"latency", "graph"}, {"pickle.dis", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!text_is(args[COMMAND_NAME], rows[i].name)) continue;
        if (!rows[i].subcommand) return true;
        if (count > COMMAND_SUBCOMMAND && text_is(args[COMMAND_SUBCOMMAND], rows[i].subcommand))
            return true;
    }
    return false;
}

/* After these the server talks until one side hangs up. */
static bool is_stream(struct brine_text name) {
    return text_is(name, "subscribe") || text_is(name, "psubscribe") ||
           text_is(name, "ssubscribe") || text_is(name, "monitor");
}

static bool print(struct dialog *dialog, const struct brine_reply *reply, struct show show) {
    buf_clear(&dialog->out);
    enum brine_status status = show_reply(&dialog->out, reply, show);
    if (status != BRINE_OK) {
        tool_complain("cannot show the reply: %s", brine_status_meaning(status));
        return false;
    }
    bool written = fwrite(dialog->out.data, 1, dialog->out.len, stdout) == dialog->out.len;
    if (fflush(stdout) == 0 && written) return true;
    (void)tool_complain_of_output();
    return false;
}

static bool show_next(struct dialog *dialog, struct show show, bool messages) {
    struct brine_reply *reply;
    if (messages)
        (void)brine_take(dialog->client, &reply);
    else
        (void)brine_take_reply(dialog->client, &reply);
    if (!reply) {
        tool_complain("%s", brine_last_error(dialog->client)->text);
        return false;
    }
    dialog->error_replied = reply->type == BRINE_REPLY_ERROR;
    bool printed = print(dialog, reply, show);
    brine_reply_free(reply);
    return printed;
}

static void note_transaction(struct dialog *dialog, struct brine_text name, bool connected) {
    if (text_is(name, "multi") && !dialog->error_replied) dialog->in_transaction = true;
    if (text_is(name, "exec") || text_is(name, "discard") || text_is(name, "reset") || !connected)
        dialog->in_transaction = false;
}

bool dialog_run(struct dialog *dialog, const struct brine_text *args, size_t count) {
    struct show show = dialog->show;
    if (is_report(args, count) && show.form != SHOW_JSON) {
        show.escape = show.form == SHOW_FORMATTED; /* raw is what was asked for, or no terminal */
        show.form = SHOW_REPORT;
    }
    dialog->error_replied = false;
    if (brine_append(dialog->client, args, count) != BRINE_CLIENT_OK) {
        tool_complain("%s", brine_last_error(dialog->client)->text);
        return false;
    }
    bool go_on, stream = is_stream(args[COMMAND_NAME]);
    do go_on = show_next(dialog, show, stream);
    while (go_on && stream && !dialog->error_replied);
    note_transaction(dialog, args[COMMAND_NAME], brine_socket(dialog->client) >= 0);
    return go_on;
}

/* ---- lines ------------------------------------------------------------------------------------*/

/* Commands are cut out of bytes by the server's own decoder. */
struct cutter {
    struct resp_decoder decoder;
    struct resp_args args;
    struct arena scratch;
    struct brine_text *texts;
    size_t texts_cap;
};

static void cutter_init(struct cutter *cutter) {
    *cutter = (struct cutter){0};
    resp_args_init(&cutter->args, mem_system(), LINE_ARGS_MAX);
    arena_init(&cutter->scratch, mem_system(), LINE_BYTES_MAX);
}

static void cutter_deinit(struct cutter *cutter) {
    arena_deinit(&cutter->scratch);
    resp_args_deinit(&cutter->args);
    mem_free(mem_system(), cutter->texts, cutter->texts_cap * sizeof(*cutter->texts));
}

/* RESP_COMMAND: its words stand in cutter->texts. */
static enum resp_result cut(struct cutter *cutter, struct bytes input,
                            struct resp_command *command) {
    static const struct resp_limits limits = {.bulk_bytes_max = LINE_BYTES_MAX,
                                              .args_max = LINE_ARGS_MAX,
                                              .inline_bytes_max = LINE_BYTES_MAX};
    resp_args_clear(&cutter->args);
    arena_reset(&cutter->scratch);
    enum resp_result result = resp_decode(&cutter->decoder, &limits, input, &cutter->args,
                                          &cutter->scratch, command, NULL);
    if (result != RESP_COMMAND) return result;
    if (command->argc > cutter->texts_cap) {
        size_t size = sizeof(*cutter->texts);
        struct brine_text *texts =
            mem_resize(mem_system(), cutter->texts, cutter->texts_cap * size, command->argc * size);
        if (!texts) return RESP_NO_MEMORY;
        cutter->texts = texts;
        cutter->texts_cap = command->argc;
    }
    const struct bytes *args = cutter->args.items + command->first_arg;
    for (size_t i = 0; i < command->argc; i++)
        cutter->texts[i] = (struct brine_text){(const char *)args[i].data, args[i].len};
    return RESP_COMMAND;
}

static bool run_cut_line(struct dialog *dialog, struct cutter *cutter, struct bytes line,
                         bool *quit) {
    struct resp_command command;
    cutter->decoder = (struct resp_decoder){0};
    enum resp_result result = cut(cutter, line, &command);
    if (result == RESP_EMPTY) return true;
    if (result != RESP_COMMAND) {
        puts("Invalid argument(s)");
        return true;
    }
    *quit = text_is(cutter->texts[COMMAND_NAME], "quit") ||
            text_is(cutter->texts[COMMAND_NAME], "exit");
    return !*quit && dialog_run(dialog, cutter->texts, command.argc);
}

bool dialog_run_line(struct dialog *dialog, struct bytes line, bool *quit) {
    struct cutter cutter;
    cutter_init(&cutter);
    *quit = false;
    bool go_on = run_cut_line(dialog, &cutter, line, quit);
    cutter_deinit(&cutter);
    return go_on;
}

bool dialog_line_is_secret(struct bytes line) {
    struct cutter cutter;
    struct resp_command command;
    cutter_init(&cutter);
    enum resp_result result = cut(&cutter, line, &command);
    bool secret = result != RESP_EMPTY &&
                  (result != RESP_COMMAND || secret_words(cutter.texts, command.argc));
    cutter_deinit(&cutter);
    return secret;
}

/* Reads more of standard input behind what is there.  False at its end or when it fails. */
static bool read_input(struct buf *input) {
    for (;;) {
        if (buf_reserve(input, READ_BYTES) != BRINE_OK) {
            tool_complain("a line is too long");
            return false;
        }
        ssize_t got = read(STDIN_FILENO, input->data + input->len, READ_BYTES - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got > 0) input->len += (size_t)got;
        return got > 0;
    }
}

/* The lines that input holds whole. */
static bool run_whole_lines(struct dialog *dialog, struct cutter *cutter, struct buf *input,
                            bool *quit) {
    size_t at = 0;
    bool go_on = true;
    while (go_on && at < input->len) {
        const uint8_t *line = input->data + at;
        const uint8_t *end = memchr(line, '\n', input->len - at);
        if (!end) break;
        size_t len = (size_t)(end - line) + 1;
        go_on = run_cut_line(dialog, cutter, bytes_view(line, len), quit);
        at += len;
    }
    buf_consume(input, at);
    return go_on;
}

bool dialog_run_input(struct dialog *dialog) {
    struct cutter cutter;
    struct buf input;
    bool more = true, quit = false, go_on = true;
    cutter_init(&cutter);
    buf_init(&input, mem_system(), LINE_BYTES_MAX);
    while (go_on && more) {
        more = read_input(&input);
        /* The last line may lack its end; read_input leaves room for it. */
        if (!more && input.len && input.len < input.cap) input.data[input.len++] = '\n';
        go_on = run_whole_lines(dialog, &cutter, &input, &quit);
    }
    buf_deinit(&input);
    cutter_deinit(&cutter);
    return go_on || quit;
}

/* ---- mass insertion ---------------------------------------------------------------------------*/

struct piping {
    struct dialog *dialog;
    size_t due, bytes;
    uint64_t replies, errors;
};

static bool take_all(struct piping *piping) {
    for (; piping->due; piping->due--) {
        struct brine_reply *reply;
        (void)brine_take_reply(piping->dialog->client, &reply);
        if (!reply) {
            tool_complain("%s", brine_last_error(piping->dialog->client)->text);
            return false;
        }
        piping->replies++;
        if (reply->type == BRINE_REPLY_ERROR) {
            piping->errors++;
            tool_print(stderr, bytes_view(reply->text, reply->len));
            fputc('\n', stderr);
        }
        brine_reply_free(reply);
    }
    piping->bytes = 0;
    return true;
}

/* The commands that input holds whole.  False when the connection or the input is of no use. */
static bool pipe_whole(struct piping *piping, struct cutter *cutter, struct buf *input) {
    size_t at = 0;
    struct resp_command command;
    enum resp_result result = RESP_EMPTY;
    while (at < input->len) {
        result = cut(cutter, bytes_slice(buf_view(input), at, input->len), &command);
        if (result != RESP_COMMAND && result != RESP_EMPTY) break;
        at += command.consumed;
        if (result == RESP_EMPTY) continue;
        if (brine_append(piping->dialog->client, cutter->texts, command.argc) != BRINE_CLIENT_OK) {
            tool_complain("%s", brine_last_error(piping->dialog->client)->text);
            return false;
        }
        piping->due++;
        piping->bytes += command.consumed;
        bool full = piping->due >= PIPE_COMMANDS || piping->bytes >= PIPE_BYTES;
        if (full && !take_all(piping)) return false;
    }
    buf_consume(input, at);
    if (result != RESP_BROKEN && result != RESP_NO_MEMORY) return true;
    tool_complain("standard input holds no command here");
    return false;
}

int dialog_pipe(struct dialog *dialog) {
    struct piping piping = {.dialog = dialog};
    struct cutter cutter;
    struct buf input;
    cutter_init(&cutter);
    buf_init(&input, mem_system(), LINE_BYTES_MAX);
    bool ok = true;
    while (ok && read_input(&input)) ok = pipe_whole(&piping, &cutter, &input);
    if (ok && input.len) {
        tool_complain("standard input ends within a command");
        ok = false;
    }
    puts("All data transferred. Waiting for the last reply...");
    if (piping.due && !take_all(&piping)) ok = false;
    if (ok) puts("Last reply received from server.");
    printf("errors: %llu, replies: %llu\n", (unsigned long long)piping.errors,
           (unsigned long long)piping.replies);
    buf_deinit(&input);
    cutter_deinit(&cutter);
    return tool_finish(ok && piping.errors == 0 ? TOOL_OK : TOOL_BAD);
}
