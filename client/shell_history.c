/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The form is libedit's: a first line that names it, then lines in which backslashes and all that
 * is no visible ASCII stand as \NNN, the end of the line too.  A line is written here and not by
 * libedit, whose H_NSAVE_FP writes one more than it is asked for.  The lock is on the file itself,
 * which is therefore cut back in place: after a rename others would go on writing to the old one.
 */
#include "client/shell_history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512, FILE_LINES_MAX = 2 * SHELL_HISTORY_LINES, READ_BYTES = 65536 };

static const char *history_path(char path[static PATH_BYTES]) {
    const char *chosen = getenv("BRINECLI_HISTORY"), *home = getenv("HOME");
    if (chosen) return chosen[0] ? chosen : NULL;
    if (!home || snprintf(path, PATH_BYTES, "%s/.brinecli_history", home) >= PATH_BYTES)
        return NULL;
    return path;
}

/* Closing it gives the lock back. */
static FILE *open_locked(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "a+") : NULL;
    if (!file && fd >= 0) close(fd);
    if (!file) return NULL;
    (void)fchmod(fd, 0600); /* one that was made by hand */
    /* Its end tells libedit whether the first line is there already. */
    if (flock(fd, LOCK_EX) == 0 && fseek(file, 0, SEEK_END) == 0) return file;
    fclose(file);
    return NULL;
}

static size_t count_lines(int fd) {
    char block[READ_BYTES];
    size_t lines = 0;
    off_t at = 0;
    for (ssize_t got; (got = pread(fd, block, sizeof block, at)) > 0; at += got)
        for (ssize_t i = 0; i < got; i++) lines += block[i] == '\n';
    return lines;
}

/* Leaves the newest lines, when there are too many. */
static void cut_back(const char *path, FILE *file) {
    HistEvent event;
    if (count_lines(fileno(file)) <= FILE_LINES_MAX) return;
    History *kept = history_init();
    if (!kept) return;
    history(kept, &event, H_SETSIZE, SHELL_HISTORY_LINES);
    if (history(kept, &event, H_LOAD, path) > 0 && ftruncate(fileno(file), 0) == 0 &&
        fseek(file, 0, SEEK_END) == 0)
        history(kept, &event, H_SAVE_FP, file);
    history_end(kept);
}

void shell_history_load(History *history_of_shell) {
    HistEvent event;
    char room[PATH_BYTES];
    const char *path = history_path(room);
    history(history_of_shell, &event, H_SETSIZE, SHELL_HISTORY_LINES);
    history(history_of_shell, &event, H_SETUNIQUE, 1);
    /* One that was never written is not made by looking. */
    FILE *file = path && access(path, R_OK) == 0 ? open_locked(path) : NULL;
    if (path) history(history_of_shell, &event, H_LOAD, path);
    if (file) fclose(file);
}

static void append(FILE *file, struct bytes line) {
    if (ftell(file) == 0) fputs("_HiStOrY_V2_\n", file);
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.data[i];
        fprintf(file, c > ' ' && c < 0x7f && c != '\\' ? "%c" : "\\%03o", c);
    }
    fputc('\n', file);
}

void shell_history_add(History *history_of_shell, struct bytes line) {
    HistEvent event;
    char room[PATH_BYTES];
    const char *path = history_path(room);
    bool added = history(history_of_shell, &event, H_ENTER, (const char *)line.data) > 0;
    if (!added || !path || line.len > SHELL_HISTORY_LINE_BYTES) return;
    FILE *file = open_locked(path);
    if (!file) return;
    append(file, line);
    if (fflush(file) == 0) cut_back(path, file);
    fclose(file);
}
