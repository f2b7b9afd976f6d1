/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "base/reader.h"

#include <criterion/criterion.h>

Test(reader, numbers_and_views_come_in_little_endian_order) {
    static const uint8_t raw[] = {1,    2,    3,    4,    5,    6,    7,   0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x', 'y'};
    struct reader r = reader_over(bytes_view(raw, sizeof raw));
    cr_expect_eq(read_u8(&r), 1);
    cr_expect_eq(read_u16le(&r), 0x0302);
    cr_expect_eq(read_u32le(&r), 0x07060504);
    cr_expect_eq(read_i64le(&r), -1);
    cr_expect(bytes_equal(read_take(&r, 2), BYTES("xy")));
    cr_expect(reader_at_end(&r) && !reader_failed(&r));
}

Test(reader, the_first_failure_sticks_with_its_offset_and_moves_nothing) {
    struct reader r = reader_over(BYTES("abc"));
    cr_expect_eq(read_u8(&r), 'a');
    cr_expect_eq(read_u32le(&r), 0);
    cr_expect(reader_failed(&r));
    cr_expect_eq(reader_left(&r), 2);
    cr_expect_eq(read_u8(&r), 0, "after a failure everything is zero");
    cr_expect_eq(read_take(&r, SIZE_MAX).len, 0);
    struct brine_error err;
    cr_expect_eq(reader_error(&r, &err), BRINE_MALFORMED);
    cr_expect_eq(err.offset, 1);
}
