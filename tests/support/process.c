/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "tests/support/process.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The kernel picks a name that no file stands behind when the address is only a family. */
int process_notify_open(char name[static PROCESS_NOTIFY_BYTES]) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        close(fd);
        return -1;
    }
    size_t name_len = len - offsetof(struct sockaddr_un, sun_path);
    memcpy(name, address.sun_path, name_len);
    name[0] = '@';
    name[name_len] = '\0';
    return fd;
}

/* A message holds lines; redis-server sends others before. */
static bool says_ready(int notify_fd) {
    char message[256];
    ssize_t len = recv(notify_fd, message, sizeof(message) - 1, MSG_DONTWAIT);
    if (len <= 0) return false;
    message[len] = '\0';
    return strncmp(message, "READY=1", 7) == 0 || strstr(message, "\nREADY=1");
}

enum process_state process_await_ready(int notify_fd, pid_t pid, int timeout_ms) {
    enum process_state state = PROCESS_LATE;
    int process_fd = pidfd_open(pid, 0);
    if (process_fd < 0) return PROCESS_ENDED;
    long long deadline = now_ms() + timeout_ms;
    for (long long left = timeout_ms; left > 0 && state == PROCESS_LATE;
         left = deadline - now_ms()) {
        struct pollfd waited[] = {{.fd = notify_fd, .events = POLLIN},
                                  {.fd = process_fd, .events = POLLIN}};
        if (poll(waited, 2, (int)left) < 0 && errno != EINTR) break;
        if (waited[0].revents && says_ready(notify_fd))
            state = PROCESS_READY;
        else if (!waited[0].revents && waited[1].revents)
            state = PROCESS_ENDED;
    }
    close(process_fd);
    return state;
}

bool process_await_end(pid_t pid, int timeout_ms, int *status) {
    struct pollfd ended = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    if (ended.fd >= 0) {
        long long deadline = now_ms() + timeout_ms;
        for (long long left = timeout_ms; left > 0; left = deadline - now_ms()) {
            if (poll(&ended, 1, (int)left) > 0) break;
        }
        close(ended.fd);
    }
    return waitpid(pid, status, WNOHANG) == pid;
}
