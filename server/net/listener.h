/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A listener: one listening socket on the main loop, TCP or Unix, whose new connections go to the
 * workers in turn.
 *
 * It refuses in Redis's words what is above max_clients, and clients from other hosts while
 * protected mode is on and no password is set.  When descriptors or memory run out it rests for
 * LISTENER_REST_MS, instead of being woken without end by connections that it cannot take.
 *
 * Rejected: a listener a worker with SO_REUSEPORT, because the kernel spreads connections by hash,
 * which leaves few connections uneven (50 on two workers are often 20 and 30).
 *
 * Thread: the main thread.  Cost: one accept4, and one wake-up of the worker, a connection. */
#ifndef BRINE_LISTENER_H
#define BRINE_LISTENER_H

#include "base/bytes.h"
#include "base/status.h"

#include <sys/socket.h>
#include <uv.h>

struct net;

enum {
    LISTENER_REST_MS = 100,
    /* Accepted in one turn of the loop, so that signals and the other listeners have theirs. */
    LISTENER_ACCEPTS = 64,
    LISTENER_TEXT_BYTES = 128,
    LISTENER_ADDRESS_BYTES = 64, /* "[ipv6]:port" */
};

struct listener {
    struct net *net;
    int fd; /* -1: closed */
    uv_poll_t poll;
    uv_timer_t rest;
    bool is_unix, is_tls, is_wildcard;
    char text[LISTENER_TEXT_BYTES]; /* "127.0.0.1:6379" or "/run/brine.sock:0" */
    char path[108];                 /* of a Unix socket, to be removed at the end */
    dev_t path_device;              /* and which file it was */
    ino_t path_inode;
};

/* Each binds and listens, and accepts nothing before listener_start.  *err is one line that says
 * what to do. */
enum brine_status listener_open_tcp(struct listener *listener, const struct sockaddr *address,
                                    socklen_t address_bytes, int backlog,
                                    struct brine_error *err) MUST_USE;
/* Replaces a socket file that nobody listens on; mode is octal permissions. */
enum brine_status listener_open_unix(struct listener *listener, const char *path, unsigned mode,
                                     int backlog, struct brine_error *err) MUST_USE;
enum brine_status listener_start(struct listener *listener, struct net *net, uv_loop_t *loop,
                                 struct brine_error *err) MUST_USE;
/* Stops accepting and removes the socket file; the loop must turn once more before the memory goes.
 */
void listener_close(struct listener *listener);

/* Opens one listener for each address that `name` stands for: a number, a host's name, "*" (all
 * IPv4) or "::*" (all IPv6).  A leading '-' makes an address that this host does not have no
 * error.  Adds to listeners and *count. */
enum brine_status listeners_open_name(struct listener *listeners, size_t listeners_max,
                                      size_t *count, const char *name, int port, int backlog,
                                      struct brine_error *err) MUST_USE;

/* "127.0.0.1:80", "[::1]:80"; cut to fit. */
void listener_format_address(const struct sockaddr *address, char *text, size_t text_bytes);

#endif
