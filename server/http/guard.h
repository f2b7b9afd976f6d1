/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Who may ask the HTTP endpoint what.
 *
 *     TRY(http_guard_init(&guard, config, err));      at the start: refuses what would be open
 *     code = http_guard_check(&guard, &request, is_open, &why);   0: go on; else the status code
 *
 * Without a password the endpoint trusts who can connect, so it is on loopback, and a browser is
 * the way in for others: a page of theirs may make it send requests here.  Hence
 * - Host must be an address, "localhost" or one of http.hosts, or a name that someone else resolves
 *   to 127.0.0.1 would make this page part of his site (DNS rebinding);
 * - a POST must come from a page of this endpoint or from no page (Origin, Sec-Fetch-Site), and
 *   with a type that browsers ask about before they send it to another site.
 * With a password the browser's own rules do the former: it sends a password to no other name.
 *
 * Thread: constant once made.  Cost: a SHA-256 a request with a password. */
#ifndef BRINE_HTTP_GUARD_H
#define BRINE_HTTP_GUARD_H

#include "auth/password.h"
#include "config/config.h"
#include "http/request.h"

#include <netinet/in.h>

enum { HTTP_ADDRESS_TEXT_BYTES = 128 };

union http_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct http_guard {
    bool has_password;
    uint8_t password_hash[AUTH_HASH_BYTES];
    const struct config_list *hosts; /* http.hosts */
};

/* INVALID: http.listen is no address, or a password is due. */
enum brine_status http_guard_init(struct http_guard *guard, const struct config *config,
                                  struct brine_error *err) MUST_USE;

/* 0, or the status code of the refusal and one line in *why.  An open route asks for no password.
 */
unsigned http_guard_check(const struct http_guard *guard, const struct http_request *request,
                          bool is_open, const char **why);

/* "127.0.0.1:9121", "[::1]:9121", ":9121" or "*:9121" (all IPv4), "localhost:9121".  No name is
 * asked of anybody. */
enum brine_status http_parse_address(struct bytes text, union http_address *address,
                                     struct brine_error *err) MUST_USE;
bool http_address_is_loopback(const union http_address *address);

#endif
