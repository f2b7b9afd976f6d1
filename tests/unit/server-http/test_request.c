/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/request.h"

#include <criterion/criterion.h>
#include <stdio.h>

static enum brine_status parse(const char *text, struct http_request *request) {
    struct brine_error err = {0};
    return http_request_parse(bytes_of_cstr(text), request, &err);
}

Test(request, a_head_is_read_with_its_target_and_its_fields) {
    struct http_request request;
    cr_assert_eq(
        parse("POST /verify?key=a&db=1 HTTP/1.1\r\nHOST:  example:80 \r\nContent-Length: 3\r\n"
              "content-type: application/octet-stream\r\nX-Other: \x80\r\n\r\nabc",
              &request),
        BRINE_OK);
    cr_expect_eq(request.method, HTTP_POST);
    cr_expect(bytes_equal(request.path, BYTES("/verify")));
    cr_expect(bytes_equal(request.query, BYTES("key=a&db=1")));
    cr_expect(bytes_equal(request.fields[HTTP_FIELD_HOST], BYTES("example:80")));
    cr_expect_eq(request.body_bytes, 3);
    cr_expect_eq(request.head_bytes,
                 strlen("POST /verify?key=a&db=1 HTTP/1.1\r\nHOST:  example:80 \r\n"
                        "Content-Length: 3\r\n"
                        "content-type: application/octet-stream\r\n"
                        "X-Other: \x80\r\n\r\n"));
}

Test(request, what_two_readers_could_read_differently_is_refused) {
    static const struct {
        const char *text;
        unsigned code;
    } rows[] = {
        {"GET / HTTP/1.1\nHost: a\n\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"PRI * HTTP/2.0\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 411},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\nContent-Length: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request request;
        cr_expect_eq(parse(rows[i].text, &request), BRINE_MALFORMED, "row %zu: %s", i,
                     rows[i].text);
        cr_expect_eq(request.refusal, rows[i].code, "row %zu: %u for %s", i, request.refusal,
                     rows[i].text);
    }
}

Test(request, every_prefix_of_a_head_asks_for_more) {
    static const char text[] = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    struct http_request request;
    struct brine_error err;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        cr_expect_eq(http_request_parse(bytes_view(text, len), &request, &err), BRINE_NEED_MORE);
        /* Looking on from where the last look ended finds the same end. */
        cr_expect_eq(http_head_end(bytes_view(text, sizeof text - 1), len), sizeof text - 1,
                     "from %zu", len);
    }
    cr_expect_eq(http_request_parse(bytes_view(text, sizeof text - 1), &request, &err), BRINE_OK);
}

Test(request, a_NUL_byte_is_refused) {
    struct http_request request;
    struct brine_error err;
    cr_expect_eq(http_request_parse(BYTES("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), &request, &err),
                 BRINE_MALFORMED);
}

Test(request, fields_and_targets_have_a_most) {
    static char text[16384];
    struct http_request request;
    int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < HTTP_FIELDS_MAX; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "X: y\r\n");
    snprintf(text + len, sizeof text - (size_t)len, "\r\n");
    cr_expect_eq(parse(text, &request), BRINE_OK);
    snprintf(text + len, sizeof text - (size_t)len, "X: y\r\n\r\n");
    cr_expect_eq(parse(text, &request), BRINE_MALFORMED);
    cr_expect_eq(request.refusal, 431);
    snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_BYTES_MAX, 0);
    cr_expect_eq(parse(text, &request), BRINE_MALFORMED);
    cr_expect_eq(request.refusal, 414);
}

Test(request, a_query_value_is_absent_or_decoded_or_broken) {
    static const struct {
        const char *query;
        enum http_query_found found; /* of "key" */
        const char *value;
    } rows[] = {
        {"key=a", HTTP_QUERY_FOUND, "a"},
        {"a=b&key=c+d", HTTP_QUERY_FOUND, "c d"},
        {"key=%3cscript%3E", HTTP_QUERY_FOUND, "<script>"},
        {"key=", HTTP_QUERY_FOUND, ""},
        {"key", HTTP_QUERY_FOUND, ""},
        {"key=1&key=2", HTTP_QUERY_FOUND, "1"},
        {"keys=a", HTTP_QUERY_ABSENT, ""},
        {"", HTTP_QUERY_ABSENT, ""},
        {"key=%", HTTP_QUERY_BROKEN, ""},
        {"key=%4", HTTP_QUERY_BROKEN, ""},
        {"key=%zz", HTTP_QUERY_BROKEN, ""},
        {"key=%zz&key=a", HTTP_QUERY_BROKEN, ""},
        {"key=12345678", HTTP_QUERY_FOUND, "12345678"},
        {"key=123456789", HTTP_QUERY_BROKEN, ""},
        {"&&key=x", HTTP_QUERY_FOUND, "x"},
        {"key=%41", HTTP_QUERY_FOUND, "A"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t room[8];
        struct bytes value = {0};
        enum http_query_found found =
            http_query_value(bytes_of_cstr(rows[i].query), "key", room, sizeof room, &value);
        cr_expect_eq(found, rows[i].found, "%s", rows[i].query);
        if (found == HTTP_QUERY_FOUND)
            cr_expect(bytes_equal(value, bytes_of_cstr(rows[i].value)), "%s", rows[i].query);
    }
}
