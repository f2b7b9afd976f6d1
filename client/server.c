/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/server.h"

#include "base/bytes.h"
#include "base/number.h"
#include "client/clock.h"
#include "client/tool.h"

#include <stdio.h>

enum { URL_BYTES = 1024, PORT_MAX = 65535, TIMEOUT_S_MAX = 86400, MS_PER_S = 1000 };

/* ORDER server_option */
static const struct tool_option rows[SERVER_OPTIONS] = {
    [SERVER_HOST] = {"host", 'h', "HOST", "server (127.0.0.1)"},
    [SERVER_PORT] = {"port", 'p', "PORT", "port (6379)"},
    [SERVER_SOCKET] = {"socket", 's', "PATH", "Unix socket instead of host and port"},
    [SERVER_URL] = {"url", 'u', "URL",
                    "redis://user:password@host:port/db, rediss:// with TLS, unix:///path"},
    [SERVER_PASSWORD] = {"password", 'a', "WORD",
                         "password; better in the environment as BRINECLI_AUTH, where no list of "
                         "processes shows it"},
    [SERVER_PASS] = {"pass", 0, "WORD", "the same, as redis-cli calls it"},
    [SERVER_USER] = {"user", 0, "NAME", "user the password is for"},
    [SERVER_DB] = {"db", 'n', "NUMBER", "database (0)"},
    [SERVER_TIMEOUT] =
        {"timeout", 't', "SECONDS",
         "for a connection with its login, and for each whole reply (5, then for ever)"},
    [SERVER_RESP3] = {"resp3", '3', NULL, "speak RESP3"},
    [SERVER_TLS] = {"tls", 0, NULL, "connect by TLS"},
    [SERVER_CACERT] = {"cacert", 0, "FILE", "authorities to believe (the system's)"},
    [SERVER_CERT] = {"cert", 0, "FILE", "certificate to show"},
    [SERVER_KEY] = {"key", 0, "FILE", "its key"},
    [SERVER_SNI] = {"sni", 0, "NAME", "name that the server's certificate must have (the host)"},
    [SERVER_INSECURE] = {"insecure", 0, NULL, "believe whoever answers"},
};

const struct tool_option *server_option_rows(void) {
    return rows;
}

static bool number_of(const struct server_options *options, enum server_option option,
                      struct tool_range range, int *value) {
    const char *text = options->values[option];
    int64_t number = range.fallback;
    if (text && (!number_parse_i64(bytes_of_cstr(text), &number) || number < range.min ||
                 number > range.max)) {
        tool_complain("--%s must be a number from %lld to %lld, not '%s'", rows[option].name,
                      (long long)range.min, (long long)range.max, text);
        return false;
    }
    *value = (int)number;
    return true;
}

/* Seconds, with a fraction, as milliseconds; 0: not given. */
static bool timeout_of(const struct server_options *options, int *timeout_ms) {
    const char *text = options->values[SERVER_TIMEOUT];
    double seconds = 0;
    bool ok = !text || (number_parse_double(bytes_of_cstr(text), &seconds) &&
                        seconds >= 1.0 / MS_PER_S && seconds <= TIMEOUT_S_MAX);
    if (!ok)
        tool_complain("--timeout must be seconds from 0.001 to %d, not '%s'", TIMEOUT_S_MAX, text);
    *timeout_ms = ok ? (int)(seconds * MS_PER_S) : 0;
    return ok;
}

/* Everything but letters, digits and a few others becomes %XX. */
static size_t append_escaped(char *url, size_t len, size_t size, const char *text) {
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text, lower = byte_lower(c);
        bool plain = (lower >= 'a' && lower <= 'z') || byte_is_digit(c) || strchr("-._~/", c);
        int added =
            snprintf(url + MIN(len, size), size - MIN(len, size), plain ? "%c" : "%%%02x", c);
        len += (size_t)added;
    }
    return len;
}

bool server_url(const struct server_options *options, char *url, size_t size) {
    const char *const *values = options->values;
    int port;
    if (!number_of(options, SERVER_PORT, (struct tool_range){1, PORT_MAX, 6379}, &port))
        return false;
    size_t len;
    if (values[SERVER_URL]) {
        len = (size_t)snprintf(url, size, "%s", values[SERVER_URL]);
    } else if (values[SERVER_SOCKET]) {
        len = (size_t)snprintf(url, size, "unix://");
        len = append_escaped(url, len, size, values[SERVER_SOCKET]);
    } else {
        len = (size_t)snprintf(url, size, "%s", values[SERVER_TLS] ? "rediss://" : "redis://");
        const char *host = values[SERVER_HOST] ? values[SERVER_HOST] : "127.0.0.1";
        bool v6 = strchr(host, ':') != NULL;
        len += (size_t)snprintf(url + len, size - len, "%s", v6 ? "[" : "");
        len = append_escaped(url, len, size, host);
        if (len < size)
            len += (size_t)snprintf(url + len, size - len, "%s:%d", v6 ? "]" : "", port);
    }
    if (len < size) return true;
    tool_complain("the name of the server is too long");
    return false;
}

bool server_client_options(const struct server_options *options,
                           struct brine_client_options *filled) {
    const char *const *values = options->values;
    int timeout_ms;
    if (!number_of(options, SERVER_DB, (struct tool_range){0, INT32_MAX, 0}, &filled->db) ||
        !timeout_of(options, &timeout_ms))
        return false;
    filled->password = values[SERVER_PASSWORD] ? values[SERVER_PASSWORD] : values[SERVER_PASS];
    if (!filled->password) filled->password = options->environment_password;
    filled->user = values[SERVER_USER];
    if (timeout_ms) filled->timeout_ms = filled->connect_timeout_ms = timeout_ms;
    if (values[SERVER_RESP3]) filled->protocol = 3;
    filled->ca_file = values[SERVER_CACERT];
    filled->cert_file = values[SERVER_CERT];
    filled->key_file = values[SERVER_KEY];
    filled->server_name = values[SERVER_SNI];
    filled->insecure = values[SERVER_INSECURE] != NULL;
    return true;
}

int server_connect(const struct server_options *options, const struct brine_client_options *more,
                   brine_client **client) {
    struct brine_client_options filled = more ? *more : (struct brine_client_options){0};
    struct brine_client_error err;
    char url[URL_BYTES];
    *client = NULL;
    if (!server_client_options(options, &filled) || !server_url(options, url, sizeof url))
        return TOOL_USAGE;
    enum brine_client_status status = brine_open(url, &filled, client, &err);
    if (status == BRINE_CLIENT_OK) return TOOL_OK;
    tool_complain("%s", err.text);
    return status == BRINE_CLIENT_MISUSE ? TOOL_USAGE : TOOL_BAD;
}

void server_bound_calls(const struct server_options *options, brine_client *client,
                        int64_t until_us) {
    int timeout_ms = 0;
    int64_t left_ms = (until_us - clock_mono_us()) / CLOCK_US_PER_MS;
    bool given = options->values[SERVER_TIMEOUT] && timeout_of(options, &timeout_ms);
    left_ms = MIN(MAX(left_ms, 1), INT32_MAX); /* 0 is for ever */
    brine_set_timeout(client, given ? MIN(timeout_ms, (int)left_ms) : (int)left_ms);
}

const char *server_place(const struct server_options *options, char *line, size_t size) {
    const char *const *values = options->values;
    if (values[SERVER_URL]) {
        const char *url = values[SERVER_URL], *scheme = strstr(url, "://"), *at = strrchr(url, '@');
        snprintf(line, size, "%s", at ? at + 1 : scheme ? scheme + 3 : url);
    } else if (values[SERVER_SOCKET]) {
        snprintf(line, size, "%s", values[SERVER_SOCKET]);
    } else {
        snprintf(line, size, "%s:%s", values[SERVER_HOST] ? values[SERVER_HOST] : "127.0.0.1",
                 values[SERVER_PORT] ? values[SERVER_PORT] : "6379");
    }
    return line;
}
