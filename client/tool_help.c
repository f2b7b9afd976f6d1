/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/tool_help.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "client/tools.h"
#include "policy/presets.h"
#include "text/json.h"
#include "text/roff.h"

#include <stdio.h>

enum { COLUMNS = 80, OPTION_COLUMN = 26, EXIT_COLUMN = 11, PAGE_BYTES_MAX = 1 << 20 };

/* All options of a tool: its own, those of a connection, --help. */
static const struct tool_option help_row = {"help", 0, NULL, "show this"};
static const struct tool_option help_row_with_letter = {"help", 'h', NULL, "show this"};

static const struct tool_option *option_at(const struct tool *tool, size_t index) {
    if (index < tool->options_count) return &tool->options[index];
    index -= tool->options_count;
    if (tool->needs_server) {
        if (index < SERVER_OPTIONS) return &server_option_rows()[index];
        index -= SERVER_OPTIONS;
    }
    if (index) return NULL;
    return tool->needs_server ? &help_row : &help_row_with_letter;
}

/* ---- --help -----------------------------------------------------------------------------------*/

/* The text in lines of at most COLUMNS, all but the first behind `indent` blanks; `column` is where
 * the first begins.  A newline in it begins a line. */
static void print_wrapped(const char *text, int column, int indent) {
    while (*text) {
        int len = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + len > COLUMNS) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", len, text);
        column += len;
        text += len;
        if (*text == '\n') {
            printf("\n%*s", indent, "");
            column = indent;
        }
        if (*text) text++;
    }
    putchar('\n');
}

static void print_option(const struct tool_option *option) {
    char head[128];
    char letter[] = {'-', option->letter, ',', 0};
    int len =
        snprintf(head, sizeof head, "  %3s --%s%s%s", option->letter ? letter : "", option->name,
                 option->argument ? " " : "", option->argument ? option->argument : "");
    printf("%s", head);
    if (len >= OPTION_COLUMN)
        printf("\n%*s", OPTION_COLUMN, "");
    else
        printf("%*s", OPTION_COLUMN - len, "");
    print_wrapped(option->doc, OPTION_COLUMN, OPTION_COLUMN);
}

static void print_usage(const struct tool *tool) {
    bool options_first = tool->command_follows;
    printf("usage: brine-cli%s%s%s%s%s%s\n", tool->name[0] ? " " : "", tool->name,
           options_first ? " [options]" : "", tool->arguments[0] ? " " : "", tool->arguments,
           options_first ? "" : " [options]");
    if (tool->name[0]) return;
    puts("       brine-cli TOOL ...");
}

void tool_help_print(const struct tool *tool) {
    print_usage(tool);
    print_wrapped(tool->summary, 0, 0);
    if (tool->text) {
        putchar('\n');
        print_wrapped(tool->text, 0, 0);
    }
    if (!tool->name[0]) {
        puts("\nTools (brine-cli TOOL --help tells more):");
        for (size_t i = 1; tool_at(i); i++) {
            printf("  %-18s ", tool_at(i)->name);
            print_wrapped(tool_at(i)->summary, 21, 21);
        }
    }
    puts("\nOptions:");
    for (size_t i = 0; option_at(tool, i); i++) print_option(option_at(tool, i));
    fputs("\nexit code: ", stdout);
    print_wrapped(tool->exits, EXIT_COLUMN, EXIT_COLUMN);
}

/* ---- pages: what is printed for another program
 * ------------------------------------------------*/

enum { PAGE_JSON };
static const struct tool_option page_options[] = {[PAGE_JSON] = TOOL_JSON};

struct page {
    const char *shell; /* or NULL */
    const char *name;  /* of the text in JSON */
    struct buf text;
};

/* {"shell": "bash", "script": "..."} */
static enum brine_status page_json(struct buf *out, const struct page *page) {
    struct json json;
    json_init(&json, out);
    json_open_object(&json);
    if (page->shell) {
        json_key(&json, "shell");
        json_cstr(&json, page->shell);
    }
    json_key(&json, page->name);
    json_string(&json, buf_view(&page->text));
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(out, '\n');
}

static int print_page(const struct tool_call *call, const struct page *page) {
    struct buf out;
    buf_init(&out, mem_system(), PAGE_BYTES_MAX);
    enum brine_status status =
        call->values[PAGE_JSON] ? page_json(&out, page) : buf_append(&out, buf_view(&page->text));
    if (status == BRINE_OK) fwrite(out.data, 1, out.len, stdout);
    buf_deinit(&out);
    return status == BRINE_OK ? tool_finish(TOOL_OK)
                              : tool_complain("%s", brine_status_meaning(status));
}

/* ---- manual pages -----------------------------------------------------------------------------*/

static enum brine_status append_option(struct buf *out, const struct tool_option *option) {
    TRY(buf_append(out, BYTES(".TP\n\\fB")));
    if (option->letter) TRY(buf_printf(out, "\\-%c\\fR, \\fB", option->letter));
    TRY(buf_append(out, BYTES("\\-\\-")));
    TRY(roff_append_word(out, option->name));
    if (option->argument) TRY(buf_printf(out, "\\fR \\fI%s", option->argument));
    TRY(buf_append(out, BYTES("\\fR\n")));
    return roff_append(out, option->doc);
}

static enum brine_status append_tool(struct buf *out, const struct tool *tool) {
    if (tool->name[0]) TRY(buf_printf(out, ".SS brine\\-cli %s %s\n", tool->name, tool->arguments));
    TRY(roff_append(out, tool->summary));
    if (tool->text) {
        TRY(buf_append(out, BYTES(".PP\n")));
        TRY(roff_append(out, tool->text));
    }
    for (size_t i = 0; i < tool->options_count; i++) TRY(append_option(out, &tool->options[i]));
    if (tool->name[0] && tool->needs_server)
        TRY(buf_append(out, BYTES(".PP\nand the options of a connection.\n")));
    TRY(buf_append(out, BYTES(".PP\nExit code:\n")));
    return roff_append(out, tool->exits);
}

static enum brine_status append_manual(struct buf *out) {
    TRY(buf_append(out, BYTES(".TH BRINE-CLI 1 \"\" \"brine\" \"User Commands\"\n.SH NAME\n"
                              "brine\\-cli \\- talks to brine and judges pickles\n.SH SYNOPSIS\n"
                              ".B brine\\-cli\n[options] [COMMAND [ARGUMENT...]]\n.br\n"
                              ".B brine\\-cli\nTOOL ...\n.SH DESCRIPTION\n")));
    TRY(append_tool(out, tool_at(0)));
    TRY(buf_append(out, BYTES(".SH OPTIONS OF A CONNECTION\n")));
    for (size_t i = 0; i < SERVER_OPTIONS; i++) TRY(append_option(out, &server_option_rows()[i]));
    TRY(buf_append(out, BYTES(".SH TOOLS\n")));
    for (size_t i = 1; tool_at(i); i++) TRY(append_tool(out, tool_at(i)));
    return buf_append(
        out, BYTES(".SH ENVIRONMENT\n.TP\nBRINECLI_AUTH\nThe password.\n.TP\nBRINECLI_HISTORY\n"
                   "The file of the interactive mode's history; empty for none "
                   "(~/.brinecli_history).\n.SH SEE ALSO\n.BR brine\\-server (8)\n"));
}

static int run_man(struct tool_call *call) {
    struct page page = {.name = "page"};
    buf_init(&page.text, mem_system(), PAGE_BYTES_MAX);
    enum brine_status status = append_manual(&page.text);
    int code = status == BRINE_OK ? print_page(call, &page)
                                  : tool_complain("%s", brine_status_meaning(status));
    buf_deinit(&page.text);
    return code;
}

const struct tool man_tool = {
    .name = "man",
    .arguments = "",
    .summary = "prints the manual page, for man -l -",
    .exits = "0 printed, 2 not printed",
    TOOL_OPTIONS(page_options),
    .run = run_man,
};

/* ---- completion of shells ---------------------------------------------------------------------*/

/* What is offered where an argument is written text|json: these words. Where it is a POLICY: the
 * presets, and files as well. NULL: files alone. */
static const char *choices_of(const char *argument) {
#define P(name) "|" #name
    static const char presets[] = POLICY_PRESETS(P);
#undef P
    if (!argument) return NULL;
    if (strcmp(argument, TOOL_POLICY) == 0) return presets + 1;
    return strpbrk(argument, " [") || !strchr(argument, '|') ? NULL : argument;
}

static bool takes_files(const char *argument) {
    return !choices_of(argument) || strcmp(argument, TOOL_POLICY) == 0;
}

static void print_choices(FILE *out, const char *argument) {
    for (const char *at = choices_of(argument); *at; at++) fputc(*at == '|' ? ' ' : *at, out);
}

/* First words of tools' names, each once: "policy check" and "policy diff" are one "policy". */
static bool is_first_of_its_word(size_t index) {
    size_t len = strcspn(tool_at(index)->name, " ");
    for (size_t i = 1; i < index; i++)
        if (strcspn(tool_at(i)->name, " ") == len &&
            strncmp(tool_at(i)->name, tool_at(index)->name, len) == 0)
            return false;
    return true;
}

static void print_first_words(FILE *out) {
    const char *between = "";
    for (size_t i = 1; tool_at(i); i++) {
        if (!is_first_of_its_word(i)) continue;
        fprintf(out, "%s%.*s", between, (int)strcspn(tool_at(i)->name, " "), tool_at(i)->name);
        between = " ";
    }
}

/* Of all tools that begin with the same word, of which this is the first. */
static void print_second_words(FILE *out, size_t first) {
    size_t len = strcspn(tool_at(first)->name, " ");
    for (size_t i = first; tool_at(i); i++)
        if (strncmp(tool_at(i)->name, tool_at(first)->name, len + 1) == 0)
            fprintf(out, "%s%s", i > first ? " " : "", tool_at(i)->name + len + 1);
}

static void print_options_of(FILE *out, const struct tool *tool) {
    const char *between = "";
    for (size_t i = 0; option_at(tool, i); i++) {
        fprintf(out, "%s--%s", between, option_at(tool, i)->name);
        between = " ";
    }
}

/* Words behind an option, also where bash has cut --format=text in three. */
static void print_bash_choices(FILE *out, const struct tool *tool) {
    const char *name = tool->name;
    for (size_t i = 0; option_at(tool, i); i++) {
        const struct tool_option *option = option_at(tool, i);
        if (!choices_of(option->argument)) continue;
        fprintf(out, "    \"%s%s\"*\" --%s\")\n        mapfile -t COMPREPLY < <(compgen %s-W \"",
                name, strchr(name, ' ') ? "" : " ", option->name,
                takes_files(option->argument) ? "-f " : "");
        print_choices(out, option->argument);
        fputs("\" -- \"$word\")\n        return\n        ;;\n", out);
    }
}

static void print_bash_options(FILE *out, const struct tool *tool) {
    const char *name = tool->name;
    fprintf(out, "    \"%s%s\"*) options=\"", name, strchr(name, ' ') ? "" : " ");
    print_options_of(out, tool);
    fputc('"', out);
    if (choices_of(tool->arguments)) {
        fputs(" words=\"", out);
        print_choices(out, tool->arguments);
        fputc('"', out);
    }
    fputs(" ;;\n", out);
}

static void print_bash(FILE *out) {
    fputs("_brine_cli() {\n    local word=\"${COMP_WORDS[COMP_CWORD]}\" options words=\n"
          "    local before=\"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
          "    if [ \"$word\" = = ]; then\n        word=\n"
          "    elif [ \"$before\" = = ]; then\n"
          "        before=\"${COMP_WORDS[COMP_CWORD - 2]}\"\n    fi\n"
          "    if [ \"$COMP_CWORD\" = 1 ] && [ \"${word#-}\" = \"$word\" ]; then\n",
          out);
    fputs("        mapfile -t COMPREPLY < <(compgen -W \"", out);
    print_first_words(out);
    fputs("\" -- \"$word\")\n        return\n    fi\n"
          "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]} $before\" in\n",
          out);
    for (size_t i = 1; tool_at(i); i++) print_bash_choices(out, tool_at(i));
    fputs("    esac\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n", out);
    for (size_t i = 1; tool_at(i); i++) print_bash_options(out, tool_at(i));
    for (size_t i = 1; tool_at(i); i++) {
        if (!is_first_of_its_word(i) || !strchr(tool_at(i)->name, ' ')) continue;
        size_t len = strcspn(tool_at(i)->name, " ");
        fprintf(out, "    \"%.*s \"*) options=\"", (int)len, tool_at(i)->name);
        print_second_words(out, i);
        fputs("\" ;;\n", out);
    }
    fputs("    *) options=\"", out);
    print_options_of(out, tool_at(0));
    fputs("\" ;;\n    esac\n    if [ \"${word#-}\" != \"$word\" ] || [ \"${options#-}\" = "
          "\"$options\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
          "    elif [ -n \"$words\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n    else\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n    fi\n}\n"
          "complete -o filenames -F _brine_cli brine-cli\n",
          out);
}

/* Without what a single-quoted word of zsh or fish, or a description in brackets, cannot hold. */
static void print_plain(FILE *out, const char *text) {
    for (; *text; text++)
        if (!strchr("'[]:\\", *text)) fputc(*text, out);
}

static void print_zsh_values(FILE *out, const char *argument) {
    if (!choices_of(argument)) {
        fputs("_files", out);
        return;
    }
    fputs(takes_files(argument) ? "{compadd " : "(", out);
    print_choices(out, argument);
    fputs(takes_files(argument) ? "; _files}" : ")", out);
}

static void print_zsh_arguments(FILE *out, const struct tool *tool) {
    for (size_t i = 0; option_at(tool, i); i++) {
        const struct tool_option *option = option_at(tool, i);
        fprintf(out, "            '--%s%s[", option->name, option->argument ? "=" : "");
        print_plain(out, option->doc);
        fputc(']', out);
        if (option->argument) {
            fputs(":value:", out);
            print_zsh_values(out, option->argument);
        }
        fputs("' \\\n", out);
    }
    fputs("            '*:word:", out);
    print_zsh_values(out, tool->arguments);
    fputs("' ;;\n", out);
}

static void print_zsh(FILE *out) {
    fputs("#compdef brine-cli\n_brine_cli() {\n    local -a tools\n    tools=(\n", out);
    for (size_t i = 1; tool_at(i); i++) {
        if (!is_first_of_its_word(i)) continue;
        const char *name = tool_at(i)->name;
        fprintf(out, "        '%.*s:", (int)strcspn(name, " "), name);
        if (strchr(name, ' '))
            print_second_words(out, i);
        else
            print_plain(out, tool_at(i)->summary);
        fputs("'\n", out);
    }
    fputs("    )\n    if (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
          "        _describe tool tools\n        return\n    fi\n",
          out);
    for (size_t i = 1; tool_at(i); i++) {
        const char *name = tool_at(i)->name;
        if (!is_first_of_its_word(i) || !strchr(name, ' ')) continue;
        fprintf(out,
                "    if (( CURRENT == 3 )) && [[ ${words[2]} == %.*s ]]; then\n        compadd ",
                (int)strcspn(name, " "), name);
        print_second_words(out, i);
        fputs("\n        return\n    fi\n", out);
    }
    fputs("    case \"${words[2]} ${words[3]}\" in\n", out);
    for (size_t i = 1; tool_at(i); i++) {
        const char *name = tool_at(i)->name;
        fprintf(out, "        \"%s%s\"*) _arguments \\\n", name, strchr(name, ' ') ? "" : " ");
        print_zsh_arguments(out, tool_at(i));
    }
    fputs("        *) _arguments \\\n", out);
    print_zsh_arguments(out, tool_at(0));
    fputs("    esac\n}\n_brine_cli \"$@\"\n", out);
}

/* `condition` is what fish asks before it offers them. */
static void print_fish_options(FILE *out, const struct tool *tool, const char *condition,
                               const char *word) {
    for (size_t i = 0; option_at(tool, i); i++) {
        const struct tool_option *option = option_at(tool, i);
        fprintf(out, "complete -c brine-cli -n '%s%.*s' -l %s%s", condition,
                (int)strcspn(word, " "), word, option->name,
                !option->argument               ? ""
                : takes_files(option->argument) ? " -r"
                                                : " -x");
        if (choices_of(option->argument)) {
            fputs(" -a '", out);
            print_choices(out, option->argument);
            fputc('\'', out);
        }
        if (option->letter) fprintf(out, " -s %c", option->letter);
        fprintf(out, " -d '");
        print_plain(out, option->doc);
        fputs("'\n", out);
    }
}

static void print_fish(FILE *out) {
    print_fish_options(out, tool_at(0), "__fish_use_subcommand", "");
    for (size_t i = 1; tool_at(i); i++) {
        const struct tool *tool = tool_at(i);
        size_t len = strcspn(tool->name, " ");
        fprintf(out, "complete -c brine-cli -n '__fish_use_subcommand' -a '%.*s' -d '", (int)len,
                tool->name);
        print_plain(out, tool->summary);
        fputs("'\n", out);
        if (tool->name[len]) {
            fprintf(out, "complete -c brine-cli -f -n '__fish_seen_subcommand_from %.*s' -a '%s'\n",
                    (int)len, tool->name, tool->name + len + 1);
        }
        if (choices_of(tool->arguments)) {
            fprintf(out, "complete -c brine-cli -f -n '__fish_seen_subcommand_from %s' -a '",
                    tool->name);
            print_choices(out, tool->arguments);
            fputs("'\n", out);
        }
        print_fish_options(out, tool, "__fish_seen_subcommand_from ", tool->name);
    }
}

static ssize_t append_to_buf(void *cookie, const char *data, size_t len) {
    struct buf *buf = cookie;
    return buf_append(buf, bytes_view((const uint8_t *)data, len)) == BRINE_OK ? (ssize_t)len : 0;
}

static int complete(const struct tool_call *call, const char *shell, void (*print)(FILE *out)) {
    struct page page = {.shell = shell, .name = "script"};
    buf_init(&page.text, mem_system(), PAGE_BYTES_MAX);
    FILE *out = fopencookie(&page.text, "w", (cookie_io_functions_t){.write = append_to_buf});
    if (out) print(out);
    int code = out && fclose(out) == 0 ? print_page(call, &page) : tool_complain("no memory");
    buf_deinit(&page.text);
    return code;
}

static int run_completion(struct tool_call *call) {
    static const struct {
        const char *shell;
        void (*print)(FILE *out);
    } rows[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(call->words[0], rows[i].shell) == 0)
            return complete(call, rows[i].shell, rows[i].print);
    return tool_complain("completion is for bash, zsh and fish, not '%s'", call->words[0]);
}

const struct tool completion_tool = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .summary = "prints what makes a shell complete brine-cli's words",
    .text = "bash: source <(brine-cli completion bash). zsh: brine-cli completion zsh "
            ">~/.zfunc/_brine-cli. fish: brine-cli completion fish | source.",
    .exits = "0 printed, 2 wrong usage",
    TOOL_OPTIONS(page_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_completion,
};
