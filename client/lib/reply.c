/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Each event of the reader is a leaf or begins an aggregate.  Aggregates that are not complete are
 * levels of a stack; one that is complete becomes an element of the level below, so nothing ever
 * points at an element whose array may still move. */
#include "client/lib/reply.h"

#include "base/arena.h"

enum { READ_BYTES = 16 * 1024, READ_BYTES_MAX = 1 << 20, ITEMS_FIRST = 8, KEEP_BYTES = 64 * 1024 };

struct owned_reply {
    struct brine_reply reply; /* what the caller sees */
    struct allocator *mem;
    struct arena arena;
};

void reply_stream_init(struct reply_stream *stream, struct allocator *mem, size_t reply_bytes_max) {
    *stream = (struct reply_stream){.mem = mem, .reply_bytes_max = reply_bytes_max};
    /* Behind a reply that fills its limit there may be another read's worth. */
    buf_init(&stream->input, mem, reply_bytes_max + READ_BYTES_MAX);
    resp_reply_init(&stream->reader, (struct resp_reply_limits){.bulk_bytes_max = reply_bytes_max});
}

static void destroy(struct owned_reply *owned) {
    struct allocator *mem = owned->mem;
    arena_deinit(&owned->arena);
    mem_free(mem, owned, sizeof(*owned));
}

void reply_stream_reset(struct reply_stream *stream) {
    if (stream->owned) destroy(stream->owned);
    stream->owned = NULL;
    stream->depth = 0;
    stream->at = 0;
    buf_clear(&stream->input);
    resp_reply_init(&stream->reader,
                    (struct resp_reply_limits){.bulk_bytes_max = stream->reply_bytes_max});
}

void reply_stream_deinit(struct reply_stream *stream) {
    reply_stream_reset(stream);
    buf_deinit(&stream->input);
}

void brine_reply_free(struct brine_reply *reply) {
    if (reply) destroy(CONTAINER_OF(reply, struct owned_reply, reply));
}

enum brine_status reply_stream_reserve(struct reply_stream *stream) {
    if (stream->at) {
        buf_consume(&stream->input, stream->at);
        stream->at = 0;
        if (stream->input.len == 0) buf_shrink(&stream->input, KEEP_BYTES);
    }
    size_t missing = resp_reply_bytes_missing(&stream->reader);
    return buf_reserve(&stream->input,
                       MIN(MAX(missing, (size_t)READ_BYTES), (size_t)READ_BYTES_MAX));
}

static enum brine_status begin(struct reply_stream *stream) {
    struct owned_reply *owned = mem_alloc_zeroed(stream->mem, sizeof(*owned));
    if (!owned) return BRINE_NO_MEMORY;
    owned->mem = stream->mem;
    arena_init(&owned->arena, stream->mem, stream->reply_bytes_max);
    stream->owned = owned;
    return BRINE_OK;
}

static enum brine_reply_type type_of(enum resp_reply_kind kind) {
    switch (kind) {
    case RESP_KIND_SIMPLE:
        return BRINE_REPLY_STATUS;
    case RESP_KIND_ERROR:
    case RESP_KIND_BULK_ERROR:
        return BRINE_REPLY_ERROR;
    case RESP_KIND_INTEGER:
        return BRINE_REPLY_INTEGER;
    case RESP_KIND_NULL:
        return BRINE_REPLY_NIL;
    case RESP_KIND_BOOLEAN:
        return BRINE_REPLY_BOOLEAN;
    case RESP_KIND_DOUBLE:
        return BRINE_REPLY_DOUBLE;
    case RESP_KIND_BIG_NUMBER:
        return BRINE_REPLY_BIG_NUMBER;
    case RESP_KIND_BULK:
        return BRINE_REPLY_STRING;
    case RESP_KIND_VERBATIM:
        return BRINE_REPLY_VERBATIM;
    case RESP_KIND_MAP:
        return BRINE_REPLY_MAP;
    case RESP_KIND_SET:
        return BRINE_REPLY_SET;
    case RESP_KIND_PUSH:
        return BRINE_REPLY_PUSH;
    case RESP_KIND_ARRAY:
    case RESP_KIND_ATTRIBUTE:
        return BRINE_REPLY_ARRAY;
    }
    return BRINE_REPLY_NIL;
}

static enum brine_status make_leaf(struct reply_stream *stream,
                                   const struct resp_reply_event *event, struct brine_reply *leaf) {
    *leaf = (struct brine_reply){.type = type_of(event->kind),
                                 .text = "",
                                 .integer = event->integer,
                                 .number = event->number};
    if (event->kind == RESP_KIND_NULL || event->kind == RESP_KIND_BOOLEAN ||
        event->kind == RESP_KIND_INTEGER || event->text.len == 0)
        return BRINE_OK;
    struct bytes copy = arena_copy(&stream->owned->arena, event->text);
    if (!copy.data) return BRINE_TOO_BIG;
    leaf->text = (const char *)copy.data;
    leaf->len = copy.len;
    return BRINE_OK;
}

static enum brine_status append(struct reply_stream *stream, struct reply_level *level,
                                const struct brine_reply *element) {
    if (level->count == level->cap) {
        size_t cap = MIN(MAX(level->cap * 2, (size_t)ITEMS_FIRST), level->expected);
        struct brine_reply *items =
            arena_alloc(&stream->owned->arena, cap * sizeof(struct brine_reply));
        if (!items) return BRINE_TOO_BIG;
        if (level->count) memcpy(items, level->items, level->count * sizeof(*items));
        level->items = items;
        level->cap = cap;
    }
    level->items[level->count++] = *element;
    return BRINE_OK;
}

/* Hands an element to the level it belongs to; levels that are complete by it are elements in turn.
 */
static enum brine_status add(struct reply_stream *stream, struct brine_reply element) {
    while (stream->depth) {
        struct reply_level *level = &stream->levels[stream->depth - 1];
        TRY(append(stream, level, &element));
        if (level->count < level->expected) return BRINE_OK;
        stream->depth--;
        if (level->kind == RESP_KIND_ATTRIBUTE) return BRINE_OK;
        element = (struct brine_reply){.type = type_of(level->kind),
                                       .text = "",
                                       .elements = level->items,
                                       .count = level->count};
    }
    stream->owned->reply = element;
    return BRINE_OK;
}

static bool is_aggregate(enum resp_reply_kind kind) {
    return kind == RESP_KIND_ARRAY || kind == RESP_KIND_MAP || kind == RESP_KIND_SET ||
           kind == RESP_KIND_PUSH || kind == RESP_KIND_ATTRIBUTE;
}

static enum brine_status take_event(struct reply_stream *stream,
                                    const struct resp_reply_event *event) {
    struct brine_reply leaf;
    if (is_aggregate(event->kind) && event->elements) {
        /* The reader's bound on nesting is the size of this array. */
        stream->levels[stream->depth++] =
            (struct reply_level){.kind = event->kind, .expected = event->elements};
        return BRINE_OK;
    }
    if (event->kind == RESP_KIND_ATTRIBUTE) return BRINE_OK;
    TRY(make_leaf(stream, event, &leaf));
    return add(stream, leaf);
}

enum brine_status reply_stream_next(struct reply_stream *stream, struct brine_reply **reply,
                                    struct brine_error *err) {
    struct resp_reply_event event;
    *reply = NULL;
    for (;;) {
        struct bytes input = bytes_slice(buf_view(&stream->input), stream->at, stream->input.len);
        TRY(resp_reply_next(&stream->reader, input, &event, err));
        stream->at += event.consumed;
        enum brine_status status = stream->owned ? BRINE_OK : begin(stream);
        if (status == BRINE_OK) status = take_event(stream, &event);
        if (status != BRINE_OK)
            return brine_fail(err, status, 0, "a reply takes more than %zu bytes of memory",
                              stream->reply_bytes_max);
        if (!event.ends_reply) continue;
        *reply = &stream->owned->reply;
        stream->owned = NULL;
        return BRINE_OK;
    }
}
