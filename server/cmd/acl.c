/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* ACL: users, shown and changed.  Source of answers: Redis 7.0.15 acl.c aclCommand. */

#include "cmd/handlers.h"

#include "auth/password.h"
#include "base/number.h"
#include "cmd/permission.h"

#include <stdio.h>

enum { ACL_FIRST_ARG = 2, ACL_TEXT_BYTES_MAX = 64 << 20 };

static struct auth *auth_of(struct command_call *call) {
    return &call->worker->shared->auth;
}

/* Of a known subcommand, as Redis's addReplySubcommandSyntaxError. */
static void reply_wrong_subcommand(struct command_call *call) {
    struct bytes word = call->args[1];
    reply_errorf(call->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try ACL HELP.",
                 (int)MIN(word.len, (size_t)128), (const char *)word.data);
}

static void tell_users_changed(struct command_call *call) {
    const struct services *services = call->worker->services;
    if (services && services->users_changed) services->users_changed(call->worker);
}

/* ---- who there is ---------------------------------------------------------------------------- */

/* ACL WHOAMI */
void cmd_acl_whoami(struct command_call *call) {
    reply_bulk(call->reply, session_user_name(call->session));
}

struct listing {
    struct reply *reply;
    struct buf *line; /* NULL: names alone */
    size_t count;
};

static bool list_user(void *context, const struct auth_user *user) {
    struct listing *listing = context;
    listing->count++;
    if (!listing->line) {
        reply_bulk(listing->reply, user->name);
        return true;
    }
    buf_clear(listing->line);
    if (auth_user_describe(user, listing->line) != BRINE_OK) return false;
    reply_bulk(listing->reply, buf_view(listing->line));
    return true;
}

static void reply_users(struct command_call *call, struct buf *line) {
    struct listing listing = {.reply = call->reply, .line = line};
    size_t position = resp_array_open(&call->reply->writer);
    auth_visit(auth_of(call), list_user, &listing);
    resp_array_close(&call->reply->writer, position, listing.count);
}

/* ACL USERS */
void cmd_acl_users(struct command_call *call) {
    reply_users(call, NULL);
}

/* ACL LIST */
void cmd_acl_list(struct command_call *call) {
    struct buf *line = &call->worker->collected;
    reply_users(call, line);
    buf_clear(line);
}

typedef enum brine_status describe_fn(const struct auth_selector *selector, struct buf *out);

static void reply_described(struct command_call *call, const char *name,
                            const struct auth_selector *selector, describe_fn *describe) {
    struct buf *text = &call->worker->collected;
    buf_clear(text);
    reply_bulk(call->reply, bytes_of_cstr(name));
    if (describe(selector, text) == BRINE_OK)
        reply_bulk(call->reply, buf_view(text));
    else
        reply_error(call->reply, ERROR_NO_MEMORY);
    buf_clear(text);
}

static void reply_selector(struct command_call *call, const struct auth_selector *selector) {
    reply_described(call, "commands", selector, auth_describe_commands);
    reply_described(call, "keys", selector, auth_describe_keys);
    reply_described(call, "channels", selector, auth_describe_channels);
}

static void reply_user_flags(struct reply *reply, const struct auth_user *user) {
    reply_bulk(reply, BYTES("flags"));
    reply_set(reply, 1 + (size_t)user->no_password + user->skips_sanitizing + user->sanitizes);
    reply_bulk(reply, user->is_on ? BYTES("on") : BYTES("off"));
    if (user->no_password) reply_bulk(reply, BYTES("nopass"));
    if (user->skips_sanitizing) reply_bulk(reply, BYTES("skip-sanitize-payload"));
    if (user->sanitizes) reply_bulk(reply, BYTES("sanitize-payload"));
}

/* ACL GETUSER name */
void cmd_acl_getuser(struct command_call *call) {
    enum { GETUSER_FIELDS = 6, SELECTOR_FIELDS = 3 };
    struct reply *reply = call->reply;
    struct auth_user *user = auth_find(auth_of(call), call->args[ACL_FIRST_ARG]);
    if (!user) {
        reply_null(reply);
        return;
    }
    size_t hashes = 0, selectors = 0;
    for (const struct auth_text *each = user->hashes.first; each; each = each->next) hashes++;
    for (const struct auth_selector *each = user->root.next; each; each = each->next) selectors++;
    reply_map(reply, GETUSER_FIELDS);
    reply_user_flags(reply, user);
    reply_bulk(reply, BYTES("passwords"));
    reply_array(reply, hashes);
    for (const struct auth_text *each = user->hashes.first; each; each = each->next)
        reply_bulk(reply, each->text);
    reply_selector(call, &user->root);
    reply_bulk(reply, BYTES("selectors"));
    reply_array(reply, selectors);
    for (const struct auth_selector *each = user->root.next; each; each = each->next) {
        reply_map(reply, SELECTOR_FIELDS);
        reply_selector(call, each);
    }
    auth_user_unref(user);
}

/* ACL CAT [category] */
void cmd_acl_cat(struct command_call *call) {
    enum { CAT_ARGS_MAX = 3 };
    struct reply *reply = call->reply;
    if (call->args_count > CAT_ARGS_MAX) {
        reply_wrong_subcommand(call);
        return;
    }
    if (call->args_count == ACL_FIRST_ARG) {
        reply_array(reply, AUTH_CATEGORIES_COUNT);
        for (size_t i = 0; i < AUTH_CATEGORIES_COUNT; i++)
            reply_bulk(reply, bytes_of_cstr(auth_category_words[i]));
        return;
    }
    struct bytes word = call->args[ACL_FIRST_ARG];
    enum auth_category category = auth_category_find(word);
    if (category == AUTH_CATEGORIES_COUNT) {
        reply_errorf(reply, "ERR Unknown category '%.*s'", (int)MIN(word.len, (size_t)128),
                     (const char *)word.data);
        return;
    }
    size_t count = 0, position = resp_array_open(&reply->writer);
    for (size_t i = 0; i < command_table_count(); i++) {
        if (!command_is_in_category(&command_table[i], category)) continue;
        reply_bulk(reply, bytes_of_cstr(command_table[i].name));
        count++;
    }
    resp_array_close(&reply->writer, position, count);
}

/* ---- change ---------------------------------------------------------------------------------- */

static bool is_name(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == 0 || c == ' ' || (c >= '\t' && c <= '\r')) return false;
    }
    return true;
}

/* ACL SETUSER name [rule ...] */
void cmd_acl_setuser(struct command_call *call) {
    struct bytes name = call->args[ACL_FIRST_ARG];
    struct brine_error err;
    if (!is_name(name)) {
        reply_error(call->reply, BYTES("ERR Usernames can't contain spaces or null characters"));
    } else if (name.len > AUTH_USER_NAME_BYTES_MAX) {
        reply_errorf(call->reply, "ERR a user's name is at most %d bytes long",
                     AUTH_USER_NAME_BYTES_MAX);
    } else if (auth_set_user(auth_of(call), name, call->args + ACL_FIRST_ARG + 1,
                             call->args_count - ACL_FIRST_ARG - 1, &err) != BRINE_OK) {
        reply_errorf(call->reply, "ERR %s", err.text);
    } else {
        tell_users_changed(call);
        reply_ok(call->reply);
    }
}

/* ACL DELUSER name [name ...] */
void cmd_acl_deluser(struct command_call *call) {
    int64_t deleted = 0;
    for (size_t i = ACL_FIRST_ARG; i < call->args_count; i++) {
        if (bytes_equal(call->args[i], BYTES("default"))) {
            reply_error(call->reply, BYTES("ERR The 'default' user cannot be removed"));
            return;
        }
    }
    for (size_t i = ACL_FIRST_ARG; i < call->args_count; i++)
        deleted += auth_delete_user(auth_of(call), call->args[i]);
    const struct auth_user *own = call->session->user;
    if (own && auth_user_fate(own) == AUTH_GONE) call->session->close_after_reply = true;
    if (deleted) tell_users_changed(call);
    reply_integer(call->reply, deleted);
}

#define NO_ACL_FILE                                                                                \
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users " \
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "      \
    "configuration file set) in order to store users in the Redis configuration."

/* ACL LOAD: the [[user]] rows of the configuration file, for there is no file of users alone. */
void cmd_acl_load(struct command_call *call) {
    struct brine_error err;
    struct config *config = call->worker->config;
    if (config->file_path.len == 0) {
        reply_error(call->reply, BYTES(NO_ACL_FILE));
    } else if (auth_load(auth_of(call), config, &err) != BRINE_OK) {
        reply_errorf(call->reply, "ERR %s", err.text);
    } else {
        const struct auth_user *own = call->session->user;
        if (own && auth_user_fate(own) == AUTH_GONE) call->session->close_after_reply = true;
        tell_users_changed(call);
        reply_ok(call->reply);
    }
}

/* ACL SAVE */
void cmd_acl_save(struct command_call *call) {
    reply_error(call->reply, BYTES(NO_ACL_FILE));
}

/* ---- trying ---------------------------------------------------------------------------------- */

static void reply_verdict(struct command_call *call, const struct attempt *attempt,
                          enum auth_verdict verdict, size_t position) {
    struct reply *reply = call->reply;
    struct bytes object = attempt->args[position];
    int shown = (int)MIN(object.len, (size_t)REPLY_BULKF_BYTES_MAX / 2);
    switch (verdict) {
    case AUTH_ALLOWED:
        reply_ok(reply);
        break;
    case AUTH_DENIED_COMMAND:
        reply_bulkf(reply, "This user has no permissions to run the '%s' command",
                    attempt->command->name);
        break;
    case AUTH_DENIED_KEY:
        reply_bulkf(reply, "This user has no permissions to access the '%.*s' key", shown,
                    (const char *)object.data);
        break;
    case AUTH_DENIED_CHANNEL:
        reply_bulkf(reply, "This user has no permissions to access the '%.*s' channel", shown,
                    (const char *)object.data);
        break;
    }
}

/* ACL DRYRUN name command [argument ...] */
void cmd_acl_dryrun(struct command_call *call) {
    enum { DRYRUN_NAME = 2, DRYRUN_COMMAND = 3 };
    struct bytes name = call->args[DRYRUN_NAME], word = call->args[DRYRUN_COMMAND];
    struct auth_user *user = auth_find(auth_of(call), name);
    if (!user) {
        reply_errorf(call->reply, "ERR User '%.*s' not found", (int)MIN(name.len, (size_t)1024),
                     (const char *)name.data);
        return;
    }
    struct attempt attempt = {.args = call->args + DRYRUN_COMMAND,
                              .args_count = call->args_count - DRYRUN_COMMAND};
    attempt.command =
        command_find_args(&call->worker->shared->index, attempt.args, attempt.args_count);
    if (!attempt.command) {
        reply_errorf(call->reply, "ERR Command '%.*s' not found", (int)MIN(word.len, (size_t)1024),
                     (const char *)word.data);
    } else if (!command_arity_fits(attempt.command, attempt.args_count)) {
        reply_wrong_arity(call->reply, attempt.command);
    } else {
        struct auth_question question;
        size_t position;
        permission_question(&attempt, &question);
        enum auth_verdict verdict = auth_user_check(user, &question, &position);
        reply_verdict(call, &attempt, verdict, position);
    }
    auth_user_unref(user);
}

/* ACL GENPASS [bits] */
void cmd_acl_genpass(struct command_call *call) {
    enum { GENPASS_BITS = 256, GENPASS_ARGS_MAX = 3 };
    int64_t bits = GENPASS_BITS;
    char digits[AUTH_SECRET_BITS_MAX / 4];
    size_t count;
    if (call->args_count > GENPASS_ARGS_MAX) {
        reply_wrong_subcommand(call);
        return;
    }
    if (call->args_count == GENPASS_ARGS_MAX && !call_integer(call, ACL_FIRST_ARG, &bits)) return;
    if (bits <= 0 || bits > AUTH_SECRET_BITS_MAX)
        reply_error(call->reply, BYTES("ERR ACL GENPASS argument must be the number of bits for "
                                       "the output password, a positive number up to 4096"));
    else if (auth_make_secret((size_t)bits, digits, &count) != BRINE_OK)
        reply_error(call->reply, BYTES("ERR the operating system gave no random bytes"));
    else
        reply_bulk(call->reply, bytes_view(digits, count));
}

/* ---- what was denied ------------------------------------------------------------------------- */

static void begin_denials(void *context, size_t count) {
    const struct command_call *call = context;
    reply_array(call->reply, count);
}

static void reply_denial(void *context, const struct auth_denial *denial) {
    enum { DENIAL_FIELDS = 7 };
    const struct command_call *call = context;
    struct reply *reply = call->reply;
    reply_map(reply, DENIAL_FIELDS);
    reply_bulk(reply, BYTES("count"));
    reply_integer(reply, (int64_t)denial->count);
    reply_bulk(reply, BYTES("reason"));
    reply_bulk(reply, bytes_of_cstr(auth_reason_words[denial->reason]));
    reply_bulk(reply, BYTES("context"));
    reply_bulk(reply, bytes_of_cstr(auth_context_words[denial->context]));
    reply_bulk(reply, BYTES("object"));
    reply_bulk(reply, denial->object);
    reply_bulk(reply, BYTES("username"));
    reply_bulk(reply, denial->user_name);
    reply_bulk(reply, BYTES("age-seconds"));
    resp_double(&reply->writer, (double)(call->now_ms - denial->at_ms) / 1000);
    reply_bulk(reply, BYTES("client-info"));
    reply_bulk(reply, denial->client);
}

/* ACL LOG [count | RESET] */
void cmd_acl_log(struct command_call *call) {
    enum { LOG_SHOWN = 10, LOG_ARGS_MAX = 3 };
    int64_t count = LOG_SHOWN;
    if (call->args_count > LOG_ARGS_MAX) {
        reply_wrong_subcommand(call);
    } else if (call->args_count == LOG_ARGS_MAX && call_is(call, ACL_FIRST_ARG, "RESET")) {
        auth_forget_denials(auth_of(call));
        reply_ok(call->reply);
    } else if (call->args_count < LOG_ARGS_MAX || call_integer(call, ACL_FIRST_ARG, &count)) {
        auth_show_denials(auth_of(call), (size_t)MAX(count, 0), begin_denials, reply_denial, call);
    }
}

/* ACL HELP */
void cmd_acl_help(struct command_call *call) {
    static const char *const lines[] = {
        "CAT [<category>]",
        "    List all commands that belong to <category>, or all command categories",
        "    when no category is specified.",
        "DELUSER <username> [<username> ...]",
        "    Delete a list of users.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Returns whether the user can execute the given command without executing the command.",
        "GETUSER <username>",
        "    Get the user's details.",
        "GENPASS [<bits>]",
        "    Generate a secure 256-bit user password. The optional `bits` argument can",
        "    be used to specify a different size.",
        "LIST",
        "    Show users details in config file format.",
        "LOAD",
        "    Reload users from the ACL file.",
        "LOG [<count> | RESET]",
        "    Show the ACL log entries.",
        "SAVE",
        "    Save the current config to the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Create or modify a user with the specified attributes.",
        "USERS",
        "    List all the registered usernames.",
        "WHOAMI",
        "    Return the current connection username.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
