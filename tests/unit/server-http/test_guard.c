/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "http/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct scene {
    struct config config;
    struct http_guard guard;
    struct brine_error err;
};

/* A configuration as TOML, and what the guard says of it. */
static enum brine_status begin(struct scene *scene, const char *toml) {
    cr_assert_eq(config_init(&scene->config, mem_system()), BRINE_OK);
    cr_assert_eq(config_load_toml(&scene->config, "t", bytes_of_cstr(toml), &scene->err), BRINE_OK,
                 "%s", scene->err.text);
    return http_guard_init(&scene->guard, &scene->config, &scene->err);
}

static unsigned check(struct scene *scene, const char *method, const char *fields) {
    struct http_request request;
    const char *why;
    char text[1024];
    snprintf(text, sizeof text, "%s / HTTP/1.1\r\n%s\r\n\r\n", method, fields);
    cr_assert_eq(http_request_parse(bytes_of_cstr(text), &request, &scene->err), BRINE_OK, "%s: %s",
                 fields, scene->err.text);
    return http_guard_check(&scene->guard, &request, false, &why);
}

Test(guard, an_address_that_others_reach_needs_a_password) {
    static const struct {
        const char *listen;
        bool alone, is_address;
    } rows[] = {
        {"127.0.0.1:9121", true, true}, {"127.1.2.3:9121", true, true},
        {"[::1]:9121", true, true},     {"localhost:9121", true, true},
        {"*:9121", false, true},        {":9121", false, true},
        {"0.0.0.0:9121", false, true},  {"[::]:9121", false, true},
        {"10.0.0.1:9121", false, true}, {"9121", false, false},
        {"127.0.0.1", false, false},    {"127.0.0.1:65536", false, false},
        {"127.0.0.1:", false, false},   {"example.org:80", false, false},
        {"::1:80", false, false},       {"127.0.0.1:-1", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene scene;
        char toml[200];
        snprintf(toml, sizeof toml, "[http]\nlisten = \"%s\"\n", rows[i].listen);
        cr_expect_eq(begin(&scene, toml) == BRINE_OK, rows[i].alone, "%s", rows[i].listen);
        config_deinit(&scene.config);
        snprintf(toml, sizeof toml, "[http]\nlisten = \"%s\"\npassword = \"p\"\n", rows[i].listen);
        cr_expect_eq(begin(&scene, toml) == BRINE_OK, rows[i].is_address, "%s", rows[i].listen);
        config_deinit(&scene.config);
    }
}

Test(guard, without_a_password_the_host_is_an_address_or_a_name_that_is_listed) {
    static const struct {
        const char *fields;
        unsigned code;
    } rows[] = {
        {"Host: 127.0.0.1:9121", 0},
        {"Host: 127.0.0.1", 0},
        {"Host: [::1]:9121", 0},
        {"Host: [::1]", 0},
        {"Host: 10.1.2.3:80", 0},
        {"Host: localhost:9121", 0},
        {"Host: LOCALHOST", 0},
        {"Host: brine.example:9121", 0},
        {"Host: evil.example:9121", 421},
        {"Host: localhost.evil.example", 421},
        {"Host: 127.0.0.1.evil.example:9121", 421},
        {"Host: brine.example.evil:9121", 421},
        {"Host: ", 421},
        {"Host: :80", 421},
        {"Host: [::1", 421},
    };
    struct scene scene;
    cr_assert_eq(
        begin(&scene, "[http]\nlisten = \"127.0.0.1:9121\"\nhosts = [\"brine.example\"]\n"),
        BRINE_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(check(&scene, "GET", rows[i].fields), rows[i].code, "%s", rows[i].fields);
    config_deinit(&scene.config);
}

Test(guard, a_password_is_asked_for_and_compared) {
    static const struct {
        const char *credentials;
        unsigned code;
    } rows[] = {
        {"", 401},
        {"\r\nAuthorization: Basic YWRtaW46c2VzYW1l", 0}, /* admin:sesame */
        {"\r\nAuthorization: basic OnNlc2FtZQ==", 0},     /* :sesame */
        {"\r\nAuthorization: Basic YWRtaW46c2VzYW0=", 401},
        {"\r\nAuthorization: Basic YWRtaW46c2VzYW1lIQ==", 401},
        {"\r\nAuthorization: Basic c2VzYW1l", 401}, /* no colon */
        {"\r\nAuthorization: Basic YWRtaW46c2VzYW1l=", 401},
        {"\r\nAuthorization: Basic", 401},
        {"\r\nAuthorization: Basic !!!!", 401},
        {"\r\nAuthorization: Bearer sesame", 401},
        {"\r\nAuthorization: Basic  YWRtaW46c2VzYW1l", 401},
    };
    struct scene scene;
    cr_assert_eq(begin(&scene, "[http]\nlisten = \"*:9121\"\npassword = \"sesame\"\n"), BRINE_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char fields[200];
        snprintf(fields, sizeof fields, "Host: any.example%s", rows[i].credentials);
        cr_expect_eq(check(&scene, "GET", fields), rows[i].code, "%s", fields);
    }
    config_deinit(&scene.config);
}

Test(guard, a_password_may_be_given_as_its_hash) {
    struct scene scene;
    uint8_t hash[AUTH_HASH_BYTES];
    char toml[200];
    auth_hash(BYTES("sesame"), hash);
    snprintf(toml, sizeof toml, "[http]\nlisten = \"*:9121\"\npassword = \"#%.*s\"\n",
             AUTH_HASH_BYTES, (const char *)hash);
    cr_assert_eq(begin(&scene, toml), BRINE_OK);
    cr_expect_eq(check(&scene, "GET", "Host: a\r\nAuthorization: Basic OnNlc2FtZQ=="), 0);
    cr_expect_eq(check(&scene, "GET", "Host: a\r\nAuthorization: Basic OnNlc2FtZA=="), 401);
    config_deinit(&scene.config);
}

Test(guard, what_is_posted_comes_from_our_own_page_or_from_none) {
#define POSTED "Host: 127.0.0.1:9121\r\nContent-Length: 0\r\n"
#define OCTETS "\r\nContent-Type: application/octet-stream"
    static const struct {
        const char *fields;
        unsigned code;
    } rows[] = {
        {POSTED "X: y" OCTETS, 0},
        {POSTED "Origin: http://127.0.0.1:9121" OCTETS, 0},
        {POSTED "Origin: https://127.0.0.1:9121" OCTETS, 0},
        {POSTED "Origin: http://127.0.0.1:9122" OCTETS, 403},
        {POSTED "Origin: http://evil.example" OCTETS, 403},
        {POSTED "Origin: null" OCTETS, 403},
        {POSTED "Origin:" OCTETS, 403},
        {POSTED "Sec-Fetch-Site: same-origin" OCTETS, 0},
        {POSTED "Sec-Fetch-Site: none" OCTETS, 0},
        {POSTED "Sec-Fetch-Site: cross-site" OCTETS, 403},
        {POSTED "Sec-Fetch-Site: same-site" OCTETS, 403},
        {POSTED "X: y", 415},
        {POSTED "Content-Type: text/plain", 415},
        {POSTED "Content-Type: application/x-www-form-urlencoded", 415},
    };
    struct scene scene;
    cr_assert_eq(begin(&scene, "[http]\nlisten = \"127.0.0.1:9121\"\n"), BRINE_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(check(&scene, "POST", rows[i].fields), rows[i].code, "%s", rows[i].fields);
    config_deinit(&scene.config);
}
