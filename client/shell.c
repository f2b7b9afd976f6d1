/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Lines come from libedit.  What the server knows of its commands is asked for once (COMMAND DOCS)
 * and kept as the library's reply: names, summaries, arguments.  Tab completes the first word; the
 * arguments of the command being typed stand at the right, dim, and are drawn anew when a word
 * ends.
 *
 * A server that does not know COMMAND DOCS is served all the same, without either. */
#include "client/shell.h"

#include "base/buf.h"
#include "client/input.h"
#include "client/readable.h"
#include "client/shell_hints.h"
#include "client/shell_history.h"
#include "client/tool.h"

#include <histedit.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { PROMPT_BYTES = 160, HINT_BYTES = 120 };
enum { ESCAPE = 1 }; /* libedit: what stands between two of it takes no place on the screen */

struct shell {
    struct dialog *dialog;
    const struct server_options *server;
    struct brine_reply *docs; /* or NULL */
    EditLine *editor;
    History *history;
    char prompt[PROMPT_BYTES];
    char hint[HINT_BYTES + 16];
};

static struct shell *shell_of(EditLine *editor) {
    void *shell = NULL;
    el_get(editor, EL_CLIENTDATA, &shell);
    return shell;
}

/* ---- the editor -------------------------------------------------------------------------------*/

static char *give_prompt(EditLine *editor) {
    return shell_of(editor)->prompt;
}

static struct bytes typed_before_cursor(EditLine *editor) {
    const LineInfo *line = el_line(editor);
    return bytes_view(line->buffer, (size_t)(line->cursor - line->buffer));
}

/* "key value [EX seconds]", dim. */
static char *give_hint(EditLine *editor) {
    struct shell *shell = shell_of(editor);
    char text[HINT_BYTES];
    shell->hint[0] = 0;
    if (shell_hint(shell->docs, typed_before_cursor(editor), text, sizeof text))
        snprintf(shell->hint, sizeof shell->hint, "%c\033[2m%c%s%c\033[0m%c", ESCAPE, ESCAPE, text,
                 ESCAPE, ESCAPE);
    return shell->hint;
}

/* A blank ends a word, and what is hinted at changes. */
static unsigned char on_blank(EditLine *editor, wint_t c) {
    char text[] = {(char)c, 0};
    return el_insertstr(editor, text) == 0 ? CC_REFRESH : CC_ERROR;
}

static unsigned char on_tab(EditLine *editor, wint_t c) {
    struct shell *shell = shell_of(editor);
    struct shell_completion completion;
    struct bytes typed = typed_before_cursor(editor);
    (void)c;
    shell_complete(shell->docs, typed, &completion);
    if (completion.count == 0) return CC_ERROR;
    if (completion.added[0]) {
        /* What was typed takes the letters of the name. */
        if (typed.len) el_deletestr(editor, (int)typed.len);
        return el_insertstr(editor, completion.added) == 0 ? CC_REFRESH : CC_ERROR;
    }
    printf("\n%s\n", completion.list);
    return CC_REDISPLAY;
}

static bool open_editor(struct shell *shell) {
    shell->editor = el_init("brine-cli", stdin, stdout, stderr);
    shell->history = history_init();
    if (!shell->editor || !shell->history) return false;
    shell_history_load(shell->history);
    el_set(shell->editor, EL_CLIENTDATA, shell);
    el_set(shell->editor, EL_SIGNAL, 1);
    el_set(shell->editor, EL_EDITOR, "emacs");
    el_set(shell->editor, EL_HIST, history, shell->history);
    el_set(shell->editor, EL_PROMPT, give_prompt);
    el_set(shell->editor, EL_RPROMPT_ESC, give_hint, ESCAPE);
    /* libedit copies the narrow form of these two texts and forgets the copy. */
    el_wset(shell->editor, EL_ADDFN, L"brine-complete", L"complete a command", on_tab);
    el_wset(shell->editor, EL_ADDFN, L"brine-blank", L"insert a blank", on_blank);
    el_set(shell->editor, EL_BIND, "^I", "brine-complete", NULL);
    el_set(shell->editor, EL_BIND, " ", "brine-blank", NULL);
    el_set(shell->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(shell->editor, NULL);
    return true;
}

static void close_editor(struct shell *shell) {
    if (shell->history) history_end(shell->history);
    if (shell->editor) el_end(shell->editor);
}

/* ---- lines ------------------------------------------------------------------------------------*/

static enum brine_status as_readable(struct buf *out, struct bytes text) {
    return readable_append(out, text, (struct readable){.framing = true}, NULL);
}

/* What is for the shell and not for the server.  True when it was. */
static bool run_own(struct shell *shell, struct bytes line) {
    while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == ' '))
        line.len--;
    if (bytes_is(line, "help") || bytes_is(line, "?")) {
        puts("Commands go to the server; Tab completes, the arguments stand at the right.\n"
             "help COMMAND  what a command does        clear          an empty screen\n"
             ":raw          pickles as their bytes     :readable      pickles as what they hold\n"
             "quit          the end");
    } else if (bytes_equal_nocase(bytes_slice(line, 0, 5), BYTES("help "))) {
        if (!shell_help(shell->docs, bytes_slice(line, 5, line.len)))
            puts("The server says nothing of such a command.");
    } else if (bytes_is(line, "clear")) {
        fputs("\033[H\033[2J", stdout);
    } else if (bytes_is(line, ":raw")) {
        shell->dialog->show.string = NULL;
    } else if (bytes_is(line, ":readable")) {
        shell->dialog->show.string = as_readable;
    } else {
        return false;
    }
    return true;
}

/* False at quit.  The line is saved before it is run, for Ctrl-C ends the program; not when it
 * holds a password.  A lost connection is said, and the next command makes another. */
static bool run_line(struct shell *shell, struct bytes line) {
    bool quit = false;
    if (line.len > 1 && line.data[0] != ' ' && !dialog_line_is_secret(line))
        shell_history_add(shell->history, line);
    if (run_own(shell, line)) return true;
    return dialog_run_line(shell->dialog, line, &quit) || !quit;
}

static struct brine_reply *fetch_docs(brine_client *client) {
    struct brine_text args[] = {BRINE_TEXT("COMMAND"), BRINE_TEXT("DOCS")};
    struct brine_reply *reply;
    if (brine_call(client, args, ARRAY_LEN(args), &reply) == BRINE_CLIENT_OK) return reply;
    brine_reply_free(reply);
    return NULL;
}

/* "host:port[3](TX)> ", as redis-cli has it; database 0 is not named. */
static void set_prompt(struct shell *shell) {
    char place[100], database[16] = "";
    const struct dialog *dialog = shell->dialog;
    bool connected = brine_socket(dialog->client) >= 0;
    int db = brine_database(dialog->client);
    server_place(shell->server, place, sizeof place);
    if (db) snprintf(database, sizeof database, "[%d]", db);
    const char *transaction = connected && dialog->in_transaction ? "(TX)" : "";
    snprintf(shell->prompt, sizeof shell->prompt, "%s%s%s%s> ", place, database, transaction,
             connected ? "" : " (not connected)");
}

int shell_run(struct dialog *dialog, const struct server_options *server, bool readable) {
    struct shell shell = {.dialog = dialog, .server = server};
    if (readable) dialog->show.string = as_readable;
    shell.docs = fetch_docs(dialog->client);
    if (!open_editor(&shell)) {
        close_editor(&shell);
        brine_reply_free(shell.docs);
        return tool_complain("this terminal cannot be used");
    }
    for (bool go_on = true; go_on;) {
        int count = 0;
        set_prompt(&shell);
        const char *line = el_gets(shell.editor, &count);
        if (!line || count <= 0) break;
        go_on = run_line(&shell, bytes_view(line, (size_t)count));
    }
    close_editor(&shell);
    brine_reply_free(shell.docs);
    return tool_finish(TOOL_OK);
}
