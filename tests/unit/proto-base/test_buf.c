/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/buf.h"

#include "support/failing.h"

#include <criterion/criterion.h>

Test(buf, appended_bytes_come_back_in_order) {
    struct buf buf;
    buf_init(&buf, mem_system(), 1 << 20);
    for (int i = 0; i < 1000; i++) cr_assert_eq(buf_printf(&buf, "%d,", i), BRINE_OK);
    cr_assert_eq(buf_append_byte(&buf, '\n'), BRINE_OK);
    cr_expect(bytes_starts_with(buf_view(&buf), BYTES("0,1,2,3,")));
    cr_expect(bytes_equal(bytes_slice(buf_view(&buf), buf.len - 5, 5), BYTES("999,\n")));
    buf_deinit(&buf);
}

Test(buf, the_ceiling_is_a_status_and_leaves_the_buffer_as_it_was) {
    struct buf buf;
    buf_init(&buf, mem_system(), 10);
    cr_assert_eq(buf_append(&buf, BYTES("12345678")), BRINE_OK);
    cr_expect_eq(buf_append(&buf, BYTES("abc")), BRINE_TOO_BIG);
    cr_expect_eq(buf_printf(&buf, "%s", "abcdef"), BRINE_TOO_BIG);
    cr_expect_eq(buf_reserve(&buf, SIZE_MAX), BRINE_TOO_BIG);
    cr_expect(bytes_equal(buf_view(&buf), BYTES("12345678")));
    cr_expect_eq(buf_append(&buf, BYTES("90")), BRINE_OK);
    buf_deinit(&buf);
}

Test(buf, a_refused_allocation_is_a_status_and_nothing_leaks) {
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        failing_init(&mem, n);
        struct buf buf;
        buf_init(&buf, &mem.allocator, 1 << 20);
        bool refused = false;
        for (int i = 0; i < 300 && !refused; i++) {
            size_t before = buf.len;
            enum brine_status status = buf_append(&buf, BYTES("0123456789"));
            refused = status == BRINE_NO_MEMORY;
            cr_assert(refused ? buf.len == before : status == BRINE_OK);
        }
        buf_deinit(&buf);
        cr_assert_eq(mem.taken_bytes, 0);
        if (!mem.refused) break;
        cr_assert(refused);
    }
}

Test(buf, consuming_drops_the_front_and_shrinking_gives_memory_back) {
    struct mem_account account;
    mem_account_init(&account, mem_system(), 0);
    struct buf buf;
    buf_init(&buf, &account.allocator, 1 << 20);
    for (int i = 0; i < 1000; i++) cr_assert_eq(buf_append(&buf, BYTES("0123456789")), BRINE_OK);
    buf_consume(&buf, 9995);
    cr_expect(bytes_equal(buf_view(&buf), BYTES("56789")));
    buf_shrink(&buf, 0);
    cr_expect_eq(mem_account_used(&account), 5);
    buf_consume(&buf, 100);
    buf_shrink(&buf, 0);
    cr_expect_eq(mem_account_used(&account), 0);
    buf_deinit(&buf);
}
