/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/tool.h"

#include "base/bytes.h"
#include "base/number.h"
#include "client/show.h"
#include "client/tool_help.h"
#include "client/tools.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

/* In the order of the manual. */
static const struct tool *const tools[] = {
    &command_tool,
    &get_tool,
    &set_tool,
    &inspect_tool,
    &view_tool,
    &dis_tool,
    &ping_tool,
    &verify_tool,
    &scan_tool,
    &policy_check_tool,
    &policy_diff_tool,
    &policy_learned_tool,
    &audit_tail_tool,
    &stat_tool,
    &latency_tool,
    &bench_tool,
    &snapshot_check_tool,
    &snapshot_list_tool,
    &snapshot_cat_tool,
    &completion_tool,
    &man_tool,
};

enum { COMPLAINT_BYTES = 8192 };

const struct tool *tool_at(size_t index) {
    return index < ARRAY_LEN(tools) ? tools[index] : NULL;
}

const struct tool *tool_find(int argc, char **argv, int *used) {
    *used = 1;
    for (size_t i = 1; argc > 1 && i < ARRAY_LEN(tools); i++) {
        const char *name = tools[i]->name, *space = strchr(name, ' ');
        size_t len = space ? (size_t)(space - name) : strlen(name);
        if (strlen(argv[1]) != len || strncmp(argv[1], name, len) != 0) continue;
        if (!space || (argc > 2 && strcmp(argv[2], space + 1) == 0)) {
            *used = space ? 2 : 1;
            return tools[i];
        }
    }
    return NULL;
}

static void print_escaped(FILE *file, struct bytes text) {
    struct buf shown;
    buf_init(&shown, mem_system(), text.len * 4 + 1);
    bool ok = show_text(&shown, text) == BRINE_OK;
    if (ok && shown.len) fwrite(shown.data, 1, shown.len, file);
    if (!ok) fputs("(no memory to show it)", file);
    buf_deinit(&shown);
}

void tool_print(FILE *file, struct bytes text) {
    if (isatty(fileno(file)))
        print_escaped(file, text);
    else if (text.len)
        fwrite(text.data, 1, text.len, file);
}

/* Part of what is said may be a server's own words. */
int tool_complain(const char *format, ...) {
    char text[COMPLAINT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fputs("brine-cli: ", stderr);
    print_escaped(stderr, bytes_of_cstr(text));
    fputc('\n', stderr);
    return TOOL_USAGE;
}

int tool_complain_of_output(void) {
    return errno == EPIPE ? TOOL_USAGE : tool_complain("standard output: %s", strerror(errno));
}

int tool_finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    return tool_complain_of_output();
}

bool tool_number(const struct tool_call *call, size_t option, struct tool_range range,
                 int64_t *value) {
    const char *text = call->values[option];
    *value = range.fallback;
    if (!text) return true;
    if (number_parse_i64(bytes_of_cstr(text), value) && *value >= range.min && *value <= range.max)
        return true;
    tool_complain("--%s must be a number from %lld to %lld, not '%s'",
                  call->tool->options[option].name, (long long)range.min, (long long)range.max,
                  text);
    return false;
}

/* ---- parsing ----------------------------------------------------------------------------------*/

enum {
    FIRST_CODE = 256,
    HELP_CODE = 1000,
    LETTERS_MAX = 2 * (TOOL_OPTIONS_MAX + SERVER_OPTIONS) + 4
};

/* What getopt_long wants to know of a tool: a code above FIRST_CODE for each row. */
struct parser {
    struct option rows[TOOL_OPTIONS_MAX + SERVER_OPTIONS + 2];
    size_t rows_count;
    char letters[LETTERS_MAX];
    size_t letters_len;
};

static void add_letter(struct parser *parser, char letter, bool argument) {
    parser->letters[parser->letters_len++] = letter;
    if (argument) parser->letters[parser->letters_len++] = ':';
}

static void add_rows(struct parser *parser, const struct tool_option *rows, size_t count,
                     int first_code) {
    for (size_t i = 0; i < count; i++) {
        int argument = rows[i].argument ? required_argument : no_argument;
        if (rows[i].name)
            parser->rows[parser->rows_count++] =
                (struct option){rows[i].name, argument, NULL, first_code + (int)i};
        if (rows[i].letter) add_letter(parser, rows[i].letter, rows[i].argument != NULL);
    }
}

static void make_parser(struct parser *parser, const struct tool *tool) {
    *parser = (struct parser){0};
    if (tool->command_follows) parser->letters[parser->letters_len++] = '+';
    add_rows(parser, tool->options, tool->options_count, FIRST_CODE);
    if (tool->needs_server)
        add_rows(parser, server_option_rows(), SERVER_OPTIONS, FIRST_CODE + TOOL_OPTIONS_MAX);
    else
        add_letter(parser, 'h', false);
    parser->rows[parser->rows_count++] = (struct option){"help", no_argument, NULL, HELP_CODE};
}

/* The row that a letter stands for, as a code; 0: none. */
static int code_of_letter(const struct tool *tool, int letter) {
    for (size_t i = 0; i < tool->options_count; i++)
        if (tool->options[i].letter == letter) return FIRST_CODE + (int)i;
    const struct tool_option *rows = server_option_rows();
    for (size_t i = 0; tool->needs_server && i < SERVER_OPTIONS; i++)
        if (rows[i].letter == letter) return FIRST_CODE + TOOL_OPTIONS_MAX + (int)i;
    return letter == 'h' && !tool->needs_server ? HELP_CODE : 0;
}

static int complain_of_usage(const struct tool *tool, const char *what) {
    if (what) tool_complain("%s %s", tool->name, what);
    fprintf(stderr, "try 'brine-cli %s%s--help'\n", tool->name, tool->name[0] ? " " : "");
    return TOOL_USAGE;
}

/* TOOL_OK: parsed.  *helped: --help was all that was asked. */
static int parse(struct tool_call *call, int argc, char **argv, bool *helped) {
    const struct tool *tool = call->tool;
    struct parser parser;
    make_parser(&parser, tool);
    optind = 0; /* glibc: begin anew */
    for (int code; (code = getopt_long(argc, argv, parser.letters, parser.rows, NULL)) != -1;) {
        if (code == '?') return complain_of_usage(tool, NULL);
        if (code < FIRST_CODE) code = code_of_letter(tool, code);
        if (code == HELP_CODE) {
            tool_help_print(tool);
            *helped = true;
            return TOOL_OK;
        }
        const char *value = optarg ? optarg : "";
        if (code >= FIRST_CODE + TOOL_OPTIONS_MAX)
            call->server.values[code - FIRST_CODE - TOOL_OPTIONS_MAX] = value;
        else
            call->values[code - FIRST_CODE] = value;
    }
    call->words = argv + optind;
    call->words_count = (size_t)(argc - optind);
    if (call->words_count < tool->words_min) {
        char what[128];
        snprintf(what, sizeof what, "needs %s", tool->arguments);
        return complain_of_usage(tool, what);
    }
    if (call->words_count > tool->words_max) return complain_of_usage(tool, "got too many words");
    return TOOL_OK;
}

static bool is_commands_name(const char *name) {
    static const char *const names[] = {"get", "set", "ping", "scan", "latency"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static bool is_option_of(const struct tool_option *rows, size_t count, const char *word,
                         bool word_follows) {
    for (size_t i = 0; i < count; i++) {
        size_t len = rows[i].name ? strlen(rows[i].name) : 0;
        bool whole = word_follows || !rows[i].argument;
        bool named =
            len && strncmp(word, "--", 2) == 0 && strncmp(word + 2, rows[i].name, len) == 0;
        if (named && (word[2 + len] == '=' || (word[2 + len] == 0 && whole))) return true;
        if (rows[i].letter && word[0] == '-' && word[1] == rows[i].letter && word[2] == 0 && whole)
            return true;
    }
    return false;
}

/* Words that a command of this name has no use for: an option of the tool with its argument, - for
 * the value, a URL to walk. */
static bool are_of_tool(const struct tool *tool, int count, char **words) {
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++)
        if (is_option_of(tool->options, tool->options_count, words[i], i + 1 < count)) return true;
    if (tool == &set_tool) return count == 2 && strcmp(words[1], "-") == 0;
    return tool == &scan_tool && count > 0 && strstr(words[0], "://") != NULL;
}

const struct tool *tool_find_behind_options(int argc, char **argv, int *first, int *used) {
    struct parser parser;
    make_parser(&parser, tools[0]);
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, parser.letters, parser.rows, NULL)) != -1 && code != '?')
        continue;
    opterr = 1;
    *first = optind;
    if (code == '?' || optind < 2 || optind >= argc) return NULL;
    const struct tool *tool = tool_find(argc - optind + 1, argv + optind - 1, used);
    if (!tool || !is_commands_name(tool->name)) return tool;
    if (are_of_tool(tool, argc - optind - 1, argv + optind + 1)) return tool;
    bool may = strcmp(tool->name, "scan") == 0 || strcmp(tool->name, "latency") == 0;
    bool alone = optind + 1 == argc || argv[optind + 1][0] == '-';
    return may && alone ? tool : NULL;
}

/* Is the word the first of the tool's two? */
static bool is_of_group(const struct tool *tool, const char *word) {
    const char *space = strchr(tool->name, ' ');
    size_t len = strlen(word);
    return space && (size_t)(space - tool->name) == len && strncmp(tool->name, word, len) == 0;
}

bool tool_list_group(int argc, char **argv, int *code) {
    if (argc < 2) return false;
    bool asked = argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
    bool found = false;
    FILE *out = asked ? stdout : stderr;
    for (size_t i = 1; i < ARRAY_LEN(tools); i++) {
        if (!is_of_group(tools[i], argv[1])) continue;
        if (!found) fprintf(out, "usage: brine-cli %s TOOL ...\n", argv[1]);
        fprintf(out, "  %-18s %s\n", tools[i]->name, tools[i]->summary);
        found = true;
    }
    if (found) *code = tool_finish(asked ? TOOL_OK : TOOL_USAGE);
    return found;
}

int tool_run(const struct tool *tool, int argc, char **argv) {
    struct tool_call call = {.tool = tool};
    bool helped = false;
    int code = parse(&call, argc, argv, &helped);
    if (code != TOOL_OK || helped) return tool_finish(code);
    call.server.environment_password = getenv("BRINECLI_AUTH");
    return tool->run(&call);
}
