/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The head of one HTTP/1.1 request, read strictly.
 *
 *     status = http_request_parse(received, &request, &err);
 *     BRINE_NEED_MORE     the empty line has not come yet; nothing is known
 *     BRINE_OK            request is filled; its body begins at received[request.head_bytes]
 *     anything else       err->text says why, request.refusal is the status code to answer
 *
 * Words: the *head* is request line and fields up to the empty line; the *target* is what stands
 * between method and version, its *path* and *query* what stands before and behind the '?'.
 *
 * What is refused rather than guessed, because two readers of one request that disagree is how
 * requests are smuggled: a line that ends in LF alone, a NUL or other control byte, a blank before
 * the colon, a folded field, a second Host, Content-Length, Authorization, Origin or Content-Type,
 * any Transfer-Encoding, a Content-Length that is not digits, a body where none is expected, a
 * target that is not a path.  A connection carries one request, so nothing behind the body is ever
 * read as another.
 *
 * Ownership: views into what was received.  Bounds: the caller's on the head; HTTP_FIELDS_MAX
 * fields.  Cost: linear.  Thread: any.  Source: RFC 9112. */
#ifndef BRINE_HTTP_REQUEST_H
#define BRINE_HTTP_REQUEST_H

#include "base/bytes.h"
#include "base/status.h"

enum { HTTP_FIELDS_MAX = 100, HTTP_METHOD_BYTES_MAX = 16, HTTP_TARGET_BYTES_MAX = 4096 };

/* Fields that anybody here looks at; all others are checked for form and forgotten.
 *       id              name                 twice */
#define HTTP_FIELDS(F)                                                                             \
    F(HOST, "host", false)                                                                         \
    F(CONTENT_LENGTH, "content-length", false)                                                     \
    F(TRANSFER_ENCODING, "transfer-encoding", true)                                                \
    F(AUTHORIZATION, "authorization", false)                                                       \
    F(ORIGIN, "origin", false)                                                                     \
    F(CONTENT_TYPE, "content-type", false)                                                         \
    F(EXPECT, "expect", true)                                                                      \
    F(SEC_FETCH_SITE, "sec-fetch-site", false)

enum http_field {
#define F(id, name, twice) HTTP_FIELD_##id,
    HTTP_FIELDS(F)
#undef F
        HTTP_FIELD_COUNT
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_request {
    enum http_method method;
    struct bytes path, query; /* as sent: nothing is decoded */
    struct bytes fields[HTTP_FIELD_COUNT];
    bool has[HTTP_FIELD_COUNT]; /* it was sent, if only empty */
    uint64_t body_bytes;
    size_t head_bytes;
    unsigned minor_version; /* HTTP/1.0 or 1.1 */
    unsigned refusal;       /* 400, 501, 505 ... when it could not be read */
};

enum brine_status http_request_parse(struct bytes received, struct http_request *request,
                                     struct brine_error *err) MUST_USE;

/* Where the head ends, looking from `from` on, which may be what was there last time: SIZE_MAX: not
 * yet.  A head that was never whole is not parsed, so that slow bytes cost no more than fast ones.
 */
size_t http_head_end(struct bytes received, size_t from);

/* The value of `name` in a query, percent-decoded into room, '+' as a blank.  BROKEN: it is there
 * and does not decode, or not into the room; who takes that for ABSENT answers another question
 * than was asked. */
enum http_query_found { HTTP_QUERY_ABSENT, HTTP_QUERY_FOUND, HTTP_QUERY_BROKEN };
enum http_query_found http_query_value(struct bytes query, const char *name, uint8_t *room,
                                       size_t room_bytes, struct bytes *value) MUST_USE;

#endif
