/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The options of a connection, with the letters that redis-cli has for them, and the connection. */
#ifndef BRINE_CLIENT_SERVER_H
#define BRINE_CLIENT_SERVER_H

#include "base/base.h"

#include <brine_client.h>

struct tool_option;

/* ORDER server_option */
enum server_option {
    SERVER_HOST,
    SERVER_PORT,
    SERVER_SOCKET,
    SERVER_URL,
    SERVER_PASSWORD,
    SERVER_PASS,
    SERVER_USER,
    SERVER_DB,
    SERVER_TIMEOUT,
    SERVER_RESP3,
    SERVER_TLS,
    SERVER_CACERT,
    SERVER_CERT,
    SERVER_KEY,
    SERVER_SNI,
    SERVER_INSECURE,
    SERVER_OPTIONS
};

struct server_options {
    const char *values[SERVER_OPTIONS];
    const char *environment_password; /* BRINECLI_AUTH */
};

/* Rows in the order of the enum. */
const struct tool_option *server_option_rows(void);

/* Connects.  Returns TOOL_OK, or the exit code with which what is wrong has been said: TOOL_USAGE
 * for an option, TOOL_BAD for a server that is not there or lets nobody in.  more may be NULL: what
 * the options leave open. */
int server_connect(const struct server_options *options, const struct brine_client_options *more,
                   brine_client **client) MUST_USE;

/* The next call gives up at that moment of clock_mono_us(), or when -t is over if that is sooner.
 */
void server_bound_calls(const struct server_options *options, brine_client *client,
                        int64_t until_us);

/* "127.0.0.1:6379", the socket or the URL without its password, for prompts and reports. */
const char *server_place(const struct server_options *options, char *line, size_t size);
/* The options as a URL, without user and password; false when it does not fit. */
bool server_url(const struct server_options *options, char *url, size_t size) MUST_USE;
/* What the options say beside the URL.  False: one of them is wrong, which has been said. */
bool server_client_options(const struct server_options *options,
                           struct brine_client_options *filled) MUST_USE;

#endif
