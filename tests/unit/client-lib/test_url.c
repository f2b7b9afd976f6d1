/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/lib/url.h"

#include <criterion/criterion.h>

static struct endpoint defaults(void) {
    return (struct endpoint){.host = "127.0.0.1", .port = 6379, .protocol = 2};
}

Test(url, each_part_goes_where_it_belongs) {
    static const struct {
        const char *url, *host, *socket, *user, *password;
        int port, db, protocol;
        bool tls;
    } rows[] = {
        {"redis://", "127.0.0.1", "", "", "", 6379, 0, 2, false},
        {"REDIS://cache", "cache", "", "", "", 6379, 0, 2, false},
        {"redis://cache:7000/3", "cache", "", "", "", 7000, 3, 2, false},
        {"redis://:secret@cache", "cache", "", "", "secret", 6379, 0, 2, false},
        {"redis://secret@cache", "cache", "", "", "secret", 6379, 0, 2, false},
        {"redis://ada:se%63ret%40@cache:1/0", "cache", "", "ada", "secret@", 1, 0, 2, false},
        {"redis://ada:p@ss@cache", "cache", "", "ada", "p@ss", 6379, 0, 2, false},
        {"rediss://cache?protocol=3&db=7", "cache", "", "", "", 6379, 7, 3, true},
        {"redis://[::1]:6400/2", "::1", "", "", "", 6400, 2, 2, false},
        {"redis://[::1]", "::1", "", "", "", 6379, 0, 2, false},
        {"unix:///run/brine.sock", "127.0.0.1", "/run/brine.sock", "", "", 6379, 0, 2, false},
        {"unix://u:p@/run/b%20s?db=2", "127.0.0.1", "/run/b s", "u", "p", 6379, 2, 2, false},
        {"valkey://h", "h", "", "", "", 6379, 0, 2, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint got = defaults();
        struct brine_error err;
        cr_expect_eq(url_parse(rows[i].url, &got, &err), BRINE_OK, "%s", rows[i].url);
        cr_expect_str_eq(got.host, rows[i].host, "%s", rows[i].url);
        cr_expect_str_eq(got.socket, rows[i].socket, "%s", rows[i].url);
        cr_expect_str_eq(got.user, rows[i].user, "%s", rows[i].url);
        cr_expect_str_eq(got.password, rows[i].password, "%s", rows[i].url);
        cr_expect_eq(got.port, rows[i].port, "%s", rows[i].url);
        cr_expect_eq(got.db, rows[i].db, "%s", rows[i].url);
        cr_expect_eq(got.protocol, rows[i].protocol, "%s", rows[i].url);
        cr_expect_eq(got.tls, rows[i].tls, "%s", rows[i].url);
    }
}

Test(url, what_is_no_url_is_refused_and_the_password_is_not_shown) {
    static const char *const rows[] = {
        "",
        "cache:6379",
        "http://cache",
        "redis://cache:0",
        "redis://cache:65536",
        "redis://cache:x",
        "redis://cache/x",
        "redis://cache/-1",
        "redis://cache/99999999999",
        "redis://hidden%4@cache",
        "redis://hidden%00@cache",
        "redis://[::1",
        "redis://[::1]x",
        "redis://cache?db",
        "redis://cache?nosuch=1",
        "redis://cache?protocol=4",
        "unix://",
        "redis://hidden:hidden@cache:x",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint got = defaults();
        struct brine_error err = {0};
        cr_expect_eq(url_parse(rows[i], &got, &err), BRINE_INVALID, "%s", rows[i]);
        cr_expect_null(strstr(err.text, "hidden"), "%s: %s", rows[i], err.text);
    }
}

Test(url, what_is_too_long_is_refused) {
    char url[4 * URL_TEXT_BYTES] = "redis://";
    memset(url + 8, 'h', 2 * URL_TEXT_BYTES);
    struct endpoint got = defaults();
    struct brine_error err;
    cr_expect_eq(url_parse(url, &got, &err), BRINE_INVALID);
}

Test(url, an_endpoint_is_shown_by_its_place) {
    char line[64];
    struct endpoint endpoint = defaults();
    cr_expect_str_eq(endpoint_text(&endpoint, line, sizeof line), "127.0.0.1:6379");
    memcpy(endpoint.socket, "/run/s", 7);
    cr_expect_str_eq(endpoint_text(&endpoint, line, sizeof line), "/run/s");
}
