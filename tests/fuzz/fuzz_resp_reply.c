/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach resp_reply_next, and through it take_line, take_body, enter, complete_element.
 *
 * The first byte chooses limits and the size of the pieces, the rest is the stream.  Oracles:
 *   - the stream in pieces, each at an address of its own, gives the same events as the whole;
 *   - each event, encoded again, is what was consumed, byte for byte; by the writer where the type
 *     has one spelling;
 *   - open levels have elements to come, their number is bounded, a reply ends with none open. */
#include "resp/reply.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/hash.h"
#include "resp/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct resp_reply_reader reader;
    uint64_t digest; /* of all events in order */
    size_t consumed;
    bool is_broken;
};

static void mix(struct run *run, const void *data, size_t len) {
    struct hash_secret chained = {.k0 = run->digest, .k1 = 1};
    run->digest = hash_bytes(&chained, bytes_view(data, len));
}

/* Writes the event as RESP3 again; RESP2's nulls and verbatim's format by hand. */
static void encode(const struct resp_reply_event *event, struct resp_writer *writer) {
    uint8_t marker = event->marker;
    switch (event->kind) {
    case RESP_KIND_SIMPLE:
    case RESP_KIND_ERROR:
    case RESP_KIND_DOUBLE:
    case RESP_KIND_BIG_NUMBER:
        resp_raw(writer, bytes_view(&marker, 1));
        resp_raw(writer, event->text);
        resp_raw(writer, BYTES("\r\n"));
        break;
    case RESP_KIND_INTEGER:
        resp_integer(writer, event->integer);
        break;
    case RESP_KIND_BOOLEAN:
        resp_boolean(writer, event->integer);
        break;
    case RESP_KIND_NULL:
        writer->version = marker == '_' ? 3 : 2;
        if (marker == '*')
            resp_null_array(writer);
        else
            resp_null(writer);
        break;
    case RESP_KIND_BULK:
        resp_bulk(writer, event->text);
        break;
    case RESP_KIND_BULK_ERROR:
        resp_write_header(writer, '!', event->text.len);
        resp_raw(writer, event->text);
        resp_bulk_end(writer);
        break;
    case RESP_KIND_VERBATIM:
        resp_write_header(writer, '=', event->text.len + 4);
        resp_raw(writer, event->format);
        resp_raw(writer, BYTES(":"));
        resp_raw(writer, event->text);
        resp_bulk_end(writer);
        break;
    case RESP_KIND_ARRAY:
        resp_array(writer, event->elements);
        break;
    case RESP_KIND_MAP:
        resp_map(writer, event->elements / 2);
        break;
    case RESP_KIND_SET:
        resp_set(writer, event->elements);
        break;
    case RESP_KIND_PUSH:
        resp_push(writer, event->elements);
        break;
    case RESP_KIND_ATTRIBUTE:
        BRINE_ASSERT(resp_attribute(writer, event->elements / 2), "RESP3 has attributes");
        break;
    }
}

static void check_encoding(const struct resp_reply_event *event, struct bytes input) {
    struct buf encoded;
    buf_init(&encoded, mem_system(), SIZE_MAX / 2);
    struct resp_writer writer = {.out = &encoded, .version = 3};
    encode(event, &writer);
    BRINE_ASSERT(writer.failed == BRINE_OK, "there is memory for a test");
    BRINE_ASSERT(bytes_equal(buf_view(&encoded), bytes_slice(input, 0, event->consumed)),
                 "an event encoded again is what was consumed");
    buf_deinit(&encoded);
}

static void note_event(struct run *run, const struct resp_reply_event *event, struct bytes input) {
    BRINE_ASSERT(event->consumed > 0 && event->consumed <= input.len, "consumed is in the input");
    BRINE_ASSERT(!event->ends_reply || run->reader.depth == 0, "a reply ends at the top");
    BRINE_ASSERT(run->reader.depth <= run->reader.limits.depth_max, "depth is bounded");
    for (size_t i = 0; i < run->reader.depth; i++)
        BRINE_ASSERT(run->reader.levels[i].left > 0, "an open level has elements to come");
    check_encoding(event, input);
    size_t facts[] = {(size_t)event->kind, event->depth, event->elements, event->ends_reply};
    mix(run, facts, sizeof(facts));
    mix(run, event->text.data, event->text.len);
}

static void read_arrived(struct run *run, struct bytes stream, size_t arrived) {
    struct bytes pending = bytes_slice(stream, run->consumed, arrived - run->consumed);
    uint8_t *copy = mem_alloc(mem_system(), MAX(pending.len, 1));
    BRINE_ASSERT(copy, "there is memory for a test");
    bytes_copy_to(copy, pending);
    for (size_t at = 0;;) {
        struct bytes input = bytes_view(copy + at, pending.len - at);
        struct resp_reply_event event;
        struct brine_error err;
        enum brine_status status = resp_reply_next(&run->reader, input, &event, &err);
        if (status == BRINE_NEED_MORE) break;
        if (status != BRINE_OK) {
            size_t facts[] = {(size_t)status, run->consumed + err.offset};
            mix(run, facts, sizeof(facts));
            mix(run, err.text, strlen(err.text));
            run->is_broken = true;
            break;
        }
        note_event(run, &event, input);
        at += event.consumed;
        run->consumed += event.consumed;
    }
    mem_free(mem_system(), copy, MAX(pending.len, 1));
}

static uint64_t run_stream(struct bytes stream, size_t piece, struct resp_reply_limits limits) {
    struct run run = {0};
    resp_reply_init(&run.reader, limits);
    for (size_t at = MIN(piece, stream.len); !run.is_broken; at += MIN(piece, stream.len - at)) {
        read_arrived(&run, stream, at);
        if (at == stream.len) break;
    }
    if (!run.is_broken) mix(&run, &run.consumed, sizeof(run.consumed));
    return run.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct bytes stream = bytes_view(data + 1, size - 1);
    struct resp_reply_limits limits = {0};
    if (data[0] & 1)
        limits = (struct resp_reply_limits){
            .bulk_bytes_max = 8, .line_bytes_max = 16, .elements_max = 4, .depth_max = 3};
    uint64_t whole = run_stream(stream, stream.len, limits);
    size_t piece = 1 + (size_t)(data[0] >> 1);
    if (stream.len / piece > 1 << 12) piece = stream.len >> 12; /* the copies are quadratic */
    BRINE_ASSERT(run_stream(stream, piece, limits) == whole, "pieces give what the whole gives");
    return 0;
}
