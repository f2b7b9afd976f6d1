/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/listener.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

/* A port that was free a moment ago, for the tests that need a number. */
static int bound_port(const struct listener *listener) {
    struct sockaddr_in address;
    socklen_t bytes = sizeof(address);
    cr_assert(getsockname(listener->fd, (struct sockaddr *)&address, &bytes) == 0);
    return ntohs(address.sin_port);
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static enum brine_status open_v4(struct listener *listener, int port, struct brine_error *err) {
    struct sockaddr_in address = loopback(port);
    return listener_open_tcp(listener, (struct sockaddr *)&address, sizeof(address), BACKLOG, err);
}

static void make_path(char path[64], const char *name) {
    snprintf(path, 64, "/tmp/brine-%s-%d", name, (int)getpid());
    unlink(path);
}

Test(listener, an_address_in_use_is_named_with_what_to_do) {
    struct listener one, two;
    struct brine_error err;
    cr_assert(open_v4(&one, 0, &err) == BRINE_OK, "%s", err.text);
    char want[64];
    int port = bound_port(&one);
    snprintf(want, sizeof(want), "127.0.0.1:%d", port);
    cr_expect(open_v4(&two, port, &err) == BRINE_IO);
    cr_expect(strstr(err.text, want) && strstr(err.text, "in use") &&
                  strstr(err.text, "--server.port"),
              "%s", err.text);
    listener_close(&one);
}

Test(listener, an_address_that_this_host_lacks_is_an_error_unless_marked) {
    struct listener listeners[2];
    size_t count = 0;
    struct brine_error err;
    cr_expect(listeners_open_name(listeners, 2, &count, "192.0.2.77", 0, BACKLOG, &err) ==
              BRINE_NOT_FOUND);
    cr_expect(strstr(err.text, "192.0.2.77"), "%s", err.text);
    cr_expect(listeners_open_name(listeners, 2, &count, "-192.0.2.77", 0, BACKLOG, &err) ==
              BRINE_OK);
    cr_expect(listeners_open_name(listeners, 2, &count, "no such host.", 0, BACKLOG, &err) ==
              BRINE_INVALID);
    cr_expect(strstr(err.text, "no such host."), "%s", err.text);
    cr_expect(count == 0);
}

Test(listener, all_ipv4_and_all_ipv6_addresses_stand_side_by_side_on_one_port) {
    struct listener listeners[4];
    size_t count = 0;
    struct brine_error err;
    cr_assert(listeners_open_name(listeners, 4, &count, "*", 0, BACKLOG, &err) == BRINE_OK, "%s",
              err.text);
    cr_assert(count == 1 && listeners[0].is_wildcard);
    int port = bound_port(&listeners[0]);
    cr_assert(listeners_open_name(listeners, 4, &count, "-::*", port, BACKLOG, &err) == BRINE_OK,
              "%s", err.text);
    for (size_t i = 0; i < count; i++) listener_close(&listeners[i]);
}

Test(listener, more_addresses_than_there_is_room_for_are_refused) {
    struct listener listeners[1];
    size_t count = 0;
    struct brine_error err;
    cr_assert(listeners_open_name(listeners, 1, &count, "127.0.0.1", 0, BACKLOG, &err) == BRINE_OK);
    cr_expect(listeners_open_name(listeners, 1, &count, "127.0.0.2", 0, BACKLOG, &err) ==
              BRINE_TOO_BIG);
    listener_close(&listeners[0]);
}

Test(listener, addresses_are_written_as_clients_are_shown) {
    struct sockaddr_in v4 = loopback(6379);
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    char text[64];
    listener_format_address((struct sockaddr *)&v4, text, sizeof(text));
    cr_expect_str_eq(text, "127.0.0.1:6379");
    listener_format_address((struct sockaddr *)&v6, text, sizeof(text));
    cr_expect_str_eq(text, "[::1]:80");
}

Test(listener, a_unix_socket_has_its_mode_and_is_removed_at_the_end) {
    char path[64];
    make_path(path, "unix");
    struct listener listener;
    struct brine_error err;
    mode_t before = umask(0);
    cr_assert(listener_open_unix(&listener, path, 0640, BACKLOG, &err) == BRINE_OK, "%s", err.text);
    struct stat status;
    cr_assert(lstat(path, &status) == 0);
    cr_expect((status.st_mode & 0777) == 0640, "%o", status.st_mode);
    cr_expect(umask(before) == 0, "the mask is as it was");
    listener_close(&listener);
    cr_expect(lstat(path, &status) != 0);
}

Test(listener, a_socket_file_is_replaced_only_when_nobody_listens) {
    char path[64];
    make_path(path, "stale");
    struct listener one, two;
    struct brine_error err;
    cr_assert(listener_open_unix(&one, path, 0600, BACKLOG, &err) == BRINE_OK);
    cr_expect(listener_open_unix(&two, path, 0600, BACKLOG, &err) == BRINE_IO);
    cr_expect(strstr(err.text, "in use"), "%s", err.text);
    close(one.fd); /* as a killed server leaves it */
    one.fd = -1;
    cr_assert(listener_open_unix(&two, path, 0600, BACKLOG, &err) == BRINE_OK, "%s", err.text);
    listener_close(&two);
}

Test(listener, what_is_no_socket_is_never_replaced) {
    char path[64];
    make_path(path, "file");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert(fd >= 0);
    close(fd);
    struct listener listener;
    struct brine_error err;
    cr_expect(listener_open_unix(&listener, path, 0600, BACKLOG, &err) == BRINE_IO);
    cr_expect(strstr(err.text, "no socket"), "%s", err.text);
    cr_expect(access(path, F_OK) == 0);
    unlink(path);
    char longer[200];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    cr_expect(listener_open_unix(&listener, longer, 0600, BACKLOG, &err) == BRINE_INVALID);
}

Test(listener, another_servers_socket_file_is_left_alone) {
    char path[64];
    make_path(path, "other");
    struct listener one, two;
    struct brine_error err;
    cr_assert(listener_open_unix(&one, path, 0600, BACKLOG, &err) == BRINE_OK);
    cr_assert(unlink(path) == 0);
    cr_assert(listener_open_unix(&two, path, 0600, BACKLOG, &err) == BRINE_OK);
    listener_close(&one);
    cr_expect(access(path, F_OK) == 0);
    listener_close(&two);
}
