/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A tool of brine-cli: a row from which come the parsing of its options, --help, the manual page
 * and the completion of shells.
 *
 *     enum { PING_COUNT, PING_JSON };
 *     static const struct tool_option ping_options[] = {
 *         [PING_COUNT] = {"count", 'c', "N", "how often (1)"}, [PING_JSON] = TOOL_JSON};
 *     const struct tool ping_tool = {.name = "ping", .summary = ..., TOOL_OPTIONS(ping_options),
 *                                    .needs_server = true, .run = run_ping};
 *
 * A tool's options are numbered by their place; call->values[PING_COUNT] is what was given, NULL
 * when nothing was, "" for a flag.  --help is every tool's; who needs a server has the options of a
 * connection as well (server.h).
 *
 * A name may be two words, "policy check".  Errors of usage are said on standard error and end in
 * TOOL_USAGE. */
#ifndef BRINE_CLIENT_TOOL_H
#define BRINE_CLIENT_TOOL_H

#include "base/base.h"
#include "base/bytes.h"
#include "client/server.h"

#include <stdio.h>

enum tool_exit {
    TOOL_OK = 0,
    TOOL_BAD = 1,      /* refused, an error reply, a finding */
    TOOL_USAGE = 2,    /* wrong usage, or something could not be read or reached */
    TOOL_SIGNAL = 128, /* and the number of the signal that ended it: 130 for Ctrl-C */
};

enum { TOOL_OPTIONS_MAX = 40 };

struct tool_option {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: a flag. Of text|json shells complete the words. */
    const char *doc;
};
/* An argument of which shells complete presets and files. */
#define TOOL_POLICY "POLICY"
#define TOOL_JSON                                                                                  \
    { "json", 0, NULL, "as JSON" }
#define TOOL_OPTIONS(rows) .options = (rows), .options_count = ARRAY_LEN(rows)

struct tool_range {
    int64_t min, max, fallback;
};

struct tool_call {
    const struct tool *tool;
    const char *values[TOOL_OPTIONS_MAX];
    char **words; /* what is no option, in order */
    size_t words_count;
    struct server_options server;
};

struct tool {
    const char *name; /* "": commands to a server */
    const char *arguments;
    const char *summary; /* one line */
    const char *text;    /* paragraphs for --help and the manual page; may be NULL */
    const char *exits;   /* what the exit codes mean */
    const struct tool_option *options;
    size_t options_count;
    bool needs_server;
    bool command_follows; /* the first word ends the options: the rest belongs to a command */
    size_t words_min, words_max;
    int (*run)(struct tool_call *call);
};

/* All tools in the order of the manual; tool_at(0) is "". NULL beyond the last. */
const struct tool *tool_at(size_t index);
/* The tool that argv[1] (and argv[2]) names; *used is how many words its name takes. */
const struct tool *tool_find(int argc, char **argv, int *used);

/* The tool that is named behind options of a connection (-p 7000 stat): *first is where its name
 * stands in argv. Names that are commands too are the server's, unless the words behind them are
 * the tool's: one of its options, - as what to set, a URL to scan; "scan" and "latency" with no
 * word of a command are the tool as well. */
const struct tool *tool_find_behind_options(int argc, char **argv, int *first, int *used);

/* When argv[1] is the first word of tools of two words, without one that is known behind it: lists
 * them.  True: *code is the exit code. */
bool tool_list_group(int argc, char **argv, int *code);

/* Parses and runs; argv[0] is not looked at.  Returns the exit code. */
int tool_run(const struct tool *tool, int argc, char **argv);

/* Takes a number from min to max out of an option; `fallback` when it was not given. */
bool tool_number(const struct tool_call *call, size_t option, struct tool_range range,
                 int64_t *value) MUST_USE;

/* Says something on standard error behind "brine-cli: "; returns TOOL_USAGE. */
int tool_complain(const char *format, ...) PRINTF_LIKE(1, 2);
/* Writes text that somebody else chose: as it is, but on a terminal with what that would obey as
 * \xNN.  Ends of lines and tabs stay. */
void tool_print(FILE *file, struct bytes text);
/* Says by errno why standard output takes no more, but for a reader that has gone (| head), who
 * knows; returns TOOL_USAGE. */
int tool_complain_of_output(void);
/* Ends what a tool wrote to standard output: code, or TOOL_USAGE when that could not be written. */
int tool_finish(int code) MUST_USE;

#endif
