/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/reply.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>

enum { LARGES_FIRST = 16 };

static void note_error(struct reply *reply);
static bool room_for_large(struct reply *reply);

void reply_init(struct reply *reply, struct allocator *mem, size_t limit_bytes) {
    *reply = (struct reply){.mem = mem};
    buf_init(&reply->out, mem, limit_bytes);
    reply->writer = (struct resp_writer){.out = &reply->out, .version = 2};
}

void reply_deinit(struct reply *reply) {
    reply_clear(reply);
    mem_free(reply->mem, reply->larges, reply->larges_cap * sizeof *reply->larges);
    buf_deinit(&reply->out);
}

void reply_clear(struct reply *reply) {
    for (size_t i = 0; i < reply->larges_count; i++) blob_unref(reply->larges[i].blob);
    reply_forget(reply);
}

void reply_forget(struct reply *reply) {
    reply->larges_count = reply->larges_bytes = 0;
    reply->errors = 0;
    buf_clear(&reply->out);
    reply->writer.failed = BRINE_OK;
}

void reply_swap(struct reply *a, struct reply *b) {
    struct reply old_a = *a, old_b = *b;
    *a = old_b;
    *b = old_a;
    a->out.limit = old_a.out.limit;
    b->out.limit = old_b.out.limit;
    a->writer.out = &a->out;
    b->writer.out = &b->out;
    a->writer.version = old_a.writer.version;
    b->writer.version = old_b.writer.version;
}

void reply_shrink(struct reply *reply, size_t keep_bytes) {
    buf_shrink(&reply->out, keep_bytes);
    if (reply->larges_count > 0 || reply->larges_cap * sizeof *reply->larges <= keep_bytes) return;
    mem_free(reply->mem, reply->larges, reply->larges_cap * sizeof *reply->larges);
    reply->larges = NULL;
    reply->larges_cap = 0;
}

/* Where room for the headers too is not to be had, it is taken as it is said. */
void reply_expect(struct reply *reply, size_t bytes, size_t headers_bytes) {
    if (buf_reserve(&reply->out, bytes + headers_bytes) == BRINE_OK) return;
    enum brine_status status = buf_reserve(&reply->out, bytes);
    if (!reply_is_broken(reply)) reply->writer.failed = status;
}

struct reply_mark reply_mark(const struct reply *reply) {
    return (struct reply_mark){
        .out_bytes = reply->out.len,
        .larges_count = reply->larges_count,
        .larges_bytes = reply->larges_bytes,
        .errors = reply->errors,
        .failed = reply->writer.failed,
    };
}

void reply_rewind(struct reply *reply, struct reply_mark mark) {
    BRINE_ASSERT(mark.out_bytes <= reply->out.len && mark.larges_count <= reply->larges_count,
                 "a mark lies in the reply it was taken of");
    for (size_t i = mark.larges_count; i < reply->larges_count; i++)
        blob_unref(reply->larges[i].blob);
    reply->larges_count = mark.larges_count;
    reply->larges_bytes = mark.larges_bytes;
    reply->errors = mark.errors;
    reply->out.len = mark.out_bytes;
    reply->writer.failed = mark.failed;
}

void reply_error(struct reply *reply, struct bytes text) {
    note_error(reply);
    resp_error(&reply->writer, text);
}

void reply_errorf(struct reply *reply, const char *format, ...) {
    char text[RESP_ERROR_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply_error(reply, bytes_view(text, MIN((size_t)len, sizeof text - 1)));
}

void reply_bulkf(struct reply *reply, const char *format, ...) {
    char text[REPLY_BULKF_BYTES_MAX + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply_bulk(reply, bytes_view(text, MIN((size_t)len, sizeof text - 1)));
}

void reply_verbatim(struct reply *reply, struct bytes text) {
    resp_verbatim(&reply->writer, BYTES("txt"), text);
}

static void add_large(struct reply *reply, struct blob *blob, struct bytes bytes) {
    if (!room_for_large(reply)) {
        resp_bulk(&reply->writer, bytes);
        return;
    }
    struct reply_large *large = &reply->larges[reply->larges_count];
    resp_bulk_header(&reply->writer, bytes.len);
    large->offset = reply->out.len;
    resp_bulk_end(&reply->writer);
    if (reply_is_broken(reply)) return;
    large->bytes = bytes;
    large->blob = blob_ref(blob);
    reply->larges_count++;
    reply->larges_bytes += bytes.len;
}

void reply_value(struct reply *reply, const struct store_value *value) {
    if (value->blob)
        add_large(reply, value->blob, blob_view(value->blob));
    else
        resp_bulk(&reply->writer, value->bytes);
}

void reply_part(struct reply *reply, const struct store_value *value, struct bytes part) {
    if (value->blob && part.len >= REPLY_LARGE_FROM_BYTES)
        add_large(reply, value->blob, part);
    else
        resp_bulk(&reply->writer, part);
}

void reply_buf(struct reply *reply, struct buf *text) {
    struct blob *blob = text->len >= REPLY_LARGE_FROM_BYTES ? blob_of_buf(text) : NULL;
    if (blob)
        add_large(reply, blob, blob_view(blob));
    else
        resp_bulk(&reply->writer, buf_view(text));
    blob_unref(blob);
}

void reply_map(struct reply *reply, size_t pairs) {
    resp_map(&reply->writer, pairs);
}

void reply_set(struct reply *reply, size_t count) {
    resp_set(&reply->writer, count);
}

static void note_error(struct reply *reply) {
    if (reply_is_broken(reply)) return;
    reply->errors++;
    reply->error_offset = reply->out.len;
}

/* False: the value is to be copied, or the reply is broken. */
static bool room_for_large(struct reply *reply) {
    if (reply_is_broken(reply)) return false;
    if (reply->larges_count < reply->larges_cap) return true;
    if (reply->larges_count == REPLY_LARGES_MAX) return false;
    size_t cap = MIN(MAX((size_t)LARGES_FIRST, reply->larges_cap * 2), (size_t)REPLY_LARGES_MAX);
    struct reply_large *larges = mem_resize(
        reply->mem, reply->larges, reply->larges_cap * sizeof *larges, cap * sizeof *larges);
    if (!larges) return false;
    reply->larges = larges;
    reply->larges_cap = cap;
    return true;
}
