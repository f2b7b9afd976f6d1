/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The command line.  It is read twice: first for what decides what to do and which file to read,
 * then, after file and environment, for the options, which are stronger than both. */

#include "config/print.h"

struct command_line {
    enum config_task task;
    const char *file;
};

static bool find_task(const char *argument, enum config_task *task) {
    if (strcmp(argument, "-h") == 0) argument = config_task_rows[TASK_HELP].flag;
    if (strcmp(argument, "-v") == 0) argument = config_task_rows[TASK_VERSION].flag;
    for (size_t i = 0; i < TASK_RUN; i++) {
        if (strcmp(argument, config_task_rows[i].flag) != 0) continue;
        *task = config_task_rows[i].task;
        return true;
    }
    return false;
}

static enum brine_status take_file(struct command_line *line, const char *file,
                                   struct brine_error *err) {
    if (!file || !file[0]) return brine_fail(err, BRINE_INVALID, 0, "--config: expected a file");
    if (line->file) return brine_fail(err, BRINE_INVALID, 0, "--config: given twice");
    line->file = file;
    return BRINE_OK;
}

/* First reading.  Options are only recognised by their shape. */
static enum brine_status read_tasks(struct command_line *line, const char *const *argv, int argc,
                                    struct brine_error *err) {
    static const char config_flag[] = "--config";
    size_t config_len = sizeof config_flag - 1;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        enum config_task task;
        if (find_task(argument, &task)) {
            if (line->task != TASK_HELP) line->task = task;
        } else if (strcmp(argument, config_flag) == 0) {
            TRY(take_file(line, i + 1 < argc ? argv[i + 1] : NULL, err));
            i++;
        } else if (strncmp(argument, config_flag, config_len) == 0 && argument[config_len] == '=') {
            TRY(take_file(line, argument + config_len + 1, err));
        } else if (strncmp(argument, "--", 2) != 0) {
            return brine_fail(err, BRINE_INVALID, 0,
                              "%.64s: unexpected argument; a file is given as --config FILE, an "
                              "option as --section.key=VALUE",
                              argument);
        }
    }
    return BRINE_OK;
}

/* Second reading. */
static enum brine_status read_options(struct config *config, const char *const *argv, int argc,
                                      struct brine_error *err) {
    for (int i = 1; i < argc; i++) {
        enum config_task task;
        if (find_task(argv[i], &task) || strncmp(argv[i], "--config=", 9) == 0) continue;
        if (strcmp(argv[i], "--config") == 0)
            i++;
        else
            TRY(config_load_flag(config, bytes_of_cstr(argv[i]), err));
    }
    return BRINE_OK;
}

static enum brine_status load_all(struct config *config, const struct command_line *line, int argc,
                                  const char *const *argv, const char *const *environment,
                                  struct brine_error *err) {
    if (line->file) TRY(config_load_file(config, line->file, err));
    TRY(config_load_environment(config, environment, err));
    TRY(read_options(config, argv, argc, err));
    return config->check ? config->check(config, err) : BRINE_OK;
}

static enum brine_status perform(struct config *config, enum config_task task, const char *version,
                                 struct buf *out) {
    switch (task) {
    case TASK_HELP:
        return config_print_help(out);
    case TASK_VERSION:
        return buf_printf(out, "brine-server %s\n", version);
    case TASK_EXAMPLE:
        return config_print_example(out);
    case TASK_CHECK:
        return buf_append(out, BYTES("The configuration is right.\n"));
    case TASK_PRINT:
        return config_print(config, out);
    case TASK_MANUAL:
        return config_print_manual(out, version);
    case TASK_FILE_MANUAL:
        return config_print_file_manual(out, version);
    case TASK_BASH:
        return config_print_bash(out);
    case TASK_ZSH:
        return config_print_zsh(out);
    case TASK_FISH:
        return config_print_fish(out);
    case TASK_RUN:
        break;
    }
    return BRINE_OK;
}

enum config_action config_start(struct config *config, int argc, const char *const *argv,
                                const char *const *environment, const char *version,
                                struct buf *out) {
    struct command_line line = {.task = TASK_RUN};
    struct brine_error err = {0};
    enum brine_status status = read_tasks(&line, argv, argc, &err);
    bool needs_options =
        line.task == TASK_RUN || line.task == TASK_CHECK || line.task == TASK_PRINT;
    if (status == BRINE_OK && needs_options)
        status = load_all(config, &line, argc, argv, environment, &err);
    if (status == BRINE_OK) {
        status = perform(config, line.task, version, out);
        if (status != BRINE_OK)
            (void)brine_fail(&err, status, 0, "%s", brine_status_meaning(status));
    }
    if (status == BRINE_OK) return line.task == TASK_RUN ? CONFIG_RUN : CONFIG_DONE;
    /* Without memory for the line, the exit code says it alone. */
    enum brine_status printed = buf_printf(out, "%s\n", err.text);
    (void)printed;
    return CONFIG_REFUSE;
}
