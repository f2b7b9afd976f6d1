/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive_at(const char *name, size_t len) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, len);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, bytes) == 0);
    return fd;
}

static bool received(int fd, const char *want) {
    char text[64] = {0};
    ssize_t len = recv(fd, text, sizeof(text) - 1, 0);
    return len == (ssize_t)strlen(want) && strcmp(text, want) == 0;
}

Test(notify, the_state_arrives_at_a_path_and_at_an_abstract_name) {
    char path[64], name[64];
    snprintf(path, sizeof(path), "/tmp/brine-notify-%d", (int)getpid());
    int fd = receive_at(path, strlen(path));
    cr_expect(notify_send(path, "READY=1") && received(fd, "READY=1"));
    close(fd);
    unlink(path);

    size_t len = (size_t)snprintf(name, sizeof(name), "@brine-notify-%d", (int)getpid());
    char raw[64];
    memcpy(raw, name, len);
    raw[0] = 0;
    fd = receive_at(raw, len);
    cr_expect(notify_send(name, "STOPPING=1") && received(fd, "STOPPING=1"));
    close(fd);
}

Test(notify, nobody_is_told_where_nobody_asked_or_listens) {
    char longer[200];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    cr_expect(!notify_send(NULL, "READY=1"));
    cr_expect(!notify_send("", "READY=1"));
    cr_expect(!notify_send("/nonexistent/notify", "READY=1"));
    cr_expect(!notify_send(longer, "READY=1"));
}
