/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* A URL taken apart: where a server is and how to log in.
 *
 *     redis://user:password@host:6379/2?protocol=3       rediss://... for TLS
 *     unix://user:password@/run/brine.sock?db=2          redis+unix:// and plain paths too
 *
 * %XX stands for a byte in user, password, path and host.  What is not there keeps the value that
 * the endpoint had, so defaults are filled in before.  All texts are copies in the endpoint. */
#ifndef BRINE_CLIENT_URL_H
#define BRINE_CLIENT_URL_H

#include "base/bytes.h"
#include "base/status.h"

enum { URL_TEXT_BYTES = 512, URL_DB_MAX = 1 << 30 };

struct endpoint {
    bool tls;
    char socket[URL_TEXT_BYTES]; /* "": TCP */
    char host[URL_TEXT_BYTES];
    char user[URL_TEXT_BYTES], password[URL_TEXT_BYTES];
    bool has_password;
    int port, db, protocol, timeout_ms;
};

/* err says what is wrong without showing the password. */
enum brine_status url_parse(const char *url, struct endpoint *endpoint,
                            struct brine_error *err) MUST_USE;

/* "127.0.0.1:6379" or the path, for messages. */
const char *endpoint_text(const struct endpoint *endpoint, char *line, size_t size);

#endif
