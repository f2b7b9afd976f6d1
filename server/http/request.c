/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/request.h"

#include "base/number.h"
#include "base/reader.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    bool twice;
} known_fields[] = {
#define F(id, name, twice) {name, twice},
    HTTP_FIELDS(F)
#undef F
};

PRINTF_LIKE(4, 5)
static enum brine_status refuse(struct http_request *request, unsigned code,
                                struct brine_error *err, const char *format, ...) {
    va_list args;
    char text[160];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    request->refusal = code;
    return brine_fail(err, BRINE_MALFORMED, 0, "%s", text);
}

/* ---- letters ----------------------------------------------------------------------------------*/

/* Source: RFC 9110 5.6.2 token. */
static bool is_token_byte(uint8_t c) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    return byte_is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') ||
           (c && strchr(others, c));
}

static bool is_token(struct bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_byte(text.data[i])) return false;
    return text.len > 0;
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes text) {
    size_t from = 0, to = text.len;
    while (from < to && is_blank(text.data[from])) from++;
    while (to > from && is_blank(text.data[to - 1])) to--;
    return bytes_slice(text, from, to - from);
}

static size_t find_byte(struct bytes text, uint8_t wanted) {
    const uint8_t *found = text.len ? memchr(text.data, wanted, text.len) : NULL;
    return found ? (size_t)(found - text.data) : SIZE_MAX;
}

/* ---- the head ---------------------------------------------------------------------------------*/

size_t http_head_end(struct bytes received, size_t from) {
    static const struct bytes end = {(const uint8_t *)"\r\n\r\n", 4};
    size_t at = from > end.len ? from - end.len : 0; /* it may have been cut in two */
    while (at < received.len) {
        const uint8_t *found = memchr(received.data + at, '\r', received.len - at);
        if (!found) return SIZE_MAX;
        at = (size_t)(found - received.data);
        if (bytes_equal(bytes_slice(received, at, end.len), end)) return at + end.len;
        at++;
    }
    return SIZE_MAX;
}

/* Up to CR LF, which is taken too; fails on any other control byte. */
static struct bytes read_line(struct reader *r) {
    struct bytes rest = bytes_view(r->data + r->offset, reader_left(r));
    size_t len = 0;
    while (len < rest.len && (rest.data[len] >= ' ' || rest.data[len] == '\t') &&
           rest.data[len] != 0x7f)
        len++;
    struct bytes line = read_take(r, len);
    if (!bytes_equal(read_take(r, 2), BYTES("\r\n"))) reader_fail(r);
    return line;
}

static enum http_method method_of(struct bytes word) {
    if (bytes_equal(word, BYTES("GET"))) return HTTP_GET;
    if (bytes_equal(word, BYTES("HEAD"))) return HTTP_HEAD;
    if (bytes_equal(word, BYTES("POST"))) return HTTP_POST;
    return HTTP_OTHER;
}

static enum brine_status parse_version(struct http_request *request, struct bytes word,
                                       struct brine_error *err) {
    bool is_http = word.len == 8 && bytes_starts_with(word, BYTES("HTTP/")) &&
                   byte_is_digit(word.data[5]) && word.data[6] == '.' &&
                   byte_is_digit(word.data[7]);
    if (!is_http) return refuse(request, 400, err, "the request line ends in no HTTP version");
    if (word.data[5] != '1') return refuse(request, 505, err, "only HTTP/1.0 and 1.1 are spoken");
    request->minor_version = MIN((unsigned)(word.data[7] - '0'), 1u);
    return BRINE_OK;
}

static enum brine_status parse_target(struct http_request *request, struct bytes target,
                                      struct brine_error *err) {
    if (target.len > HTTP_TARGET_BYTES_MAX)
        return refuse(request, 414, err, "the target is longer than %d bytes",
                      HTTP_TARGET_BYTES_MAX);
    if (target.len == 0 || target.data[0] != '/')
        return refuse(request, 400, err, "the target is no path");
    for (size_t i = 0; i < target.len; i++)
        if (target.data[i] <= ' ' || target.data[i] >= 0x7f || target.data[i] == '#')
            return refuse(request, 400, err, "the target has a byte that no path has");
    size_t mark = find_byte(target, '?');
    request->path = bytes_slice(target, 0, mark);
    if (mark != SIZE_MAX) request->query = bytes_slice(target, mark + 1, target.len);
    return BRINE_OK;
}

/* GET /path HTTP/1.1, with one blank between them. */
static enum brine_status parse_request_line(struct http_request *request, struct bytes line,
                                            struct brine_error *err) {
    size_t first = find_byte(line, ' ');
    struct bytes method = bytes_slice(line, 0, first);
    struct bytes rest = line;
    if (first != SIZE_MAX) rest = bytes_slice(line, first + 1, line.len);
    size_t second = find_byte(rest, ' ');
    if (first == SIZE_MAX || second == SIZE_MAX || method.len > HTTP_METHOD_BYTES_MAX ||
        !is_token(method))
        return refuse(request, 400, err, "the first line is no request");
    request->method = method_of(method);
    TRY(parse_version(request, bytes_slice(rest, second + 1, rest.len), err));
    return parse_target(request, bytes_slice(rest, 0, second), err);
}

static enum brine_status parse_field(struct http_request *request, struct bytes line,
                                     struct brine_error *err) {
    size_t colon = find_byte(line, ':');
    struct bytes name = bytes_slice(line, 0, colon);
    if (colon == SIZE_MAX || !is_token(name)) /* so a folded line, or a blank before the colon */
        return refuse(request, 400, err, "a header field has no proper name");
    for (int i = 0; i < HTTP_FIELD_COUNT; i++) {
        if (!bytes_is(name, known_fields[i].name)) continue;
        if (request->has[i] && !known_fields[i].twice)
            return refuse(request, 400, err, "%s stands there twice", known_fields[i].name);
        request->has[i] = true;
        request->fields[i] = trim(bytes_slice(line, colon + 1, line.len));
    }
    return BRINE_OK;
}

/* ---- what the fields amount to ----------------------------------------------------------------*/

static enum brine_status parse_length(struct http_request *request, struct brine_error *err) {
    struct bytes text = request->fields[HTTP_FIELD_CONTENT_LENGTH];
    if (request->has[HTTP_FIELD_TRANSFER_ENCODING])
        return request->has[HTTP_FIELD_CONTENT_LENGTH]
                   ? refuse(request, 400, err, "both Content-Length and Transfer-Encoding")
                   : refuse(request, 501, err, "bodies come with a Content-Length here");
    if (!request->has[HTTP_FIELD_CONTENT_LENGTH]) {
        return request->method == HTTP_POST ? refuse(request, 411, err, "a Content-Length is due")
                                            : BRINE_OK;
    }
    for (size_t i = 0; i < text.len; i++)
        if (!byte_is_digit(text.data[i]))
            return refuse(request, 400, err, "Content-Length is no number");
    if (!number_parse_u64(text, &request->body_bytes))
        return refuse(request, 400, err, "Content-Length is no number");
    if (request->body_bytes > 0 && request->method != HTTP_POST)
        return refuse(request, 400, err, "a body is for POST alone");
    return BRINE_OK;
}

enum brine_status http_request_parse(struct bytes received, struct http_request *request,
                                     struct brine_error *err) {
    *request = (struct http_request){.head_bytes = http_head_end(received, 0)};
    if (request->head_bytes == SIZE_MAX) return BRINE_NEED_MORE;
    struct reader r = reader_over(bytes_slice(received, 0, request->head_bytes));
    struct bytes line = read_line(&r);
    if (reader_failed(&r)) return refuse(request, 400, err, "a line does not end in CR LF");
    TRY(parse_request_line(request, line, err));
    for (size_t fields = 0;; fields++) {
        line = read_line(&r);
        if (reader_failed(&r)) return refuse(request, 400, err, "a line does not end in CR LF");
        if (line.len == 0) break;
        if (fields == HTTP_FIELDS_MAX)
            return refuse(request, 431, err, "more than %d header fields", HTTP_FIELDS_MAX);
        TRY(parse_field(request, line, err));
    }
    if (request->minor_version >= 1 && !request->has[HTTP_FIELD_HOST])
        return refuse(request, 400, err, "HTTP/1.1 needs a Host");
    return parse_length(request, err);
}

/* ---- queries ----------------------------------------------------------------------------------*/

static int hex_digit(uint8_t c) {
    if (byte_is_digit(c)) return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(struct bytes text, uint8_t *room, size_t room_bytes, struct bytes *value) {
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '+') c = ' ';
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (len == room_bytes) return false;
        room[len++] = c;
    }
    *value = bytes_view(room, len);
    return true;
}

enum http_query_found http_query_value(struct bytes query, const char *name, uint8_t *room,
                                       size_t room_bytes, struct bytes *value) {
    while (query.len > 0) {
        size_t end = MIN(find_byte(query, '&'), query.len);
        struct bytes pair = bytes_slice(query, 0, end);
        size_t sign = find_byte(pair, '=');
        query = bytes_slice(query, end + 1, query.len);
        if (!bytes_equal(bytes_slice(pair, 0, sign), bytes_of_cstr(name))) continue;
        struct bytes text = bytes_slice(pair, MIN(sign, pair.len), pair.len); /* with its '=' */
        text = bytes_slice(text, 1, text.len);
        return decode(text, room, room_bytes, value) ? HTTP_QUERY_FOUND : HTTP_QUERY_BROKEN;
    }
    return HTTP_QUERY_ABSENT;
}
