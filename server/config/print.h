/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the command line prints beside config.h's two: --help, manual pages, what makes shells
 * complete.  All of it is made of options.def and of the tasks below.  Private to server/config;
 * any thread. */
#ifndef BRINE_CONFIG_PRINT_H
#define BRINE_CONFIG_PRINT_H

#include "config/row.h"

/* What brine-server does instead of serving: task, flag, doc.  -h and -v are short for the first
 * two. */
#define CONFIG_TASKS(T)                                                                            \
    T(HELP, "--help", "print every option, and exit")                                              \
    T(VERSION, "--version", "print the version, and exit")                                         \
    T(CHECK, "--check-config", "say whether the options are right, and exit")                      \
    T(PRINT, "--print-config", "print every option, its value and where it came from, and exit")   \
    T(EXAMPLE, "--print-example-config",                                                           \
      "print a file with every option and its default, and exit")                                  \
    T(MANUAL, "--print-manual", "print brine-server(8), for man -l -, and exit")                   \
    T(FILE_MANUAL, "--print-file-manual", "print brine.toml(5), and exit")                         \
    T(BASH, "--print-completion-bash", "print what makes bash complete these flags, and exit")     \
    T(ZSH, "--print-completion-zsh", "the same for zsh")                                           \
    T(FISH, "--print-completion-fish", "the same for fish")

enum config_task {
#define T(task, flag, doc) TASK_##task,
    CONFIG_TASKS(T)
#undef T
        TASK_RUN
};

struct config_task_row {
    enum config_task task;
    const char *flag, *doc;
};
extern const struct config_task_row config_task_rows[TASK_RUN]; /* ORDER config_task */

enum brine_status config_print_help(struct buf *out) MUST_USE;
/* What kind of value an option takes, when it may change and what Redis calls it: a sentence or
 * several. */
enum brine_status config_describe(const struct option_row *row, struct buf *out) MUST_USE;
/* [[rule]] and [policy.NAME] with their keys, each line a comment. */
extern const char config_rules_example[];

/* brine-server(8) and brine.toml(5), for man(1). */
enum brine_status config_print_manual(struct buf *out, const char *version) MUST_USE;
enum brine_status config_print_file_manual(struct buf *out, const char *version) MUST_USE;

enum brine_status config_print_bash(struct buf *out) MUST_USE;
enum brine_status config_print_zsh(struct buf *out) MUST_USE;
enum brine_status config_print_fish(struct buf *out) MUST_USE;

#endif
