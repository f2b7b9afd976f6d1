/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The rows and values as text: --help, --print-config, config.example.toml. */

#include "config/print.h"

#include "text/toml_write.h"

enum { DOC_COLUMNS = 100 };

/* Words of `text` in lines of at most DOC_COLUMNS, each begun with `prefix`. */
static enum brine_status print_wrapped(const char *prefix, struct bytes text, struct buf *out) {
    size_t prefix_len = strlen(prefix), column = 0;
    for (size_t at = 0; at < text.len;) {
        size_t len = 0;
        while (at + len < text.len && text.data[at + len] != ' ') len++;
        if (column > 0 && column + 1 + len > DOC_COLUMNS) {
            TRY(buf_append_byte(out, '\n'));
            column = 0;
        }
        TRY(buf_append(out, column ? BYTES(" ") : bytes_view(prefix, prefix_len)));
        TRY(buf_append(out, bytes_slice(text, at, len)));
        column += (column ? 1 : prefix_len) + len;
        at += len + 1;
    }
    return buf_append_byte(out, '\n');
}

enum brine_status config_describe(const struct option_row *row, struct buf *out) {
    size_t start = out->len;
    TRY(option_describe(row, out));
    out->data[start] -= 0x20; /* descriptions begin with a small letter, sentences do not */
    bool runtime = row->when == WHEN_RUNTIME;
    TRY(buf_append(out,
                   runtime ? BYTES(". CONFIG SET may change it") : BYTES(". Fixed once started")));
    if (row->redis[0]) TRY(buf_printf(out, ". Redis: %s", row->redis));
    return buf_append_byte(out, '.');
}

static enum brine_status print_describe(const struct option_row *row, const char *prefix,
                                        struct buf *out) {
    struct buf line;
    buf_init(&line, out->mem, BRINE_ERROR_TEXT_BYTES);
    enum brine_status status = config_describe(row, &line);
    if (status == BRINE_OK) status = print_wrapped(prefix, buf_view(&line), out);
    buf_deinit(&line);
    return status;
}

/* ---- the example ------------------------------------------------------------------------------
 */

static enum brine_status print_example_section(const struct config_section *section,
                                               struct buf *out) {
    TRY(buf_printf(out, "\n# %s\n[%s]\n", section->doc, section->name));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        if (strcmp(row->section, section->name) != 0) continue;
        TRY(buf_append_byte(out, '\n'));
        TRY(print_wrapped("# ", bytes_of_cstr(row->doc), out));
        TRY(print_describe(row, "# ", out));
        struct option_value value;
        option_default(row, &value);
        TRY(buf_printf(out, "#%s = ", row->key));
        TRY(option_format_toml(row, &value, out));
        TRY(buf_append_byte(out, '\n'));
    }
    return BRINE_OK;
}

/* What is no option, because it repeats.  Its keys are gate/'s: rules.h, policy/policy.h. */
const char config_rules_example[] =
    "\n# Rules: which values may stand under which keys.  The first one that fits decides; the\n"
    "# default rule fits every key: values = \"auto\", gate.policy, on_refusal = \"error\".  It\n"
    "# looks for a pickle as it is, behind dogpile's head and '!', in kombu's messages, and "
    "packed\n"
    "# by zlib, gzip, bz2, xz, lzma, lz4 or zstd.  It does not look into base64 of a pickle, into\n"
    "# values with a prefix or signature (Django's signing, cacheops, cashews, huey-priority, an\n"
    "# HMAC), nor into .npy files: these it stores unread.  Their keys need a rule with the\n"
    "# reader's profile or framings, or with values = \"pickle\".  `brine-cli scan` finds most of\n"
    "# what is stored so already.\n"
    "#[[rule]]\n"
    "#name = \"sessions\"              # for messages\n"
    "#db = [0, 1]                    # a number or several; left out: every database\n"
    "#keys = \"session:*\"             # a glob or several; left out: every key\n"
    "#profile = \"django-redis\"       # what a library writes; own keys of the rule are stronger\n"
    "#values = \"pickle\"              # pickle: pickles and integers; auto: also what is none in\n"
    "#                               # the framings looked for; opaque: anything, unread\n"
    "#framings = [\"pickle\", \"zlib\"]  # how it may be wrapped; also base64, hmac-sha256, ...\n"
    "#policy = [\"stdlib\", \"shop\"]    # one or several\n"
    "#min_protocol = 2\n"
    "#max_protocol = 4\n"
    "#max_bytes = \"1mb\"\n"
    "#on_refusal = \"error\"           # drop: answer OK and store nothing; log: store and record\n"
    "#audit = \"refused\"              # all, none\n"
    "\n# Policies of your own: which globals a pickle may name.\n"
    "#[policy.shop]\n"
    "#doc = \"the shop's sessions\"\n"
    "#extends = [\"stdlib\"]\n"
    "#allow = [\n"
    "#    \"shop.models.Cart\",\n"
    "#    { name = \"shop.money.parse\", may = [\"call\"], args = \"s\" },\n"
    "#]\n";

enum brine_status config_print_example(struct buf *out) {
    TRY(buf_append(
        out, BYTES("# SPDX-FileCopyrightText: 2026 The brine authors\n"
                   "# SPDX-License-Identifier: Apache-2.0\n#\n"
                   "# Every option of brine-server with its default.  brine-server --config FILE "
                   "reads such a file;\n"
                   "# what is not in it keeps its default.  Stronger than the file is the "
                   "environment\n"
                   "# (BRINE_SERVER_PORT=6380), and stronger than that a flag "
                   "(--server.port=6380).\n"
                   "# Generated from server/config/options.def; a test keeps the two in step.\n")));
    for (size_t i = 0; i < config_sections_count; i++)
        TRY(print_example_section(&config_sections[i], out));
    return buf_append(out, bytes_of_cstr(config_rules_example));
}

/* ---- the effective configuration --------------------------------------------------------------
 */

static enum brine_status print_origin(const struct config *config, const struct option_row *row,
                                      struct buf *out) {
    const struct config_origin *origin = &config->origins[option_index(row)];
    switch (origin->source) {
    case CONFIG_FROM_DEFAULT:
        return buf_append(out, BYTES(" # default\n"));
    case CONFIG_FROM_FILE:
        return buf_printf(out, " # %.*s:%u\n", (int)config->file_path.len,
                          (const char *)config->file_path.data, origin->line);
    case CONFIG_FROM_ENVIRONMENT:
        TRY(buf_append(out, BYTES(" # environment ")));
        TRY(option_environment_name(row, out));
        return buf_append_byte(out, '\n');
    case CONFIG_FROM_FLAG:
        return buf_printf(out, " # flag --%s\n", row->name);
    case CONFIG_FROM_SET:
        return buf_append(out, BYTES(" # CONFIG SET\n"));
    }
    return BRINE_INVALID;
}

static enum brine_status print_option(const struct config *config, const struct option_row *row,
                                      struct buf *out) {
    struct option_value value;
    config_value(config, row, &value);
    bool is_hidden = row->kind == KIND_SECRET && value.text.len > 0;
    TRY(buf_printf(out, "%s%s = ", is_hidden ? "# " : "", row->key));
    if (is_hidden)
        TRY(buf_append(out, BYTES("(a secret, not shown)")));
    else
        TRY(option_format_toml(row, &value, out));
    return print_origin(config, row, out);
}

enum brine_status config_print(struct config *config, struct buf *out) {
    const char *section = "";
    enum brine_status status = BRINE_OK;
    pthread_mutex_lock(&config->text_lock);
    for (size_t i = 0; status == BRINE_OK && i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        if (strcmp(section, row->section) != 0)
            status = buf_printf(out, "%s[%s]\n", section[0] ? "\n" : "", row->section);
        section = row->section;
        if (status == BRINE_OK) status = print_option(config, row, out);
    }
    pthread_mutex_unlock(&config->text_lock);
    return status;
}

/* ---- help -------------------------------------------------------------------------------------
 */

const struct config_task_row config_task_rows[TASK_RUN] = {
#define T(task, flag, doc) [TASK_##task] = {TASK_##task, flag, doc},
    CONFIG_TASKS(T)
#undef T
};

enum brine_status config_print_help(struct buf *out) {
    TRY(buf_append(out, BYTES("usage: brine-server [--config FILE] [--SECTION.KEY=VALUE]...\n\n"
                              "  --config FILE             read options from a TOML file\n")));
    for (size_t i = 0; i < TASK_RUN; i++)
        TRY(buf_printf(out, "  %-25s %s\n", config_task_rows[i].flag, config_task_rows[i].doc));
    TRY(buf_append(
        out, BYTES("\n"
                   "Each option is also a variable: --server.port=6380 is BRINE_SERVER_PORT=6380.\n"
                   "The strongest wins: flag, environment, file, default.\n")));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        struct option_value value;
        option_default(row, &value);
        TRY(buf_printf(out, "\n  --%s=", row->name));
        TRY(option_format(row, DIALECT_BRINE, &value, out));
        TRY(buf_append_byte(out, '\n'));
        TRY(print_wrapped("        ", bytes_of_cstr(row->doc), out));
        TRY(print_describe(row, "        ", out));
    }
    return BRINE_OK;
}
