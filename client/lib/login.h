/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What both ways of driving a connection, waiting and libuv, begin with and send. */
#ifndef BRINE_CLIENT_LOGIN_H
#define BRINE_CLIENT_LOGIN_H

#include "base/buf.h"
#include "client/lib/brine_client.h"
#include "client/lib/url.h"

enum { LOGIN_COMMANDS_MAX = 3 };

/* Fills defaults in, then what the options say, then what the URL says. */
enum brine_status login_endpoint(const char *url, const struct brine_client_options *options,
                                 struct endpoint *endpoint, struct brine_error *err) MUST_USE;
/* The options with their defaults. */
struct brine_client_options login_options(const struct brine_client_options *options);

/* Appends AUTH, HELLO and SELECT as far as needed; *count is how many replies are due, and names
 * what each was. */
enum brine_status login_commands(const struct endpoint *endpoint, struct buf *out,
                                 const char *names[static LOGIN_COMMANDS_MAX],
                                 size_t *count) MUST_USE;

/* *3 CR LF $3 CR LF SET CR LF ... */
enum brine_status login_encode(struct buf *out, const struct brine_text *args,
                               size_t count) MUST_USE;

/* How long to wait before the nth attempt after a failure, n from 1: doubled each time, and the
 * upper half of it by chance, so that many clients do not come back at once. */
struct random;
int login_pause_ms(const struct brine_client_options *options, int attempt, struct random *random);

/* A seed for that chance. */
uint64_t login_seed(void);

#endif
