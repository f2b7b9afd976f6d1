/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "tests/stress/support/server.h"

#include "base/base.h"
#include "tests/support/process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TIMEOUT_MS = 60000, FLAGS_MAX = 12 };

int stress_server_dial(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 60};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return fd;
    close(fd);
    return -1;
}

bool stress_server_send(int fd, const void *data, size_t len) {
    const char *bytes = data;
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

void stress_server_hang_up(int fd, bool hard) {
    struct linger linger = {.l_onoff = 1};
    if (hard) setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}

static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0), port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, bytes) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &bytes) == 0)
        port = ntohs(address.sin_port);
    close(fd);
    return port;
}

static void become_server(int port, const char *const *flags, const char *notify) {
    /* The test run's own variables look like options that the server does not know. */
    static const char *const ours[] = {"BRINE_SERVER", "BRINE_CLI", "BRINE_BUILD", "BRINE_VARIANT"};
    const char *path = getenv("BRINE_SERVER");
    const char *arguments[FLAGS_MAX + 3] = {path};
    char text[64];
    snprintf(text, sizeof(text), "--server.port=%d", port);
    arguments[1] = text;
    for (size_t i = 0; i < FLAGS_MAX && flags[i]; i++) arguments[2 + i] = flags[i];
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) unsetenv(ours[i]);
    setenv("NOTIFY_SOCKET", notify, 1);
    execv(path, (char *const *)arguments);
    _exit(127);
}

bool stress_server_start(struct stress_server *server, const char *const *flags) {
    if (!getenv("BRINE_SERVER")) return false;
    char notify[PROCESS_NOTIFY_BYTES];
    int notify_fd = process_notify_open(notify);
    if (notify_fd < 0) return false;
    server->port = free_port();
    server->pid = fork();
    if (server->pid == 0) become_server(server->port, flags, notify);
    enum process_state state = process_await_ready(notify_fd, server->pid, START_TIMEOUT_MS);
    close(notify_fd);
    return state == PROCESS_READY;
}

bool stress_server_stop(struct stress_server *server) {
    int status = 0;
    kill(server->pid, SIGTERM);
    waitpid(server->pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
