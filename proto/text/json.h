/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Writes JSON into a buffer, commas and quotes by itself:
 *
 *     struct json json;
 *     json_init(&json, &out);
 *     json_open_object(&json);
 *     json_key(&json, "offset");
 *     json_int(&json, 34);
 *     json_key(&json, "names");
 *     json_open_array(&json);
 *     json_string(&json, name);
 *     json_close(&json);
 *     json_close(&json);
 *     TRY(json_finish(&json));
 *
 * The first failure is kept and answered by json_finish; calls after it write nothing.  Failures
 * are the buffer's (TOO_BIG, NO_MEMORY), or TOO_BIG beyond JSON_DEPTH_MAX.
 * What is written is UTF-8 whatever the strings hold: see json_string.  Misuse (a value in an
 * object without a key, a close too many) is a broken invariant.  One thread at a time. Source: RFC
 * 8259. */
#ifndef BRINE_JSON_H
#define BRINE_JSON_H

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 64 };

struct json {
    struct buf *out;
    enum brine_status status; /* the first failure */
    size_t depth;
    uint64_t objects; /* bit n: level n is an object, not an array */
    uint64_t begun;   /* bit n: level n has an item already */
    bool after_key;
};

void json_init(struct json *json, struct buf *out);
/* Everything opened must be closed, unless there was a failure. */
enum brine_status json_finish(struct json *json) MUST_USE;

void json_open_object(struct json *json);
void json_open_array(struct json *json);
/* Closes what was opened last. */
void json_close(struct json *json);

void json_key(struct json *json, const char *key);
void json_key_bytes(struct json *json, struct bytes key);

/* Control characters (C0, DEL, C1), quotes and backslashes as escapes, the rest of UTF-8 as it is.
 * A byte that is no UTF-8 becomes U+FFFD: one a byte, so that the reader sees how many there were.
 */
void json_string(struct json *json, struct bytes text);
void json_cstr(struct json *json, const char *text);
/* The key and a string; where that is no UTF-8 a second key, "<key>_hex", with its bytes in
 * hexadecimal, for two such strings may look the same. */
void json_member(struct json *json, const char *key, struct bytes text);
void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
/* The shortest form that reads back the same; nan and the infinities, which JSON lacks, are null.
 */
void json_double(struct json *json, double value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);

#endif
