/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/lib/url.h"

#include "base/number.h"

#include <stdio.h>

enum { PORT_MAX = 65535 };

static enum brine_status wrong(struct brine_error *err, const char *what) {
    return brine_fail(err, BRINE_INVALID, 0, "the URL has %s; redis://user:password@host:6379/0",
                      what);
}

/* The part before the first `end`, or all; text keeps what is behind it. */
static bool cut(struct bytes *text, uint8_t end, struct bytes *part) {
    const uint8_t *at = text->len ? memchr(text->data, end, text->len) : NULL;
    if (!at) return false;
    *part = bytes_view(text->data, (size_t)(at - text->data));
    *text = bytes_slice(*text, part->len + 1, text->len);
    return true;
}

static int hex_digit(uint8_t c) {
    if (byte_is_digit(c)) return c - '0';
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies with %XX undone; false when it does not fit or holds a NUL. */
static bool unescape(struct bytes text, char target[static URL_TEXT_BYTES]) {
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        int c = text.data[at];
        if (c == '%') {
            int high = at + 1 < text.len ? hex_digit(text.data[at + 1]) : -1;
            int low = at + 2 < text.len ? hex_digit(text.data[at + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = high * 16 + low;
            at += 2;
        }
        if (c == 0 || len + 1 == URL_TEXT_BYTES) return false;
        target[len++] = (char)c;
    }
    target[len] = 0;
    return true;
}

static bool number_up_to(struct bytes text, uint64_t max, int *value) {
    uint64_t number;
    if (!number_parse_u64(text, &number) || number > max) return false;
    *value = (int)number;
    return true;
}

/* user:password, password alone as ":password" or "password" */
static enum brine_status parse_login(struct bytes login, struct endpoint *endpoint,
                                     struct brine_error *err) {
    struct bytes user = {0};
    if (cut(&login, ':', &user) && !unescape(user, endpoint->user))
        return wrong(err, "a user that cannot be read");
    if (!unescape(login, endpoint->password)) return wrong(err, "a password that cannot be read");
    endpoint->has_password = true;
    return BRINE_OK;
}

static enum brine_status parse_query(struct bytes query, struct endpoint *endpoint,
                                     struct brine_error *err) {
    while (query.len) {
        struct bytes pair, key;
        if (!cut(&query, '&', &pair)) {
            pair = query;
            query.len = 0;
        }
        if (!cut(&pair, '=', &key)) return wrong(err, "a key without '=' behind '?'");
        bool ok;
        if (bytes_is(key, "db"))
            ok = number_up_to(pair, URL_DB_MAX, &endpoint->db);
        else if (bytes_is(key, "protocol"))
            ok = number_up_to(pair, 3, &endpoint->protocol) && endpoint->protocol >= 2;
        else if (bytes_is(key, "timeout_ms"))
            ok = number_up_to(pair, INT32_MAX, &endpoint->timeout_ms);
        else
            return wrong(err, "a key behind '?' that is none of db, protocol, timeout_ms");
        if (!ok) return wrong(err, "a value behind '?' that is out of range");
    }
    return BRINE_OK;
}

/* host, host:port, [v6]:port */
static enum brine_status parse_place(struct bytes place, struct endpoint *endpoint,
                                     struct brine_error *err) {
    struct bytes host = {0};
    if (place.len && place.data[0] == '[') {
        place = bytes_slice(place, 1, place.len);
        if (!cut(&place, ']', &host)) return wrong(err, "a '[' without ']'");
        if (place.len && place.data[0] != ':') return wrong(err, "something behind ']'");
        place = bytes_slice(place, 1, place.len);
    } else if (!cut(&place, ':', &host)) {
        host = place;
        place.len = 0;
    }
    if (host.len && !unescape(host, endpoint->host))
        return wrong(err, "a host that cannot be read");
    if (place.len && (!number_up_to(place, PORT_MAX, &endpoint->port) || endpoint->port == 0))
        return wrong(err, "a port that is none");
    return BRINE_OK;
}

static enum brine_status parse_tcp(struct bytes rest, struct endpoint *endpoint,
                                   struct brine_error *err) {
    struct bytes place = rest, path = {0};
    if (cut(&rest, '/', &place)) path = rest;
    TRY(parse_place(place, endpoint, err));
    endpoint->socket[0] = 0;
    if (path.len && !number_up_to(path, URL_DB_MAX, &endpoint->db))
        return wrong(err, "a database that is no number");
    return BRINE_OK;
}

enum brine_status url_parse(const char *url, struct endpoint *endpoint, struct brine_error *err) {
    static const struct {
        const char *scheme;
        bool tls, socket;
    } rows[] = {{"redis://", false, false},  {"rediss://", true, false},
                {"brine://", false, false},  {"brines://", true, false},
                {"valkey://", false, false}, {"valkeys://", true, false},
                {"unix://", false, true},    {"redis+unix://", false, true}};
    struct bytes rest = bytes_of_cstr(url), address, login;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes scheme = bytes_of_cstr(rows[i].scheme);
        if (!bytes_equal_nocase(bytes_slice(rest, 0, scheme.len), scheme)) continue;
        rest = bytes_slice(rest, scheme.len, rest.len);
        if (!cut(&rest, '?', &address)) {
            address = rest;
            rest.len = 0;
        }
        TRY(parse_query(rest, endpoint, err));
        endpoint->tls = rows[i].tls;
        /* The last '@' ends the login: a password may hold one. */
        const uint8_t *at = address.len ? memrchr(address.data, '@', address.len) : NULL;
        if (at) {
            login = bytes_view(address.data, (size_t)(at - address.data));
            address = bytes_slice(address, login.len + 1, address.len);
            TRY(parse_login(login, endpoint, err));
        }
        if (!rows[i].socket) return parse_tcp(address, endpoint, err);
        if (address.len == 0 || !unescape(address, endpoint->socket))
            return wrong(err, "no path of a socket");
        return BRINE_OK;
    }
    return brine_fail(err, BRINE_INVALID, 0,
                      "no URL: expected redis://, rediss:// or unix:// at its beginning");
}

const char *endpoint_text(const struct endpoint *endpoint, char *line, size_t size) {
    if (endpoint->socket[0])
        snprintf(line, size, "%s", endpoint->socket);
    else
        snprintf(line, size, "%s:%d", endpoint->host, endpoint->port);
    return line;
}
