/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Must reach reply_stream_next, take_event, add, append, show_reply, show_json,
 * brine_verdict_parse.
 *
 * The first byte is the size of the pieces, the rest what a server sends.  Oracles:
 *   - in pieces it gives the same replies, shown in every form, and ends in the same status;
 *   - what is shown as a report with escapes holds nothing that a terminal would obey;
 *   - what is held is within the limit and a read's worth, and all of it is given back;
 *   - a verdict's texts end within their bounds. */
#include "base/assert.h"
#include "client/lib/reply.h"
#include "client/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPLY_BYTES_MAX = 1 << 20, SHOWN_BYTES_MAX = 64 << 20, HELD_BYTES_MAX = 8 << 20 };

static void escape(const struct brine_reply *reply, struct buf *shown) {
    size_t before = shown->len;
    enum brine_status status =
        show_reply(shown, reply, (struct show){.form = SHOW_REPORT, .escape = true});
    for (size_t i = before; i < shown->len; i++) {
        uint8_t c = shown->data[i];
        uint8_t next = i + 1 < shown->len ? shown->data[i + 1] : 0;
        bool space = c == '\n' || c == '\t' || (c == '\r' && next == '\n');
        BRINE_ASSERT(space || (c >= 0x20 && c != 0x7f), "a terminal obeys nothing");
    }
    if (status != BRINE_OK) shown->len = before;
}

static void look_at(const struct brine_reply *reply, struct buf *shown) {
    static const enum show_form forms[] = {SHOW_FORMATTED, SHOW_RAW, SHOW_REPORT, SHOW_JSON};
    struct brine_verdict verdict;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t before = shown->len;
        enum brine_status status = show_reply(shown, reply, (struct show){.form = forms[i]});
        if (status != BRINE_OK) shown->len = before;
    }
    escape(reply, shown);
    BRINE_ASSERT(reply->text[reply->len] == 0, "a text has its NUL");
    if (reply->type != BRINE_REPLY_ERROR) return;
    (void)brine_verdict_parse(reply->text, reply->len, &verdict);
    BRINE_ASSERT(memchr(verdict.message, 0, sizeof verdict.message) &&
                     memchr(verdict.global, 0, sizeof verdict.global),
                 "a verdict's texts end");
}

static enum brine_status run(struct bytes bytes, size_t piece, struct buf *shown) {
    struct mem_account account;
    struct reply_stream stream;
    struct brine_reply *reply;
    enum brine_status status = BRINE_NEED_MORE;
    mem_account_init(&account, mem_system(), 0);
    reply_stream_init(&stream, &account.allocator, REPLY_BYTES_MAX);
    for (size_t at = 0; at < bytes.len && status == BRINE_NEED_MORE; at += piece) {
        status = reply_stream_reserve(&stream);
        if (status == BRINE_OK) status = buf_append(&stream.input, bytes_slice(bytes, at, piece));
        if (status != BRINE_OK) break;
        while ((status = reply_stream_next(&stream, &reply, NULL)) == BRINE_OK) {
            look_at(reply, shown);
            brine_reply_free(reply);
        }
    }
    reply_stream_deinit(&stream);
    BRINE_ASSERT(mem_account_used(&account) == 0, "all is given back");
    BRINE_ASSERT(mem_account_peak(&account) < HELD_BYTES_MAX, "what is held is bounded");
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct bytes bytes = bytes_view(data + 1, size - 1);
    struct buf whole, pieces;
    buf_init(&whole, mem_system(), SHOWN_BYTES_MAX);
    buf_init(&pieces, mem_system(), SHOWN_BYTES_MAX);
    enum brine_status one = run(bytes, MAX(bytes.len, (size_t)1), &whole);
    enum brine_status many = run(bytes, (size_t)data[0] + 1, &pieces);
    BRINE_ASSERT(one == many, "pieces end in the same status");
    BRINE_ASSERT(bytes_equal(buf_view(&whole), buf_view(&pieces)), "pieces give the same replies");
    buf_deinit(&whole);
    buf_deinit(&pieces);
    return 0;
}
