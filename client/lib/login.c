/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/lib/login.h"

#include "base/number.h"
#include "base/random.h"

#include <stdio.h>
#include <sys/random.h>

enum {
    DEFAULT_PORT = 6379,
    CONNECT_TIMEOUT_MS = 5000,
    TRIES_MAX = 5,
    PAUSE_FIRST_MS = 50,
    PAUSE_MAX_MS = 2000
};

struct brine_client_options login_options(const struct brine_client_options *options) {
    struct brine_client_options filled = options ? *options : (struct brine_client_options){0};
    if (filled.connect_timeout_ms <= 0) filled.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (filled.tries_max == 0) filled.tries_max = TRIES_MAX;
    if (filled.tries_max < 0) filled.tries_max = 0;
    if (filled.pause_first_ms <= 0) filled.pause_first_ms = PAUSE_FIRST_MS;
    if (filled.pause_max_ms <= 0) filled.pause_max_ms = PAUSE_MAX_MS;
    if (filled.reply_bytes_max == 0) filled.reply_bytes_max = (size_t)1 << 30;
    return filled;
}

enum brine_status login_endpoint(const char *url, const struct brine_client_options *options,
                                 struct endpoint *endpoint, struct brine_error *err) {
    *endpoint = (struct endpoint){.host = "127.0.0.1",
                                  .port = DEFAULT_PORT,
                                  .db = options->db,
                                  .protocol = options->protocol ? options->protocol : 2,
                                  .timeout_ms = options->timeout_ms};
    const char *user = options->user ? options->user : "";
    const char *password = options->password ? options->password : "";
    if (strlen(user) >= URL_TEXT_BYTES || strlen(password) >= URL_TEXT_BYTES)
        return brine_fail(err, BRINE_INVALID, 0, "a user or password of more than %d bytes",
                          URL_TEXT_BYTES - 1);
    if (endpoint->db < 0 || endpoint->protocol < 2 || endpoint->protocol > 3)
        return brine_fail(err, BRINE_INVALID, 0, "a database or protocol that there is not");
    snprintf(endpoint->user, sizeof endpoint->user, "%s", user);
    snprintf(endpoint->password, sizeof endpoint->password, "%s", password);
    endpoint->has_password = options->password != NULL;
    return url_parse(url, endpoint, err);
}

enum brine_status login_encode(struct buf *out, const struct brine_text *args, size_t count) {
    uint8_t digits[NUMBER_I64_TEXT_BYTES];
    TRY(buf_append_byte(out, '*'));
    TRY(buf_append(out, bytes_view(digits, number_format_u64(digits, count))));
    for (size_t i = 0; i < count; i++) {
        TRY(buf_append(out, BYTES("\r\n$")));
        TRY(buf_append(out, bytes_view(digits, number_format_u64(digits, args[i].len))));
        TRY(buf_append(out, BYTES("\r\n")));
        TRY(buf_append(out, bytes_view(args[i].data, args[i].len)));
    }
    return buf_append(out, BYTES("\r\n"));
}

enum brine_status login_commands(const struct endpoint *endpoint, struct buf *out,
                                 const char *names[static LOGIN_COMMANDS_MAX], size_t *count) {
    *count = 0;
    if (endpoint->has_password) {
        struct brine_text args[3] = {BRINE_TEXT("AUTH")};
        size_t used = 1;
        if (endpoint->user[0]) args[used++] = brine_text_of(endpoint->user);
        args[used++] = brine_text_of(endpoint->password);
        TRY(login_encode(out, args, used));
        names[(*count)++] = "AUTH";
    }
    if (endpoint->protocol == 3) {
        struct brine_text args[] = {BRINE_TEXT("HELLO"), BRINE_TEXT("3")};
        TRY(login_encode(out, args, ARRAY_LEN(args)));
        names[(*count)++] = "HELLO";
    }
    if (endpoint->db) {
        char number[16];
        snprintf(number, sizeof number, "%d", endpoint->db);
        struct brine_text args[] = {BRINE_TEXT("SELECT"), brine_text_of(number)};
        TRY(login_encode(out, args, ARRAY_LEN(args)));
        names[(*count)++] = "SELECT";
    }
    return BRINE_OK;
}

int login_pause_ms(const struct brine_client_options *options, int attempt, struct random *random) {
    int64_t pause_ms = options->pause_first_ms;
    for (int i = 1; i < attempt && pause_ms < options->pause_max_ms; i++) pause_ms *= 2;
    pause_ms = MIN(pause_ms, options->pause_max_ms);
    return (int)(pause_ms - pause_ms / 2 +
                 (int64_t)random_below(random, (uint64_t)(pause_ms / 2) + 1));
}

uint64_t login_seed(void) {
    uint64_t seed = 0;
    /* Without it pauses are not by chance, which harms nobody. */
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) seed = 1;
    return seed;
}
