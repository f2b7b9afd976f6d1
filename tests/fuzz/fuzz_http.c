/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Reaches http_request_parse, http_head_end, http_query_value, http_guard_check.
 *
 * Oracle: a request that is accepted is the same however its bytes are cut, and does not depend on
 * what stands behind its head; written anew from what was understood it is understood the same, so
 * that no second reader can take it for something else; every view lies in the head. */

#include "http/guard.h"
#include "http/request.h"

#include <stdint.h>
#include <stdlib.h>

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) abort();                                                                 \
    } while (0)

static bool lies_in(struct bytes view, struct bytes whole) {
    return view.len == 0 ||
           (view.data >= whole.data && view.data + view.len <= whole.data + whole.len);
}

static void check_cuts(struct bytes input, const struct http_request *request) {
    struct http_request again;
    struct brine_error err;
    struct bytes head = bytes_slice(input, 0, request->head_bytes);
    HOLDS(http_request_parse(head, &again, &err) == BRINE_OK);
    HOLDS(again.body_bytes == request->body_bytes && again.head_bytes == request->head_bytes);
    HOLDS(bytes_equal(again.path, request->path) && bytes_equal(again.query, request->query));
    for (size_t cut = head.len > 64 ? head.len - 64 : 0; cut < head.len; cut++) {
        HOLDS(http_request_parse(bytes_slice(input, 0, cut), &again, &err) == BRINE_NEED_MORE);
        HOLDS(http_head_end(input, cut) == request->head_bytes);
    }
}

static void check_views(struct bytes input, const struct http_request *request) {
    struct bytes head = bytes_slice(input, 0, request->head_bytes);
    HOLDS(request->path.len > 0 && request->path.data[0] == '/');
    HOLDS(lies_in(request->path, head) && lies_in(request->query, head));
    for (int i = 0; i < HTTP_FIELD_COUNT; i++) {
        struct bytes value = request->fields[i];
        HOLDS(lies_in(value, head) && (request->has[i] || value.len == 0));
        for (size_t at = 0; at < value.len; at++)
            HOLDS(value.data[at] >= ' ' || value.data[at] == '\t');
    }
    HOLDS(request->method == HTTP_POST || request->body_bytes == 0);
    HOLDS(!request->has[HTTP_FIELD_TRANSFER_ENCODING]);
}

/* From what was understood alone. */
static void check_anew(const struct http_request *request) {
    static const char *const methods[] = {
        [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST", [HTTP_OTHER] = "PUT"};
    struct http_request again;
    struct brine_error err;
    struct buf text;
    buf_init(&text, mem_system(), 1 << 20);
    HOLDS(buf_printf(&text, "%s ", methods[request->method]) == BRINE_OK);
    HOLDS(buf_append(&text, request->path) == BRINE_OK);
    if (request->query.len > 0)
        HOLDS(buf_append_byte(&text, '?') == BRINE_OK &&
              buf_append(&text, request->query) == BRINE_OK);
    HOLDS(buf_printf(&text, " HTTP/1.%u\r\nHost: ", request->minor_version) == BRINE_OK);
    HOLDS(buf_append(&text, request->fields[HTTP_FIELD_HOST]) == BRINE_OK);
    if (request->method == HTTP_POST)
        HOLDS(buf_printf(&text, "\r\nContent-Length: %llu",
                         (unsigned long long)request->body_bytes) == BRINE_OK);
    HOLDS(buf_append(&text, BYTES("\r\n\r\n")) == BRINE_OK);
    HOLDS(http_request_parse(buf_view(&text), &again, &err) == BRINE_OK);
    HOLDS(again.method == request->method && bytes_equal(again.path, request->path));
    HOLDS(bytes_equal(again.query, request->query) && again.body_bytes == request->body_bytes);
    HOLDS(bytes_equal(again.fields[HTTP_FIELD_HOST], request->fields[HTTP_FIELD_HOST]));
    buf_deinit(&text);
}

static void check_guard(const struct http_request *request) {
    static const struct config_list no_hosts;
    const struct http_guard open = {.hosts = &no_hosts};
    struct http_guard closed = {.hosts = &no_hosts, .has_password = true};
    const char *why;
    auth_hash(BYTES("a password that no input of a fuzzer has"), closed.password_hash);
    HOLDS(http_guard_check(&closed, request, false, &why) == 401);
    unsigned code = http_guard_check(&open, request, false, &why);
    HOLDS(code == 0 || code == 403 || code == 415 || code == 421);
    if (code == 0 && request->method == HTTP_POST && request->has[HTTP_FIELD_ORIGIN])
        HOLDS(request->fields[HTTP_FIELD_ORIGIN].len > request->fields[HTTP_FIELD_HOST].len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes input = bytes_view(data, size), value;
    struct http_request request;
    struct brine_error err;
    uint8_t room[64];
    enum brine_status status = http_request_parse(input, &request, &err);
    HOLDS((status == BRINE_NEED_MORE) == (http_head_end(input, 0) == SIZE_MAX));
    HOLDS(status == BRINE_OK || status == BRINE_NEED_MORE || request.refusal >= 400);
    if (status != BRINE_OK) return 0;
    check_views(input, &request);
    check_cuts(input, &request);
    check_anew(&request);
    check_guard(&request);
    if (http_query_value(request.query, "key", room, sizeof room, &value) == HTTP_QUERY_FOUND)
        HOLDS(value.len <= request.query.len && value.len <= sizeof room);
    return 0;
}
