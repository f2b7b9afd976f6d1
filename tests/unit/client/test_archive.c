/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/archive.h"

#include <criterion/criterion.h>

enum { BYTES_MAX = 1 << 20 };

/* A zip with one stored member, "a.pkl", of two bytes, "N.". */
static const uint8_t zip[] =
    "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\5\0\0\0a.pklN."
    "PK\1\2\24\0\24\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "a.pklPK\5\6\0\0\0\0\1\0\1\0\63\0\0\0\45\0\0\0\0\0";

struct seen {
    size_t count;
    bool array, objects;
    char name[16], bytes[16];
};

static enum brine_status see(void *context, const struct archive_member *member) {
    struct seen *seen = context;
    seen->count++;
    seen->array = member->array;
    seen->objects = member->objects;
    memcpy(seen->name, member->name.data ? member->name.data : (const uint8_t *)"",
           MIN(member->name.len, sizeof seen->name - 1));
    memcpy(seen->bytes, member->bytes.data, MIN(member->bytes.len, sizeof seen->bytes - 1));
    return BRINE_OK;
}

Test(archive, a_stored_member_is_shown_by_its_name) {
    struct seen seen = {0};
    struct brine_error err = {0};
    struct bytes file = bytes_view(zip, sizeof zip - 1);
    cr_assert(archive_is_one(file));
    cr_assert_eq(archive_walk(file, BYTES_MAX, see, &seen, &err), BRINE_OK, "%s", err.text);
    cr_expect_eq(seen.count, 1);
    cr_expect_str_eq(seen.name, "a.pkl");
    cr_expect_str_eq(seen.bytes, "N.");
}

Test(archive, whatever_byte_is_missing_or_another_ends_in_a_status) {
    uint8_t copy[sizeof zip];
    for (size_t len = 4; len < sizeof zip - 1; len++) {
        struct seen seen = {0};
        struct brine_error err;
        cr_expect_neq(archive_walk(bytes_view(zip, len), BYTES_MAX, see, &seen, &err), BRINE_OK,
                      "%zu bytes of it", len);
    }
    for (size_t at = 0; at < sizeof zip - 1; at++)
        for (unsigned byte = 0; byte < 256; byte += 51) {
            struct seen seen = {0};
            struct brine_error err;
            memcpy(copy, zip, sizeof zip);
            copy[at] = (uint8_t)byte;
            enum brine_status status =
                archive_walk(bytes_view(copy, sizeof zip - 1), BYTES_MAX, see, &seen, &err);
            cr_expect(status != BRINE_OK || seen.count <= 1, "byte %zu", at);
        }
}

Test(archive, an_array_says_whether_it_holds_objects) {
    static const struct {
        const char *file;
        bool objects;
    } rows[] = {
        {"\x93NUMPY\1\0\64\0{'descr': '<f8', 'fortran_order': False, 'shape': ()}", false},
        {"\x93NUMPY\1\0\64\0{'descr': '|O8', 'fortran_order': False, 'shape': ()}", true},
        {"\x93NUMPY\1\0\12\0{'x': 123}", true}, /* not understood: looked at */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen seen = {0};
        struct brine_error err = {0};
        static const size_t head = 10;
        size_t len = head + (uint8_t)rows[i].file[8];
        cr_expect_eq(archive_walk(bytes_view(rows[i].file, len), BYTES_MAX, see, &seen, &err),
                     BRINE_OK, "row %zu: %s", i, err.text);
        cr_expect(seen.array, "row %zu", i);
        cr_expect_eq(seen.objects, rows[i].objects, "row %zu", i);
    }
}
