/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "net/output.h"

#include "base/buf.h"
#include "base/random.h"
#include "support/failing.h"

#include <criterion/criterion.h>

static struct blob *make_blob(struct allocator *mem, size_t len, uint8_t first) {
    struct blob *blob = blob_create(mem, len);
    cr_assert(blob);
    for (size_t i = 0; i < len; i++) blob->data[i] = (uint8_t)(first + i);
    return blob;
}

Test(output, what_is_sent_is_what_was_added_in_order_whatever_is_added_meanwhile) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct allocator *mem = &account.allocator;
    struct random random;
    random_init(&random, 3);
    struct output *output = output_create(mem);
    struct buf want, got;
    buf_init(&want, mem_system(), SIZE_MAX);
    buf_init(&got, mem_system(), SIZE_MAX);
    for (int step = 0; step < 3000; step++) {
        uint8_t text[6000];
        size_t len = random_below(&random, step % 10 ? 100 : sizeof(text));
        for (size_t i = 0; i < len; i++) text[i] = (uint8_t)random_u64(&random);
        if (random_below(&random, 4) == 0) {
            struct blob *blob = make_blob(mem, len + 1, (uint8_t)step);
            size_t offset = random_below(&random, len + 1);
            cr_assert(output_add_blob(output, blob,
                                      bytes_slice(blob_view(blob), offset, len + 1)) == BRINE_OK);
            cr_assert(buf_append(&want, bytes_slice(blob_view(blob), offset, len + 1)) == BRINE_OK);
            blob_unref(blob);
        } else if (len > 0) {
            cr_assert(output_add_bytes(output, bytes_view(text, len)) == BRINE_OK);
            cr_assert(buf_append(&want, bytes_view(text, len)) == BRINE_OK);
        }
        if (output->chunks_in_flight && random_below(&random, 2)) output_end(output);
        if (!output->chunks_in_flight && output->first && random_below(&random, 2)) {
            uv_buf_t vectors[OUTPUT_VECTORS];
            size_t count = output_begin(output, vectors);
            cr_assert(count > 0 && count <= OUTPUT_VECTORS);
            for (size_t i = 0; i < count; i++)
                cr_assert(buf_append(&got, bytes_view(vectors[i].base, vectors[i].len)) ==
                          BRINE_OK);
        }
    }
    while (output->first) {
        uv_buf_t vectors[OUTPUT_VECTORS];
        if (output->chunks_in_flight) output_end(output);
        size_t count = output->first ? output_begin(output, vectors) : 0;
        for (size_t i = 0; i < count; i++)
            cr_assert(buf_append(&got, bytes_view(vectors[i].base, vectors[i].len)) == BRINE_OK);
    }
    cr_expect(bytes_equal(buf_view(&want), buf_view(&got)), "%zu wanted, %zu sent", want.len,
              got.len);
    cr_expect(output->pending_bytes == 0 && output->owned_bytes == sizeof(*output));
    output_destroy(output);
    cr_expect(mem_account_used(&account) == 0);
    buf_deinit(&want);
    buf_deinit(&got);
}

Test(output, destroying_gives_back_all_bytes_and_references) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct blob *blob = make_blob(mem_system(), 10, 0);
    struct output *output = output_create(&account.allocator);
    cr_assert(output_add_blob(output, blob, bytes_slice(blob_view(blob), 2, 8)) == BRINE_OK);
    cr_assert(output_add_bytes(output, BYTES("abc")) == BRINE_OK);
    cr_expect(output->pending_bytes == 11 && output->owned_bytes == mem_account_used(&account));
    cr_expect(atomic_load(&blob->refs) == 2);
    output_destroy(output);
    cr_expect(atomic_load(&blob->refs) == 1 && mem_account_used(&account) == 0);
    blob_unref(blob);
}

Test(output, a_refused_allocation_adds_nothing) {
    struct blob *blob = make_blob(mem_system(), 10, 0);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct output *output = output_create(&mem.allocator);
        if (output) {
            size_t before = output->pending_bytes;
            if (output_add_bytes(output, BYTES("abc")) != BRINE_OK)
                cr_expect(output->pending_bytes == before);
            before = output->pending_bytes;
            if (output_add_blob(output, blob, blob_view(blob)) != BRINE_OK)
                cr_expect(output->pending_bytes == before);
            output_destroy(output);
        }
        cr_expect(mem.taken_bytes == 0, "%zu", n);
        cr_expect(atomic_load(&blob->refs) == 1, "%zu", n);
        if (!mem.refused) break;
    }
    blob_unref(blob);
}

Test(output, a_value_that_only_replies_keep_is_counted_and_the_one_being_sent_may_finish) {
    struct blob *kept = make_blob(mem_system(), 1000, 0), *gone = make_blob(mem_system(), 300, 0);
    struct output *one = output_create(mem_system()), *two = output_create(mem_system());
    cr_assert(output_add_blob(one, kept, blob_view(kept)) == BRINE_OK);
    cr_assert(output_add_blob(one, gone, blob_view(gone)) == BRINE_OK);
    cr_assert(output_add_blob(two, gone, blob_view(gone)) == BRINE_OK);
    cr_expect(output_count_orphans(one) == 0 && one->orphaned_bytes == 0, "all are stored");
    blob_unref(gone); /* the store's reference: it was replaced */
    cr_expect(output_count_orphans(one) == 300 && one->orphaned_bytes == 300);
    cr_expect(output_count_orphans(two) == 0 && two->orphaned_bytes == 300, "it is being sent");
    output_destroy(one);
    cr_expect(!blob_is_orphaned(kept) && blob_is_orphaned(gone));
    output_destroy(two);
    blob_unref(kept);
}

Test(output, a_long_reply_that_was_taken_over_is_its_clients_cost_until_it_is_sent) {
    struct buf text;
    buf_init(&text, mem_system(), SIZE_MAX);
    for (int i = 0; i < 10; i++) cr_assert(buf_append(&text, BYTES("0123456789")) == BRINE_OK);
    struct blob *blob = blob_of_buf(&text);
    cr_assert(blob && text.cap == 0);
    struct output *output = output_create(mem_system());
    cr_assert(output_add_reply(output, blob, bytes_slice(blob_view(blob), 0, 60), 5) == BRINE_OK);
    cr_assert(output_add_reply(output, blob, bytes_slice(blob_view(blob), 70, 30), 0) == BRINE_OK);
    blob_unref(blob);
    cr_expect(output->reply_bytes == 95 && output->owned_bytes > 95);
    cr_expect(output_count_orphans(output) == 0 && output->orphaned_bytes == 0, "it is no value");
    output_consume(output, 60);
    cr_expect(output->reply_bytes == 30 && output->pending_bytes == 30);
    cr_expect(bytes_equal(output_front(output, 100), BYTES("012345678901234567890123456789")));
    output_destroy(output);
}
