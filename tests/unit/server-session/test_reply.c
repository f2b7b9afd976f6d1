/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/reply.h"
#include "support/failing.h"

#include <criterion/criterion.h>

static struct failing_allocator mem;

static void open_reply(struct reply *reply, size_t limit) {
    failing_init(&mem, SIZE_MAX);
    reply_init(reply, &mem.allocator, limit);
}

static void close_reply(struct reply *reply) {
    reply_deinit(reply);
    cr_expect(mem.taken_bytes == 0, "%zu bytes left", mem.taken_bytes);
}

static bool says(const struct reply *reply, const char *text) {
    return bytes_equal(buf_view(&reply->out), bytes_of_cstr(text));
}

static struct store_value boxed(struct blob *blob) {
    return (struct store_value){.bytes = blob_view(blob), .blob = blob};
}

Test(reply, a_boxed_value_goes_by_reference_and_its_place_is_remembered) {
    struct reply reply;
    open_reply(&reply, 1000);
    struct blob *blob = blob_create(&mem.allocator, 5000);
    struct store_value value = boxed(blob);
    reply_ok(&reply);
    reply_value(&reply, &value);
    reply_integer(&reply, 1);
    cr_expect(says(&reply, "+OK\r\n$5000\r\n\r\n:1\r\n"));
    cr_expect(reply.larges_count == 1 && reply.larges[0].offset == 12);
    cr_expect(reply_bytes(&reply) == 18 + 5000);
    blob_unref(blob);
    cr_expect(mem.taken_bytes > 5000, "the reply holds it");
    reply_clear(&reply);
    cr_expect(mem.taken_bytes < 5000, "and lets it go");
    close_reply(&reply);
}

Test(reply, a_mark_leads_back_and_mends_what_broke) {
    struct reply reply;
    open_reply(&reply, 100);
    struct blob *blob = blob_create(&mem.allocator, 5000);
    struct store_value value = boxed(blob);
    reply_ok(&reply);
    struct reply_mark mark = reply_mark(&reply);
    reply_value(&reply, &value);
    reply_error(&reply, BYTES("ERR no"));
    for (int i = 0; i < 100; i++) reply_integer(&reply, 12345);
    cr_expect(reply_is_broken(&reply));
    reply_rewind(&reply, mark);
    cr_expect(!reply_is_broken(&reply) && says(&reply, "+OK\r\n"));
    cr_expect(reply.larges_count == 0 && reply.errors == 0 && reply_bytes(&reply) == 5);
    blob_unref(blob);
    close_reply(&reply);
}

Test(reply, references_take_no_memory_and_do_not_count_against_the_limit) {
    struct reply reply;
    open_reply(&reply, 6000);
    struct blob *blob = blob_create(&mem.allocator, 50000);
    struct store_value value = boxed(blob);
    size_t before = mem.taken_bytes;
    for (int i = 0; i < 100; i++) reply_value(&reply, &value);
    cr_expect(!reply_is_broken(&reply) && reply.larges_count == 100);
    cr_expect(mem.taken_bytes - before < 20000, "%zu", mem.taken_bytes - before);
    reply_bulk(&reply, blob_view(blob));
    cr_expect(reply_is_broken(&reply), "a copy does");
    blob_unref(blob);
    close_reply(&reply);
}

Test(reply, a_long_part_of_a_boxed_value_goes_by_reference_and_a_short_one_is_copied) {
    struct reply reply;
    open_reply(&reply, 100000);
    struct blob *blob = blob_create(&mem.allocator, 50000);
    memset(blob->data, 'x', blob->len);
    struct store_value value = boxed(blob);
    reply_part(&reply, &value, bytes_slice(value.bytes, 10, REPLY_LARGE_FROM_BYTES));
    cr_assert(reply.larges_count == 1);
    cr_expect(reply.larges[0].bytes.data == blob->data + 10);
    cr_expect(reply_bytes(&reply) == 10 + REPLY_LARGE_FROM_BYTES, "%zu", reply_bytes(&reply));
    reply_part(&reply, &value, bytes_slice(value.bytes, 10, 3));
    cr_expect(reply.larges_count == 1 && says(&reply, "$16384\r\n\r\n$3\r\nxxx\r\n"));
    blob_unref(blob);
    close_reply(&reply);
}

Test(reply, errors_are_counted_and_the_newest_can_be_found) {
    struct reply reply;
    open_reply(&reply, 1000);
    reply_error(&reply, BYTES("ERR a"));
    reply_errorf(&reply, "WRONGPASS %d", 7);
    cr_expect(reply.errors == 2 && reply.out.data[reply.error_offset] == '-');
    cr_expect(says(&reply, "-ERR a\r\n-WRONGPASS 7\r\n"));
    cr_expect(reply.error_offset == 8);
    close_reply(&reply);
}

Test(reply, a_refused_allocation_breaks_it_and_nothing_leaks) {
    for (size_t fail_at = 0; fail_at < 20; fail_at++) {
        struct reply reply;
        open_reply(&reply, 100000);
        struct blob *blob = blob_create(&mem.allocator, 20000);
        struct store_value value = boxed(blob);
        mem.fail_at = mem.requests + fail_at;
        for (int i = 0; i < 3; i++) reply_value(&reply, &value);
        bool refused = mem.refused;
        cr_expect(refused || (!reply_is_broken(&reply) && reply.larges_count == 3));
        blob_unref(blob);
        close_reply(&reply);
        if (!refused) return;
    }
    cr_assert_fail("it never had what it needs");
}

Test(reply, a_formatted_text_of_any_length_is_cut) {
    struct reply reply;
    open_reply(&reply, 10000);
    reply_bulkf(&reply, "%s-%d", "short", 1);
    cr_expect(says(&reply, "$7\r\nshort-1\r\n"));
    reply_bulkf(&reply, "%0*d", 3 * REPLY_BULKF_BYTES_MAX, 1);
    cr_expect(reply.out.len == 13 + 7 + REPLY_BULKF_BYTES_MAX + 2, "%zu", reply.out.len);
    close_reply(&reply);
}
