/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "store/blob.h"
#include "support/failing.h"

#include <criterion/criterion.h>

static struct failing_allocator mem;

static struct blob *make_run(const char *text) {
    struct bytes bytes = bytes_of_cstr(text);
    failing_init(&mem, SIZE_MAX);
    struct blob *blob = blob_create_run(&mem.allocator, bytes, bytes.len);
    cr_assert(blob);
    return blob;
}

/* NULL: it could not be extended. */
static struct blob *add(struct blob *blob, const char *text) {
    struct bytes bytes = bytes_of_cstr(text);
    struct blob *more = blob_extend(blob, blob->len + bytes.len);
    if (more) bytes_copy_to(more->data + blob->len, bytes);
    return more;
}

static bool says(const struct blob *blob, const char *text) {
    return bytes_equal(blob_view(blob), bytes_of_cstr(text));
}

Test(blob, what_is_added_is_not_seen_by_who_has_the_shorter_one) {
    struct blob *first = make_run("0123456789abcdef"); /* room for two more */
    struct blob *second = add(first, "g");
    struct blob *third = second ? add(second, "h") : NULL;
    cr_assert(third);
    cr_expect(says(first, "0123456789abcdef") && says(second, "0123456789abcdefg"));
    cr_expect(says(third, "0123456789abcdefgh") && third->data == first->data);
    cr_expect(!add(third, "i"), "there is no more room");
    blob_unref(first);
    blob_unref(third);
    cr_expect(says(second, "0123456789abcdefg"), "each keeps the bytes");
    blob_unref(second);
    cr_expect(mem.taken_bytes == 0, "%zu bytes left", mem.taken_bytes);
}

Test(blob, only_one_may_add_behind_the_same_bytes) {
    struct blob *first = make_run("0123456789abcdef");
    struct blob *second = add(first, "g");
    cr_assert(second);
    cr_expect(!add(first, "x"), "the room is taken");
    blob_unextend(second, first);
    struct blob *other = add(first, "xy");
    cr_expect(other && says(other, "0123456789abcdefxy"), "it was given back");
    blob_unref(other);
    cr_expect(!add(first, "z"), "what was shared keeps its room");
    blob_unref(first);
    cr_expect(mem.taken_bytes == 0, "%zu bytes left", mem.taken_bytes);
}

Test(blob, a_plain_one_has_no_room_behind) {
    failing_init(&mem, SIZE_MAX);
    struct blob *blob = blob_create(&mem.allocator, 100);
    cr_expect(!blob_extend(blob, 101) && blob_bytes(blob) == mem.taken_bytes);
    blob_unref(blob);
    cr_expect(mem.taken_bytes == 0);
}

Test(blob, a_buffer_becomes_one_without_a_copy) {
    struct buf text;
    failing_init(&mem, SIZE_MAX);
    buf_init(&text, &mem.allocator, 1000);
    cr_assert(buf_append(&text, BYTES("hello")) == BRINE_OK);
    const uint8_t *before = text.data;
    struct blob *blob = blob_of_buf(&text);
    cr_assert(blob && blob->data == before && says(blob, "hello"));
    cr_expect(!text.data && text.cap == 0 && blob_bytes(blob) == mem.taken_bytes);
    blob_unref(blob);
    cr_expect(mem.taken_bytes == 0);
}

Test(blob, a_part_of_a_buffer_becomes_one_and_goes_back) {
    struct mem_account clients, store;
    struct buf text;
    failing_init(&mem, SIZE_MAX);
    mem_account_init(&clients, &mem.allocator, 0);
    mem_account_init(&store, &mem.allocator, 0);
    buf_init(&text, &clients.allocator, 1000);
    cr_assert(buf_append(&text, BYTES("SET hello!")) == BRINE_OK);
    const uint8_t *before = text.data;
    struct blob *blob = blob_of_part(&text, bytes_view(before + 4, 5), &store.allocator);
    cr_assert(blob && blob->data == before + 4 && says(blob, "hello"));
    cr_expect(!text.data && text.cap == 0 && text.len == 0);
    cr_expect(mem_account_used(&clients) == 0 && mem_account_used(&store) == blob_bytes(blob));

    blob_ref(blob);
    cr_expect(!blob_back_to_buf(blob, &text, 10), "somebody else has it");
    cr_expect(!text.data && says(blob, "hello"));
    blob_unref(blob);
    cr_assert(blob_back_to_buf(blob, &text, 10));
    cr_expect(text.data == before && bytes_equal(buf_view(&text), BYTES("SET hello!")));
    cr_expect(mem_account_used(&store) == 0 && mem_account_used(&clients) == text.cap);

    cr_expect(!blob_of_part(&text, bytes_view(before, 3), mem_system()), "of another source");
    mem.fail_at = mem.requests;
    cr_expect(!blob_of_part(&text, bytes_view(before, 3), &store.allocator));
    cr_expect(text.len == 10 && mem_account_used(&store) == 0);
    buf_deinit(&text);
    cr_expect(mem.taken_bytes == 0);
}

Test(blob, a_refused_allocation_leaves_all_as_it_was) {
    for (size_t n = 0; n < 2; n++) {
        failing_init(&mem, n);
        cr_expect(!blob_create_run(&mem.allocator, BYTES("text"), 4));
        cr_expect(mem.taken_bytes == 0);
    }
    struct blob *first = make_run("0123456789abcdef");
    mem.fail_at = mem.requests;
    cr_expect(!add(first, "g"));
    struct blob *second = add(first, "h");
    cr_expect(second && says(second, "0123456789abcdefh"), "the room was not lost");
    blob_unref(second);
    blob_unref(first);
    struct buf text;
    failing_init(&mem, 1);
    buf_init(&text, &mem.allocator, 1000);
    cr_assert(buf_append(&text, BYTES("hello")) == BRINE_OK);
    cr_expect(!blob_of_buf(&text) && bytes_equal(buf_view(&text), BYTES("hello")));
    buf_deinit(&text);
    cr_expect(mem.taken_bytes == 0);
}
