/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Feeds every file of the folders given as arguments, and the empty input, to a fuzz target: the
 * corpus as a plain test, with no fuzzer.  A crash or an input of more than 20 seconds names its
 * file.  Each input lies in a block of exactly its size, so that ASan sees a byte read too far. */
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECONDS_PER_INPUT = 20, INPUT_BYTES_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char current_path[4096] = "(empty input)";

static void name_the_input(int signal_number) {
    static const char says[] = "\nreplay: this input did it: ";
    (void)!write(STDERR_FILENO, says, sizeof(says) - 1);
    (void)!write(STDERR_FILENO, current_path, strlen(current_path));
    (void)!write(STDERR_FILENO, "\n", 1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static bool read_whole(int fd, uint8_t *data, size_t size) {
    for (size_t have = 0; have < size;) {
        ssize_t got = read(fd, data + have, size - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        have += (size_t)got;
    }
    return true;
}

/* False when the file cannot be read; folders within are passed over. */
static bool replay_file(size_t *inputs) {
    struct stat about;
    bool ok = false;
    uint8_t *data = NULL;
    size_t size = 0;
    int fd = open(current_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) goto done;
    if (!S_ISREG(about.st_mode)) {
        ok = true;
        goto done;
    }
    if (about.st_size > INPUT_BYTES_MAX) goto done;
    size = (size_t)about.st_size;
    data = mem_alloc(mem_system(), MAX(size, 1));
    if (!data || !read_whole(fd, data, size)) goto done;
    alarm(SECONDS_PER_INPUT);
    LLVMFuzzerTestOneInput(data, size);
    alarm(0);
    (*inputs)++;
    ok = true;
done:
    mem_free(mem_system(), data, MAX(size, 1));
    if (fd >= 0) close(fd);
    return ok;
}

static bool replay_folder(const char *folder, size_t *inputs) {
    DIR *dir = opendir(folder);
    if (!dir) return false;
    bool ok = true;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(current_path, sizeof(current_path), "%s/%s", folder, entry->d_name);
        if (!replay_file(inputs)) {
            fprintf(stderr, "replay: cannot read %s: %s\n", current_path, strerror(errno));
            ok = false;
        }
    }
    closedir(dir);
    return ok;
}

int main(int argc, char **argv) {
    static const int signals[] = {SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) signal(signals[i], name_the_input);

    size_t inputs = 0, unread = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        if (!replay_folder(argv[i], &inputs)) {
            fprintf(stderr, "replay: the corpus %s is missing or damaged\n", argv[i]);
            unread++;
        }
    }
    if (inputs == 0) unread++;
    printf("%zu passed, %zu failed\n", inputs, unread);
    return unread ? EXIT_FAILURE : EXIT_SUCCESS;
}
