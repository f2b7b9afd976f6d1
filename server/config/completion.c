/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What makes bash, zsh and fish complete brine-server's flags, and the words of those that have
 * words.  A flag and its value are one word, with = between them: nothing else is understood. */

#include "config/print.h"

/* "true false", "enforce learn off"; nothing for what has no words.  `before` stands before each.
 */
static enum brine_status append_words(struct buf *out, const struct option_row *row,
                                      const char *before) {
    const char *words = row->kind == KIND_BOOL ? "true|false|" : row->words ? row->words : "";
    for (const char *space = ""; *words; space = " ") {
        size_t len = strcspn(words, "|");
        TRY(buf_printf(out, "%s%s%.*s", space, before, (int)len, words));
        words += len + (words[len] == '|');
    }
    return BRINE_OK;
}

static bool has_words(const struct option_row *row) {
    return row->kind == KIND_BOOL || row->words;
}

/* Without what a single-quoted word, or a description in brackets, cannot hold. */
static enum brine_status append_plain(struct buf *out, const char *text) {
    for (; *text; text++)
        if (!strchr("'[]:\\", *text)) TRY(buf_append_byte(out, (uint8_t)*text));
    return BRINE_OK;
}

enum brine_status config_print_bash(struct buf *out) {
    TRY(buf_append(out, BYTES("_brine_server() {\n"
                              "    local word=\"${COMP_WORDS[COMP_CWORD]}\" flag=\n"
                              "    local before=\"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
                              "    if [ \"$word\" = = ]; then\n"
                              "        flag=$before word=\n"
                              "    elif [ \"$before\" = = ]; then\n"
                              "        flag=\"${COMP_WORDS[COMP_CWORD - 2]}\"\n"
                              "    elif [ \"$before\" = --config ]; then\n"
                              "        flag=$before\n"
                              "    fi\n"
                              "    case \"$flag\" in\n"
                              "    \"\")\n"
                              "        mapfile -t COMPREPLY < <(compgen -W \"--config")));
    for (size_t i = 0; i < TASK_RUN; i++) TRY(buf_printf(out, " %s", config_task_rows[i].flag));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) TRY(buf_printf(out, " --%s=", config_rows[i].name));
    TRY(buf_append(out, BYTES("\" -- \"$word\")\n"
                              "        [[ \"${COMPREPLY[0]}\" != *= ]] || compopt -o nospace\n"
                              "        ;;\n")));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        if (!has_words(&config_rows[i])) continue;
        TRY(buf_printf(out, "    --%s) mapfile -t COMPREPLY < <(compgen -W \"",
                       config_rows[i].name));
        TRY(append_words(out, &config_rows[i], ""));
        TRY(buf_append(out, BYTES("\" -- \"$word\") ;;\n")));
    }
    return buf_append(out, BYTES("    *)\n"
                                 "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
                                 "        compopt -o filenames\n"
                                 "        ;;\n"
                                 "    esac\n"
                                 "}\n"
                                 "complete -F _brine_server brine-server\n"));
}

enum brine_status config_print_zsh(struct buf *out) {
    TRY(buf_append(out, BYTES("#compdef brine-server\n"
                              "_arguments \\\n"
                              "    '--config[read options from a TOML file]:file:_files' \\\n")));
    for (size_t i = 0; i < TASK_RUN; i++) {
        TRY(buf_printf(out, "    '%s[", config_task_rows[i].flag));
        TRY(append_plain(out, config_task_rows[i].doc));
        TRY(buf_append(out, BYTES("]' \\\n")));
    }
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        TRY(buf_printf(out, "    '--%s=-[", row->name));
        TRY(append_plain(out, row->doc));
        TRY(buf_append(out, has_words(row) ? BYTES("]:value:(") : BYTES("]:value:_files")));
        TRY(append_words(out, row, ""));
        TRY(buf_printf(out, "%s'%s\n", has_words(row) ? ")" : "",
                       i + 1 < CONFIG_OPTIONS ? " \\" : ""));
    }
    return BRINE_OK;
}

static enum brine_status append_fish_word(struct buf *out, const char *words, const char *doc) {
    TRY(buf_printf(out, "complete -c brine-server -f -a '%s' -d '", words));
    TRY(append_plain(out, doc));
    return buf_append(out, BYTES("'\n"));
}

/* As plain words: fish would offer an option that takes a value without its = as well. */
enum brine_status config_print_fish(struct buf *out) {
    TRY(buf_append(out, BYTES("complete -c brine-server -r -l config -d 'read options from a TOML "
                              "file'\n")));
    for (size_t i = 0; i < TASK_RUN; i++)
        TRY(append_fish_word(out, config_task_rows[i].flag, config_task_rows[i].doc));
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option_row *row = &config_rows[i];
        struct buf words, before;
        buf_init(&words, out->mem, BRINE_ERROR_TEXT_BYTES);
        buf_init(&before, out->mem, BRINE_ERROR_TEXT_BYTES);
        enum brine_status status = buf_printf(&before, "--%s=", row->name);
        if (status == BRINE_OK) status = buf_append_byte(&before, 0);
        if (status == BRINE_OK)
            status = has_words(row) ? append_words(&words, row, (const char *)before.data)
                                    : buf_printf(&words, "--%s=", row->name);
        if (status == BRINE_OK) status = buf_append_byte(&words, 0);
        if (status == BRINE_OK) status = append_fish_word(out, (const char *)words.data, row->doc);
        buf_deinit(&before);
        buf_deinit(&words);
        TRY(status);
    }
    return BRINE_OK;
}
