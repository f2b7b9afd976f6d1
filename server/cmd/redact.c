/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/redact.h"

#include <string.h>

static bool names_one_of(struct bytes text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes_is(text, words[i])) return true;
    return false;
}

/* CONFIG SET name value ...: the values of passwords. */
static bool is_secret_value(const struct bytes *args, size_t position) {
    static const char *const secrets[] = {"requirepass",       "auth.password",
                                          "masterauth",        "masteruser",
                                          "tls-key-file-pass", "tls-client-key-file-pass"};
    enum { CONFIG_SET_FIRST = 2 };
    return position > CONFIG_SET_FIRST && (position - CONFIG_SET_FIRST) % 2 == 1 &&
           names_one_of(args[position - 1], secrets, ARRAY_LEN(secrets));
}

/* HELLO 3 AUTH user password, MIGRATE ... AUTH password | AUTH2 user password */
static bool is_behind_auth(const struct bytes *args, size_t position) {
    enum { FIRST_OPTION = 2 };
    for (size_t back = 1; back <= 2 && position >= FIRST_OPTION + back; back++)
        if (bytes_is(args[position - back], "AUTH") || bytes_is(args[position - back], "AUTH2"))
            return true;
    return false;
}

struct bytes redact_argument(const struct command *command, const struct bytes *args, size_t count,
                             size_t position) {
    static const char *const users[] = {"acl|setuser", "acl|getuser", "acl|deluser"};
    const char *name = command->name;
    bool hidden = false;
    if (position == 0 || position >= count) return args[position];
    if (!strcmp(name, "auth"))
        hidden = true;
    else if (!strcmp(name, "config|set"))
        hidden = is_secret_value(args, position);
    else if (!strcmp(name, "hello") || !strcmp(name, "migrate"))
        hidden = is_behind_auth(args, position);
    else if (position > 1)
        hidden = names_one_of(bytes_of_cstr(name), users, ARRAY_LEN(users));
    return hidden ? REDACTED : args[position];
}
