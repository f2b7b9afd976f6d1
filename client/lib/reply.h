/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes from a server, put together to replies that own their memory.
 *
 *     struct reply_stream stream;
 *     reply_stream_init(&stream, mem_system(), reply_bytes_max);
 *     ... buf_reserve(&stream.input, n), read into it, add to stream.input.len ...
 *     while ((status = reply_stream_next(&stream, &reply, &err)) == BRINE_OK) ...
 *     reply_stream_deinit(&stream);
 *
 * Nothing is taken at its word: room for elements grows with those that have come, never with the
 * count that was claimed; bulk strings beyond the limit end the stream before they arrive; nesting
 * is bounded by the reader (64).  Attributes are read and left out.
 * BRINE_NEED_MORE: no whole reply is there yet.  All others are final. */
#ifndef BRINE_CLIENT_REPLY_H
#define BRINE_CLIENT_REPLY_H

#include "base/buf.h"
#include "client/lib/brine_client.h"
#include "resp/reply.h"

/* An aggregate whose elements are still coming. */
struct reply_level {
    enum resp_reply_kind kind;
    struct brine_reply *items; /* in the reply's arena */
    size_t count, cap, expected;
};

struct owned_reply;

struct reply_stream {
    struct allocator *mem;
    struct buf input; /* not yet read, from `at` on */
    size_t at;
    size_t reply_bytes_max;
    struct resp_reply_reader reader;
    struct owned_reply *owned; /* the reply in the making, or NULL */
    struct reply_level levels[RESP_REPLY_DEPTH_MAX];
    size_t depth;
};

void reply_stream_init(struct reply_stream *stream, struct allocator *mem, size_t reply_bytes_max);
void reply_stream_deinit(struct reply_stream *stream);
/* Forgets everything, for a new connection. */
void reply_stream_reset(struct reply_stream *stream);

enum brine_status reply_stream_next(struct reply_stream *stream, struct brine_reply **reply,
                                    struct brine_error *err) MUST_USE;

/* Room to read into, sized by what is known to be missing. */
enum brine_status reply_stream_reserve(struct reply_stream *stream) MUST_USE;

#endif
