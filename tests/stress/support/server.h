/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The server that BRINE_SERVER names, started for a stress program and ended by it, and connections
 * to it.  Any thread may dial. */
#ifndef BRINE_TESTS_STRESS_SERVER_H
#define BRINE_TESTS_STRESS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stress_server {
    pid_t pid;
    int port;
};

/* Starts it on a free port and waits until it answers.  flags: "--section.key=value", ended by
 * NULL, at most 12. */
bool stress_server_start(struct stress_server *server, const char *const *flags);
/* Ends it by SIGTERM; false: it did not exit with status 0. */
bool stress_server_stop(struct stress_server *server);

/* A connected socket whose reads and writes give up after a minute; -1: none. */
int stress_server_dial(int port);
/* Sends all of it; false: the server closed the connection. */
bool stress_server_send(int fd, const void *data, size_t len);
/* Closes it, with a reset when `hard`. */
void stress_server_hang_up(int fd, bool hard);

#endif
