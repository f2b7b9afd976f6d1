/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/input.h"
#include "support/failing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_BYTES = 200000, LIMIT = 1 << 20 };

static void write_file(char path[static 32], size_t bytes) {
    snprintf(path, 32, "/tmp/brine_test_input_XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "wb");
    for (size_t i = 0; i < bytes; i++) fputc((int)(i % 251), file);
    cr_assert_eq(fclose(file), 0);
}

Test(input, a_file_is_read_whole_whatever_its_size) {
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, FILE_BYTES};
    char path[32];
    struct buf buf;
    struct brine_error err;
    buf_init(&buf, mem_system(), LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        write_file(path, sizes[i]);
        cr_expect_eq(input_read(&buf, path, LIMIT - 1, &err), BRINE_OK);
        cr_expect_eq(buf.len, sizes[i], "%zu bytes, read %zu", sizes[i], buf.len);
        if (buf.len) cr_expect_eq(buf.data[buf.len - 1], (sizes[i] - 1) % 251, "%zu", sizes[i]);
        unlink(path);
    }
    buf_deinit(&buf);
}

Test(input, more_than_the_bound_is_one_byte_more_and_no_failure) {
    char path[32];
    struct buf buf;
    struct brine_error err;
    buf_init(&buf, mem_system(), LIMIT);
    write_file(path, 1000);
    cr_expect_eq(input_read(&buf, path, 999, &err), BRINE_OK);
    cr_expect_eq(buf.len, 1000);
    cr_expect_eq(input_read(&buf, path, 10, &err), BRINE_OK);
    cr_expect_eq(buf.len, 11, "what was there is replaced");
    cr_expect_eq(input_read(&buf, "/dev/zero", 100000, &err), BRINE_OK);
    cr_expect_eq(buf.len, 100001, "what has no end stops at the bound");
    unlink(path);
    buf_deinit(&buf);
}

Test(input, a_dash_is_standard_input_as_it_arrives) {
    int ends[2];
    struct buf buf;
    struct brine_error err;
    buf_init(&buf, mem_system(), LIMIT);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "ab", 2), 2);
    close(ends[1]);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    cr_expect_eq(input_read(&buf, "-", 100, &err), BRINE_OK);
    cr_expect(bytes_equal(buf_view(&buf), BYTES("ab")));
    buf_deinit(&buf);
}

Test(input, what_cannot_be_read_is_a_status_and_a_line) {
    struct buf buf;
    struct brine_error err = {0};
    buf_init(&buf, mem_system(), LIMIT);
    cr_expect_eq(input_read(&buf, "/nonexistent/file", 10, &err), BRINE_IO);
    cr_expect_str_eq(err.text, "No such file or directory");
    cr_expect_eq(input_read(&buf, "/tmp", 10, &err), BRINE_IO);
    cr_expect_str_eq(err.text, "Is a directory");
    buf_deinit(&buf);
}

Test(input, memory_that_is_refused_is_an_answer) {
    char path[32];
    write_file(path, FILE_BYTES);
    for (size_t n = 0;; n++) {
        struct failing_allocator mem;
        struct buf buf;
        struct brine_error err;
        failing_init(&mem, n);
        buf_init(&buf, &mem.allocator, LIMIT);
        enum brine_status status = input_read(&buf, path, LIMIT - 1, &err);
        cr_expect_eq(status, mem.refused ? BRINE_NO_MEMORY : BRINE_OK, "request %zu", n);
        buf_deinit(&buf);
        cr_expect_eq(mem.taken_bytes, 0);
        if (!mem.refused) break;
    }
    unlink(path);
}

Test(input, a_name_does_nothing_to_a_terminal) {
    static const struct {
        struct bytes name;
        const char *shown;
    } rows[] = {
        {BYTES("plain name.pkl"), "plain name.pkl"},
        {BYTES("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f"},
        {BYTES("a\\x0ab"), "a\\x5cx0ab"},
        {BYTES("\xc3\xa9\xe2\x82\xac"), "\xc3\xa9\xe2\x82\xac"},
        {BYTES("\xc2\x9b"), "\\xc2\\x9b"},
        {BYTES("\xff\xc3"), "\\xff\\xc3"},
        {BYTES("\xe2\x80\xae\xe2\x80\x8f\xe2\x80\xa8"),
         "\\xe2\\x80\\xae\\xe2\\x80\\x8f\\xe2\\x80\\xa8"},
        {BYTES("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c"), "\\xe2\\x81\\xa6\\xe2\\x81\\xa9\\xd8\\x9c"},
        {BYTES("a\0b"), "a\\x00b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, mem_system(), LIMIT);
        cr_expect_eq(input_append_name(&out, rows[i].name), BRINE_OK);
        cr_expect(bytes_equal(buf_view(&out), bytes_of_cstr(rows[i].shown)), "gave %.*s, wanted %s",
                  (int)out.len, (const char *)out.data, rows[i].shown);
        buf_deinit(&out);
        buf_init(&out, mem_system(), strlen(rows[i].shown) - 1);
        cr_expect_eq(input_append_name(&out, rows[i].name), BRINE_TOO_BIG, "%s", rows[i].shown);
        buf_deinit(&out);
    }
}
