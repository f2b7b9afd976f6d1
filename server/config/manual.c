/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The manual pages.  What they say of options is options.def's; only what no table knows (signals,
 * exit codes, files) is written here. */

#include "config/print.h"
#include "text/roff.h"

/* ---- brine-server(8) --------------------------------------------------------------------------
 */

static const char server_head[] =
    ".SH NAME\n"
    "brine\\-server \\- cache server that verifies every pickle before it stores it\n"
    ".SH SYNOPSIS\n"
    ".B brine\\-server\n"
    "[\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-\\fISECTION\\fR.\\fIKEY\\fR=\\fIVALUE\\fR]...\n"
    ".SH DESCRIPTION\n"
    "brine\\-server speaks the Redis protocol, on 127.0.0.1:6379 unless it is told otherwise.\n"
    "Each value that is a Python pickle is read opcode by opcode, without being executed, and is\n"
    "stored only when a policy allows what it would load.\n"
    "It stays in the foreground, and tells systemd when it is ready and when it stops.\n"
    ".PP\n"
    "Every option has four places: its default, a file, the environment, a flag.\n"
    "Each is stronger than those before it.\n"
    "A wrong name or value is refused with its place; nothing is ignored.\n"
    ".SH OPTIONS\n"
    ".TP\n"
    "\\fB\\-\\-config\\fR \\fIFILE\\fR\n"
    "read options, rules and policies from a file, as\n"
    ".BR brine.toml (5)\n"
    "describes it\n"
    ".TP\n"
    "\\fB\\-\\-\\fISECTION\\fR.\\fIKEY\\fR=\\fIVALUE\\fR\n"
    "set any option of\n"
    ".BR brine.toml (5),\n"
    "as in \\-\\-server.port=7000\n";

static const char server_tail[] =
    ".SH SIGNALS\n"
    ".TP\n"
    "SIGTERM, SIGINT\n"
    "stop: let clients go, write a snapshot when snapshot.on_stop is set, and end; SIGINT while "
    "that\n"
    "goes on ends at once\n"
    ".TP\n"
    "SIGHUP\n"
    "open log and audit file anew, and read rules, policies and certificates again\n"
    ".SH ENVIRONMENT\n"
    "\\fBBRINE_\\fISECTION\\fB_\\fIKEY\\fR is the option \\fISECTION\\fR.\\fIKEY\\fR:\n"
    "BRINE_SERVER_PORT=7000 is \\-\\-server.port=7000.\n"
    "A variable that begins with BRINE_ and names no option is refused.\n"
    ".SH EXIT STATUS\n"
    ".TP\n0\nstopped as asked\n"
    ".TP\n1\nnot started, or the last snapshot was not written\n"
    ".TP\n78\nthe configuration was refused\n"
    ".TP\n130\ngiven up by SIGINT while it stopped\n"
    ".SH FILES\n"
    ".TP\n/etc/brine/brine.toml\nwhat the systemd unit reads\n"
    ".TP\ndump.brine\nthe snapshot, in the folder snapshot.dir; loaded at the start when it is "
    "there\n"
    ".SH SEE ALSO\n"
    ".BR brine.toml (5),\n"
    ".BR brine\\-cli (1)\n";

enum brine_status config_print_manual(struct buf *out, const char *version) {
    TRY(buf_printf(out, ".TH BRINE-SERVER 8 \"\" \"brine %s\" \"System Administration\"\n",
                   version));
    TRY(buf_append(out, bytes_of_cstr(server_head)));
    for (size_t i = 0; i < TASK_RUN; i++) {
        TRY(buf_append(out, BYTES(".TP\n.B ")));
        TRY(roff_append_word(out, config_task_rows[i].flag));
        TRY(buf_append_byte(out, '\n'));
        TRY(roff_append(out, config_task_rows[i].doc));
    }
    return buf_append(out, bytes_of_cstr(server_tail));
}

/* ---- brine.toml(5) ----------------------------------------------------------------------------
 */

static const char file_head[] =
    ".SH NAME\n"
    "brine.toml \\- options, rules and policies of brine\\-server\n"
    ".SH DESCRIPTION\n"
    "A file in TOML 1.0, without dates and times, that\n"
    ".BR brine\\-server (8)\n"
    "reads when it is named by \\-\\-config.\n"
    "An option that is not in it keeps its default; the environment and flags are stronger than "
    "it.\n"
    "brine\\-server \\-\\-print\\-example\\-config writes such a file with every option in it, "
    "and\n"
    "\\-\\-check\\-config says whether one is right.\n"
    ".PP\n"
    "What may change while the server runs does so by CONFIG SET, under the name section.key or\n"
    "under Redis's; CONFIG REWRITE writes it into the file.\n"
    ".SH OPTIONS\n";

static enum brine_status append_option(struct buf *out, const struct option_row *row) {
    struct option_value value;
    option_default(row, &value);
    TRY(buf_append(out, BYTES(".TP\n\\fB")));
    TRY(roff_append_word(out, row->key));
    TRY(buf_append(out, BYTES("\\fR = ")));
    struct buf text;
    buf_init(&text, out->mem, BRINE_ERROR_TEXT_BYTES);
    enum brine_status status = option_format_toml(row, &value, &text);
    if (status == BRINE_OK) status = buf_append_byte(&text, 0);
    if (status == BRINE_OK) status = roff_append(out, (const char *)text.data);
    buf_clear(&text);
    if (status == BRINE_OK) status = config_describe(row, &text);
    if (status == BRINE_OK) status = buf_append_byte(&text, 0);
    if (status == BRINE_OK) status = roff_append(out, row->doc);
    if (status == BRINE_OK) status = roff_append(out, (const char *)text.data);
    buf_deinit(&text);
    return status;
}

static enum brine_status append_section(struct buf *out, const struct config_section *section) {
    TRY(buf_printf(out, ".SS [%s]\n", section->name));
    TRY(roff_append(out, section->doc));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        if (strcmp(config_rows[i].section, section->name) == 0)
            TRY(append_option(out, &config_rows[i]));
    return BRINE_OK;
}

/* The example without the marks that make comments of its lines; its prose keeps them. */
static enum brine_status append_rules(struct buf *out) {
    struct buf text;
    buf_init(&text, out->mem, strlen(config_rules_example) + 1);
    enum brine_status status = BRINE_OK;
    for (const char *at = config_rules_example; status == BRINE_OK && *at; at++) {
        bool starts = at == config_rules_example || at[-1] == '\n';
        if (!starts || at[0] != '#' || at[1] == ' ') status = buf_append_byte(&text, (uint8_t)*at);
    }
    if (status == BRINE_OK) status = buf_append_byte(&text, 0);
    if (status == BRINE_OK) status = roff_append_lines(out, (const char *)text.data);
    buf_deinit(&text);
    return status;
}

enum brine_status config_print_file_manual(struct buf *out, const char *version) {
    TRY(buf_printf(out, ".TH BRINE.TOML 5 \"\" \"brine %s\" \"File Formats\"\n", version));
    TRY(buf_append(out, bytes_of_cstr(file_head)));
    for (size_t i = 0; i < config_sections_count; i++)
        TRY(append_section(out, &config_sections[i]));
    TRY(buf_append(out, BYTES(".SH RULES AND POLICIES\n")));
    TRY(append_rules(out));
    return buf_append(out, BYTES(".SH SEE ALSO\n.BR brine\\-server (8),\n.BR brine\\-cli (1)\n"));
}
