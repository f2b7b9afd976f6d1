/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/guard.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* ---- addresses --------------------------------------------------------------------------------*/

static size_t last_colon(struct bytes text) {
    for (size_t i = text.len; i > 0; i--)
        if (text.data[i - 1] == ':') return i - 1;
    return SIZE_MAX;
}

/* "127.0.0.1", "::1": numbers only. */
static bool parse_number(struct bytes host, bool is_v6, union http_address *address) {
    char text[INET6_ADDRSTRLEN];
    if (host.len >= sizeof text) return false;
    bytes_copy_to(text, host);
    text[host.len] = 0;
    *address = (union http_address){0};
    if (is_v6) {
        address->v6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1;
    }
    address->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, text, &address->v4.sin_addr) == 1;
}

static bool is_bracketed(struct bytes host) {
    return host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
}

static bool parse_host(struct bytes host, union http_address *address) {
    if (is_bracketed(host)) return parse_number(bytes_slice(host, 1, host.len - 2), true, address);
    if (bytes_is(host, "localhost")) host = BYTES("127.0.0.1");
    if (host.len == 0 || bytes_is(host, "*")) host = BYTES("0.0.0.0");
    return parse_number(host, false, address);
}

enum brine_status http_parse_address(struct bytes text, union http_address *address,
                                     struct brine_error *err) {
    size_t colon = last_colon(text);
    int64_t port = 0;
    if (colon == SIZE_MAX || !parse_host(bytes_slice(text, 0, colon), address) ||
        !number_parse_i64(bytes_slice(text, colon + 1, text.len), &port) || port < 0 ||
        port > 65535)
        return brine_fail(err, BRINE_INVALID, 0,
                          "http.listen: '%.*s' is no address and port: 127.0.0.1:9121, [::1]:9121, "
                          "or *:9121 for all",
                          (int)MIN(text.len, (size_t)64), (const char *)text.data);
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons((uint16_t)port);
    else
        address->v4.sin_port = htons((uint16_t)port);
    return BRINE_OK;
}

bool http_address_is_loopback(const union http_address *address) {
    if (address->any.sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

/* ---- the start --------------------------------------------------------------------------------*/

enum brine_status http_guard_init(struct http_guard *guard, const struct config *config,
                                  struct brine_error *err) {
    struct bytes password = config->http.password;
    union http_address address;
    *guard = (struct http_guard){.has_password = password.len > 0, .hosts = &config->http.hosts};
    TRY(http_parse_address(config->http.listen, &address, err));
    if (!guard->has_password && !http_address_is_loopback(&address))
        return brine_fail(
            err, BRINE_INVALID, 0,
            "http.listen: %.*s can be reached from other hosts: set http.password, or "
            "listen on 127.0.0.1",
            (int)MIN(config->http.listen.len, (size_t)64), (const char *)config->http.listen.data);
    struct bytes hash = bytes_slice(password, 1, password.len);
    if (password.len > 0 && password.data[0] == '#' && auth_is_hash(hash))
        bytes_copy_to(guard->password_hash, hash);
    else
        auth_hash(password, guard->password_hash);
    return BRINE_OK;
}

/* ---- a request --------------------------------------------------------------------------------*/

/* "name", "name:80", "[::1]:80" without the port. */
static struct bytes host_name(struct bytes host) {
    size_t colon = last_colon(host);
    if (colon == SIZE_MAX || (host.len > 0 && host.data[host.len - 1] == ']')) return host;
    return bytes_slice(host, 0, colon);
}

static bool host_is_ours(const struct http_guard *guard, struct bytes host) {
    struct bytes name = host_name(host);
    union http_address address;
    if (is_bracketed(name) ? parse_number(bytes_slice(name, 1, name.len - 2), true, &address)
                           : parse_number(name, false, &address))
        return true;
    if (bytes_is(name, "localhost")) return true;
    for (size_t i = 0; i < guard->hosts->count; i++)
        if (bytes_equal_nocase(name, guard->hosts->items[i])) return true;
    return false;
}

static int letter_bits(uint8_t c) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? (int)(found - letters) : -1;
}

/* RFC 4648, padding due.  False: it is none, or longer than the room. */
static bool decode_base64(struct bytes text, uint8_t *room, size_t room_bytes, size_t *len) {
    uint32_t bits = 0;
    unsigned bits_count = 0;
    *len = 0;
    if (text.len % 4) return false;
    for (size_t i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++) text.len--;
    for (size_t i = 0; i < text.len; i++) {
        int more = letter_bits(text.data[i]);
        if (more < 0) return false;
        bits = bits << 6 | (uint32_t)more;
        bits_count += 6;
        if (bits_count < 8) continue;
        bits_count -= 8;
        if (*len == room_bytes) return false;
        room[(*len)++] = (uint8_t)(bits >> bits_count);
    }
    return true;
}

enum { CREDENTIALS_BYTES_MAX = 1024 };

/* Any user name: there is one password.  Source: RFC 7617. */
static bool password_is_right(const struct http_guard *guard, struct bytes authorization) {
    uint8_t room[CREDENTIALS_BYTES_MAX], hash[AUTH_HASH_BYTES];
    struct bytes scheme = bytes_slice(authorization, 0, 6);
    size_t len;
    if (!bytes_is(scheme, "basic ") ||
        !decode_base64(bytes_slice(authorization, scheme.len, authorization.len), room, sizeof room,
                       &len))
        return false;
    const uint8_t *colon = len ? memchr(room, ':', len) : NULL;
    if (!colon) return false;
    size_t name_bytes = (size_t)(colon - room) + 1;
    auth_hash(bytes_view(room + name_bytes, len - name_bytes), hash);
    return auth_hash_equal(hash, guard->password_hash);
}

/* "http://name:port" and the Host of the same request. */
static bool origin_is_host(struct bytes origin, struct bytes host) {
    static const struct bytes schemes[] = {{(const uint8_t *)"http://", 7},
                                           {(const uint8_t *)"https://", 8}};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (bytes_starts_with(origin, schemes[i]) &&
            bytes_equal_nocase(bytes_slice(origin, schemes[i].len, origin.len), host))
            return true;
    return false;
}

static unsigned check_post(const struct http_request *request, const char **why) {
    const struct bytes *fields = request->fields;
    struct bytes site = fields[HTTP_FIELD_SEC_FETCH_SITE];
    *why = "this does not come from the page of this server";
    if (request->has[HTTP_FIELD_ORIGIN] &&
        !origin_is_host(fields[HTTP_FIELD_ORIGIN], fields[HTTP_FIELD_HOST]))
        return 403;
    if (request->has[HTTP_FIELD_SEC_FETCH_SITE] && !bytes_is(site, "same-origin") &&
        !bytes_is(site, "none"))
        return 403;
    *why = "the body is to be application/octet-stream";
    return bytes_is(fields[HTTP_FIELD_CONTENT_TYPE], "application/octet-stream") ? 0 : 415;
}

unsigned http_guard_check(const struct http_guard *guard, const struct http_request *request,
                          bool is_open, const char **why) {
    const struct bytes *fields = request->fields;
    if (!guard->has_password && request->has[HTTP_FIELD_HOST] &&
        !host_is_ours(guard, fields[HTTP_FIELD_HOST])) {
        *why = "Host is no address of this server: http.hosts lists other names";
        return 421;
    }
    if (guard->has_password && !is_open &&
        !password_is_right(guard, fields[HTTP_FIELD_AUTHORIZATION])) {
        *why = "the password is asked for";
        return 401;
    }
    return request->method == HTTP_POST ? check_post(request, why) : 0;
}
