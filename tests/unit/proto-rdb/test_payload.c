/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "rdb/payload.h"

#include "rdb/crc64.h"
#include "support/failing.h"

#include <criterion/criterion.h>

static void must(enum brine_status status) {
    cr_assert(status == BRINE_OK, "%s", brine_status_name(status));
}

/* clang-format off */
/* What Redis 7.0.15 answers to DUMP. */
static const struct sample { struct bytes text, payload; } samples[] = {
    {BYTES(""), BYTES("\x00\x00\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda")},
    {BYTES("abc"), BYTES("\x00\x03\x61\x62\x63\x0a\x00\xd9\xac\x30\x3d\x41\x72\xa2\xe2")},
    {BYTES("0"), BYTES("\x00\xc0\x00\x0a\x00\x98\x40\xa7\x78\xf8\x50\x03\x08")},
    {BYTES("-128"), BYTES("\x00\xc0\x80\x0a\x00\x99\x66\x32\x6d\x2f\x0c\x5b\xd9")},
    {BYTES("127"), BYTES("\x00\xc0\x7f\x0a\x00\x0d\xb5\xeb\x31\x52\x54\xc5\x14")},
    {BYTES("128"), BYTES("\x00\xc1\x80\x00\x0a\x00\xeb\x7a\xb3\xb5\x10\xcf\x4b\x65")},
    {BYTES("-32768"), BYTES("\x00\xc1\x00\x80\x0a\x00\xb5\x40\x06\x47\x53\xbb\x1a\xce")},
    {BYTES("32768"), BYTES("\x00\xc2\x00\x80\x00\x00\x0a\x00\x45\xd8\x2e\xed\xd5\xbd\xa9\x10")},
    {BYTES("2147483647"), BYTES("\x00\xc2\xff\xff\xff\x7f\x0a\x00\x2c\x74\xe5\x9e\xe0\x2e\xad\xa1")},
    {BYTES("-2147483648"), BYTES("\x00\xc2\x00\x00\x00\x80\x0a\x00\xc7\x4f\x87\x3e\x33\x55\x81\x87")},
    {BYTES("2147483648"), BYTES("\x00\x0a\x32\x31\x34\x37\x34\x38\x33\x36\x34\x38\x0a\x00\xe7\xb1\x29\xa3\x4c\x1d\x76\xee")},
    {BYTES("9223372036854775807"), BYTES("\x00\x13\x39\x32\x32\x33\x33\x37\x32\x30\x33\x36\x38\x35\x34\x37\x37\x35\x38\x30\x37\x0a\x00\x3a\x65\x7e\x94\x81\xe8\x5f\x22")},
    {BYTES("01"), BYTES("\x00\x02\x30\x31\x0a\x00\x6c\xdd\xc4\x41\x14\x4c\x7d\xa4")},
    {BYTES("+1"), BYTES("\x00\x02\x2b\x31\x0a\x00\xc2\x86\xf0\xd7\x43\x9a\xee\x6f")},
    {BYTES("xxxxxxxxxxxxxxxxxxxx"), BYTES("\x00\x14\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x78\x0a\x00\x5b\x3c\x81\xec\xa5\x8c\xc5\x6b")},
    {BYTES("aaaaaaaaaaaaaaaaaaaaa"), BYTES("\x00\xc3\x06\x15\x01\x61\x61\xe0\x0a\x00\x0a\x00\xfd\x0c\xb3\x68\x07\x41\x3f\x68")},
    {BYTES("0123456789012345678901234567890123456789012345678901234567890123456789end"),
     BYTES("\x00\xc3\x13\x40\x49\x0a\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x30\xe0\x32\x09\x02\x65\x6e\x64\x0a\x00\x68\x9b\x24\xbf\xc3\xe9\x1c\xb9")},
};
/* clang-format on */

Test(payload, the_crc_is_that_of_the_catalogue_in_any_pieces) {
    struct bytes text = BYTES("123456789 and what is longer than eight bytes");
    cr_expect_eq(rdb_crc64(0, BYTES("123456789")), 0xe9c6d914c4b8d9ca);
    cr_expect_eq(rdb_crc64(7, BYTES("")), 7);
    uint64_t whole = rdb_crc64(0, text);
    for (size_t cut = 0; cut <= text.len; cut++) {
        uint64_t crc = rdb_crc64(0, bytes_slice(text, 0, cut));
        cr_expect_eq(rdb_crc64(crc, bytes_slice(text, cut, text.len)), whole, "cut at %zu", cut);
    }
}

Test(payload, values_become_the_bytes_that_redis_makes_and_come_back) {
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct sample *sample = &samples[i];
        struct buf out, scratch;
        struct reader value;
        struct brine_error err;
        struct bytes text;
        buf_init(&out, mem_system(), SIZE_MAX);
        buf_init(&scratch, mem_system(), SIZE_MAX);
        must(payload_write_string(&out, sample->text));
        cr_expect(bytes_equal(buf_view(&out), sample->payload), "row %zu", i);
        must(payload_open(sample->payload, &value, &err));
        cr_expect_eq(read_u8(&value), RDB_TYPE_STRING);
        must(rdb_read_string(&value, SIZE_MAX, &scratch, &text, &err));
        cr_expect(bytes_equal(text, sample->text), "row %zu", i);
        cr_expect(reader_at_end(&value), "row %zu", i);
        buf_deinit(&out);
        buf_deinit(&scratch);
    }
}

Test(payload, every_changed_bit_and_every_cut_is_found) {
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        uint8_t copy[128];
        struct bytes payload = samples[i].payload;
        struct reader value;
        for (size_t bit = 0; bit < payload.len * 8; bit++) {
            bytes_copy_to(copy, payload);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cr_expect(payload_open(bytes_view(copy, payload.len), &value, NULL) == BRINE_MALFORMED,
                      "row %zu bit %zu", i, bit);
        }
        for (size_t len = 0; len < payload.len; len++)
            cr_expect(payload_open(bytes_slice(payload, 0, len), &value, NULL) == BRINE_MALFORMED,
                      "row %zu cut at %zu", i, len);
    }
}

/* A payload with this version and a right checksum. */
static void seal(struct buf *payload, struct bytes body, uint16_t version) {
    buf_init(payload, mem_system(), SIZE_MAX);
    must(buf_append(payload, body));
    must(buf_append_byte(payload, (uint8_t)version));
    must(buf_append_byte(payload, (uint8_t)(version >> 8)));
    uint64_t crc = rdb_crc64(0, buf_view(payload));
    for (int i = 0; i < 8; i++) must(buf_append_byte(payload, (uint8_t)(crc >> (8 * i))));
}

Test(payload, versions_of_newer_servers_are_read_and_unknown_ones_are_not) {
    static const struct {
        uint16_t version;
        bool known;
    } rows[] = {{0, true},  {9, true},  {11, true},   {12, true},
                {80, true}, {99, true}, {100, false}, {0xffff, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf payload;
        struct reader value;
        seal(&payload, BYTES("\x00\x01x"), rows[i].version);
        enum brine_status status = payload_open(buf_view(&payload), &value, NULL);
        cr_expect(status == (rows[i].known ? BRINE_OK : BRINE_MALFORMED), "version %u",
                  rows[i].version);
        buf_deinit(&payload);
    }
}

Test(payload, a_checksum_of_zero_is_checked_like_any_other) {
    struct reader value;
    cr_expect(payload_open(BYTES("\x00\x01x\x0a\x00\0\0\0\0\0\0\0\0"), &value, NULL) ==
              BRINE_MALFORMED);
}

Test(payload, strings_of_other_writers_are_read_and_broken_ones_are_not) {
    /* clang-format off */
    static const struct { const char *what; struct bytes raw; const char *text; enum brine_status status; } rows[] = {
        {"a length longer than needed", BYTES("\x40\x03" "abc"), "abc", BRINE_OK},
        {"a length of 32 bits", BYTES("\x80\x00\x00\x00\x03" "abc"), "abc", BRINE_OK},
        {"a length of 64 bits", BYTES("\x81\0\0\0\0\0\0\0\x03" "abc"), "abc", BRINE_OK},
        {"a number wider than needed", BYTES("\xc2\xff\xff\xff\xff"), "-1", BRINE_OK},
        {"literals alone", BYTES("\xc3\x04\x03\x02" "abc"), "abc", BRINE_OK},
        {"nothing", BYTES(""), "", BRINE_MALFORMED},
        {"fewer bytes than the length", BYTES("\x04" "abc"), "", BRINE_MALFORMED},
        {"the largest length", BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff" "abc"), "", BRINE_MALFORMED},
        {"a length that is none", BYTES("\x82" "abc"), "", BRINE_MALFORMED},
        {"half a length", BYTES("\x80\x00"), "", BRINE_MALFORMED},
        {"half a number", BYTES("\xc1\x00"), "", BRINE_MALFORMED},
        {"an unknown special", BYTES("\xc4" "abc"), "", BRINE_MALFORMED},
        {"a special as the packed length", BYTES("\xc3\xc0\x03\x02" "abc"), "", BRINE_MALFORMED},
        {"more than the limit", BYTES("\x41\x00" "abc"), "", BRINE_MALFORMED},
        {"packed: fewer bytes than claimed", BYTES("\xc3\x05\x03\x02" "abc"), "", BRINE_MALFORMED},
        {"packed: more than comes out", BYTES("\xc3\x04\x04\x02" "abc"), "", BRINE_MALFORMED},
        {"packed: less than comes out", BYTES("\xc3\x04\x02\x02" "abc"), "", BRINE_MALFORMED},
        {"packed: a reference before the start", BYTES("\xc3\x04\x05\x00" "a\x20\x07"), "", BRINE_MALFORMED},
        {"packed: a bomb's claim", BYTES("\xc3\x04\x41\x62\x02" "abc"), "", BRINE_MALFORMED},
        {"packed: a claim over the limit", BYTES("\xc3\x04\x80\x00\x01\x00\x00\x02" "abc"), "", BRINE_TOO_BIG},
        {"packed: nothing", BYTES("\xc3\x00\x00"), "", BRINE_MALFORMED},
    };
    /* clang-format on */
    enum { LIMIT = 1000 };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf scratch;
        struct bytes text;
        struct brine_error err;
        struct reader r = reader_over(rows[i].raw);
        buf_init(&scratch, mem_system(), SIZE_MAX);
        enum brine_status status = rdb_read_string(&r, LIMIT, &scratch, &text, &err);
        cr_expect(status == rows[i].status, "%s: %s", rows[i].what, brine_status_name(status));
        if (status == BRINE_OK)
            cr_expect(bytes_equal(text, bytes_of_cstr(rows[i].text)), "%s", rows[i].what);
        buf_deinit(&scratch);
    }
}

Test(payload, a_plain_string_over_the_limit_is_too_big) {
    struct buf scratch;
    struct bytes text;
    struct reader r = reader_over(BYTES("\x03"
                                        "abc"));
    buf_init(&scratch, mem_system(), SIZE_MAX);
    cr_expect(rdb_read_string(&r, 2, &scratch, &text, NULL) == BRINE_TOO_BIG);
    buf_deinit(&scratch);
}

Test(payload, lengths_of_every_width_come_back) {
    static const uint64_t lengths[] = {0,     63,         64,         16383,      16384,
                                       65535, UINT32_MAX, 1ull << 32, UINT64_MAX, 1ull << 40};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct buf out;
        uint64_t length = 1;
        buf_init(&out, mem_system(), SIZE_MAX);
        must(rdb_write_length(&out, lengths[i]));
        struct reader r = reader_over(buf_view(&out));
        must(rdb_read_length(&r, &length, NULL));
        cr_expect_eq(length, lengths[i]);
        cr_expect(reader_at_end(&r));
        buf_deinit(&out);
    }
}

Test(payload, a_refused_allocation_is_said_and_nothing_is_kept) {
    uint8_t text[3000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i / 100);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        struct buf out, scratch;
        struct reader value;
        struct bytes back;
        failing_init(&mem, n);
        buf_init(&out, &mem.allocator, SIZE_MAX);
        buf_init(&scratch, &mem.allocator, SIZE_MAX);
        enum brine_status status = payload_write_string(&out, bytes_view(text, sizeof text));
        if (status == BRINE_OK) {
            must(payload_open(buf_view(&out), &value, NULL));
            (void)read_u8(&value);
            status = rdb_read_string(&value, SIZE_MAX, &scratch, &back, NULL);
        }
        cr_expect(status == (mem.refused ? BRINE_NO_MEMORY : BRINE_OK));
        if (status == BRINE_OK) cr_expect(bytes_equal(back, bytes_view(text, sizeof text)));
        buf_deinit(&out);
        buf_deinit(&scratch);
        cr_assert(mem.taken_bytes == 0);
        if (!mem.refused) break;
    }
}

Test(payload, every_kind_of_value_has_a_name) {
    cr_expect_str_eq(rdb_type_find(0)->kind, "string");
    cr_expect_str_eq(rdb_type_find(16)->kind, "hash");
    cr_expect_str_eq(rdb_type_find(18)->kind, "list");
    cr_expect(rdb_type_find(8) == NULL);
    cr_expect(rdb_type_find(255) == NULL);
}
