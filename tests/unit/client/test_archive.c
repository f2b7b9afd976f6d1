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

struct array_row {
    const char *header;
    bool objects;
    enum brine_status status;
};

/* An array with the header, and eight bytes behind it. */
static size_t write_array(uint8_t *out, const char *header) {
    size_t len = strlen(header);
    memcpy(out, "\x93NUMPY\1\0", 8);
    out[8] = (uint8_t)len;
    out[9] = 0;
    memcpy(out + 10, header, len);
    memcpy(out + 10 + len, "N.......", 8);
    return len + 18;
}

#define REST ", 'fortran_order': False, 'shape': (), }"
static const struct array_row array_rows[] = {
    {"{'descr': '<f8'" REST "   \n", false, BRINE_OK},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': ()}", false, BRINE_OK},
    {"{'descr': '|u1', 'fortran_order': True, 'shape': (2, 4), }", false, BRINE_OK},
    {"{'descr': '<U1', 'fortran_order': True, 'shape': (2,), }", false, BRINE_OK},
    {"{'descr': '<M8[25ns]'" REST, false, BRINE_OK},
    {"{'descr': [('a', '<i2'), ('', '|V2'), ('O', '|b1', (2, 2))]" REST, false, BRINE_OK},
    {"{'descr': [('a', [('b', '<i2'), ('c', '<i2')], (2,))]" REST, false, BRINE_OK},
    {"{'descr': '|O'" REST, true, BRINE_OK},
    {"{'descr': [('a', [('b', '|O')])]" REST, true, BRINE_OK},
    {"{'fortran_order': False, 'shape': (), 'descr': '|O8', }", true, BRINE_OK},
    {"{'descr': '<f4'" REST, false, BRINE_OK}, /* and four bytes that are no array */
    {"{'descr': '|\\x4f'" REST, false, BRINE_MALFORMED},
    {"{'descr': '|' '\\117'" REST, false, BRINE_MALFORMED},
    {"{'descr': '<f8' 'O'" REST, false, BRINE_MALFORMED},
    {"{'descr': '<f8', 'descr': '|O'" REST, false, BRINE_MALFORMED},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (), 'descr': '|O', }", false,
     BRINE_MALFORMED},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (), 'd\\x65scr': '|O', }", false,
     BRINE_MALFORMED},
    {"{'descr': '<f8'" REST " # it", false, BRINE_MALFORMED},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2), }", false, BRINE_MALFORMED},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", false, BRINE_MALFORMED},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", false,
     BRINE_MALFORMED},
    {"{'descr': '<f8', 'shape': (), }", false, BRINE_MALFORMED},
    {"{'descr': object" REST, false, BRINE_MALFORMED},
    {"{'x': 123}", false, BRINE_MALFORMED},
};

Test(archive, an_array_says_whether_it_holds_objects) {
    for (size_t i = 0; i < ARRAY_LEN(array_rows); i++) {
        struct seen seen = {0};
        struct brine_error err = {0};
        uint8_t file[256];
        size_t len = write_array(file, array_rows[i].header);
        enum brine_status status = archive_walk(bytes_view(file, len), BYTES_MAX, see, &seen, &err);
        cr_expect_eq(status, array_rows[i].status, "%s: %s", array_rows[i].header, err.text);
        if (status != BRINE_OK) continue;
        cr_expect(seen.array, "%s", array_rows[i].header);
        bool rest = strstr(array_rows[i].header, "f4") != NULL;
        cr_expect_eq(seen.objects, array_rows[i].objects || rest, "%s", array_rows[i].header);
        cr_expect_eq(seen.count, rest ? 2 : 1, "%s", array_rows[i].header);
    }
}

Test(archive, what_follows_an_array_is_shown) {
    static const struct {
        const char *behind;
        size_t count;
        bool objects;
    } rows[] = {
        {"", 1, false}, {"{'descr': '<f8'" REST, 2, false}, {"{'descr': '|O'" REST, 2, true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen seen = {0};
        struct brine_error err = {0};
        uint8_t file[512];
        size_t len = write_array(file, "{'descr': '<f8'" REST);
        if (rows[i].behind[0]) len += write_array(file + len, rows[i].behind);
        cr_expect_eq(archive_walk(bytes_view(file, len), BYTES_MAX, see, &seen, &err), BRINE_OK,
                     "row %zu: %s", i, err.text);
        cr_expect_eq(seen.count, rows[i].count, "row %zu", i);
        cr_expect_eq(seen.objects, rows[i].objects, "row %zu", i);
    }
}
