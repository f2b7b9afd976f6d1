/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct reply: the replies to everything one read brought, in the order of their commands: one run
 * of bytes, in which large values are not copied but remembered with the place where they go:
 *
 *     out:   $5\r\nhello\r\n$100000\r\n|\r\n:1\r\n
 *                                      ^ larges[0] = {offset here, bytes, their blob}
 *
 * What is to be sent is out[0..larges[0].offset), larges[0]'s bytes, out[..larges[1].offset), ...
 * What goes by reference takes no memory, so the limit is one of `out` alone.
 *
 * Words: a *mark* is a place to go back to when what follows turns out not to be said.
 * Errors are sticky: a limit or a refused allocation makes the reply *broken*, everything later is
 * ignored, and the connection must be closed after what came before, for its stream has a hole.
 * Ownership: a large holds one reference to its blob until reply_clear, or until net takes it over.
 * Thread: its worker's.  Cost: as a buf; nothing is allocated once it has grown. */
#ifndef BRINE_REPLY_H
#define BRINE_REPLY_H

#include "base/buf.h"
#include "base/bytes.h"
#include "resp/writer.h"
#include "store/store.h"

enum {
    REPLY_LARGES_MAX = 1 << 20,         /* beyond it values are copied */
    REPLY_LARGE_FROM_BYTES = 16 * 1024, /* a part of a value that is shorter is copied */
    REPLY_BULKF_BYTES_MAX = 2048,
};

struct reply_large {
    size_t offset;      /* into out, where the bytes go */
    struct bytes bytes; /* of the blob, or a part of it */
    struct blob *blob;
};

struct reply {
    struct buf out;
    struct resp_writer writer; /* into out; its version is the session's at hand */
    struct reply_large *larges;
    size_t larges_count, larges_cap;
    size_t larges_bytes; /* sum of what they refer to */
    uint32_t errors;     /* error replies since reply_clear */
    size_t error_offset; /* of the newest one in out, its '-' */
    struct allocator *mem;
};

void reply_init(struct reply *reply, struct allocator *mem, size_t limit_bytes);
/* Drops what is in it, with the references. */
void reply_deinit(struct reply *reply);
void reply_clear(struct reply *reply);
/* After net took the blobs over: clears without giving their references back. */
void reply_forget(struct reply *reply);
/* Each has afterwards what the other had, but for their limits and versions. */
void reply_swap(struct reply *a, struct reply *b);
/* Gives memory beyond `keep_bytes` back. */
void reply_shrink(struct reply *reply, size_t keep_bytes);

/* So many bytes of values, with headers of at most so many, are about to be said: room for them is
 * taken at once, and where there is not even some for the values, the reply breaks. */
void reply_expect(struct reply *reply, size_t bytes, size_t headers_bytes);

/* Bytes that will be sent, blobs included. */
static inline size_t reply_bytes(const struct reply *reply) {
    return reply->out.len + reply->larges_bytes;
}
static inline bool reply_is_broken(const struct reply *reply) {
    return reply->writer.failed != BRINE_OK;
}

struct reply_mark {
    size_t out_bytes, larges_count, larges_bytes;
    uint32_t errors;
    enum brine_status failed; /* what broke before stays broken: EXEC's reply is many commands' */
};
struct reply_mark reply_mark(const struct reply *reply);
/* Takes back what was said since; a reply that broke since is whole again. */
void reply_rewind(struct reply *reply, struct reply_mark mark);

/* ---- what handlers say; see resp/writer.h for the form of each ------------------------------- */

/* The whole line without '-': "ERR syntax error". */
void reply_error(struct reply *reply, struct bytes text);
void reply_errorf(struct reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);
/* Cut to REPLY_BULKF_BYTES_MAX, for names in it may be a client's. */
void reply_bulkf(struct reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);
/* Text that RESP3 marks as such ("txt"). */
void reply_verbatim(struct reply *reply, struct bytes text);
/* A string value, by copy or, when it is boxed, by reference.  Safe under the shard's lock. */
void reply_value(struct reply *reply, const struct store_value *value);
/* The same for a part of it. */
void reply_part(struct reply *reply, const struct store_value *value, struct bytes part);
/* What was worked out into a buffer, taken from it when it is long. */
void reply_buf(struct reply *reply, struct buf *text);
void reply_map(struct reply *reply, size_t pairs);
void reply_set(struct reply *reply, size_t count);

static inline void reply_ok(struct reply *reply) {
    resp_simple(&reply->writer, BYTES("OK"));
}
static inline void reply_simple(struct reply *reply, struct bytes text) {
    resp_simple(&reply->writer, text);
}
static inline void reply_integer(struct reply *reply, int64_t value) {
    resp_integer(&reply->writer, value);
}
static inline void reply_bulk(struct reply *reply, struct bytes text) {
    resp_bulk(&reply->writer, text);
}
static inline void reply_null(struct reply *reply) {
    resp_null(&reply->writer);
}
static inline void reply_null_array(struct reply *reply) {
    resp_null_array(&reply->writer);
}
static inline void reply_array(struct reply *reply, size_t count) {
    resp_array(&reply->writer, count);
}

#endif
