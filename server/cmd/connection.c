/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The connection itself: greeting, password, database.  Source of answers: Redis 7.0 networking.c,
 * acl.c, server.c. */

#include "cmd/cluster.h"
#include "cmd/handlers.h"

#include "base/number.h"
#include "cmd/permission.h"

/* Whether "default" needs no password, be it on or off. */
static bool default_is_open(struct command_call *call) {
    struct auth_user *user = auth_find(&call->worker->shared->auth, BYTES("default"));
    bool is_open = user->no_password;
    auth_user_unref(user);
    return is_open;
}

/* Its replies would else be taken for messages. */
static bool listens_in_resp2(const struct session *session) {
    return session->resp_version == 2 && pubsub_count(session, PUBSUB_CHANNEL) +
                                                 pubsub_count(session, PUBSUB_PATTERN) +
                                                 pubsub_count(session, PUBSUB_SHARD) >
                                             0;
}

/* PING [message] */
void cmd_ping(struct command_call *call) {
    enum { PING_MESSAGE = 1, PING_ARGS_MAX = 2 };
    if (call->args_count > PING_ARGS_MAX)
        reply_wrong_arity(call->reply, call->command);
    else if (call_leaves_loop(call, call->args[call->args_count - 1].len))
        return;
    else if (listens_in_resp2(call->session)) {
        reply_array(call->reply, 2);
        reply_bulk(call->reply, BYTES("pong"));
        reply_bulk(call->reply,
                   call->args_count == PING_ARGS_MAX ? call->args[PING_MESSAGE] : BYTES(""));
    } else if (call->args_count == PING_ARGS_MAX)
        reply_bulk(call->reply, call->args[PING_MESSAGE]);
    else
        reply_simple(call->reply, BYTES("PONG"));
}

/* ECHO message */
void cmd_echo(struct command_call *call) {
    enum { ECHO_MESSAGE = 1 };
    if (call_leaves_loop(call, call->args[ECHO_MESSAGE].len)) return;
    reply_bulk(call->reply, call->args[ECHO_MESSAGE]);
}

/* QUIT */
void cmd_quit(struct command_call *call) {
    reply_ok(call->reply);
    call->session->close_after_reply = true;
}

/* SELECT index */
void cmd_select(struct command_call *call) {
    enum { SELECT_INDEX = 1 };
    uint32_t db;
    if (!call_database(call, SELECT_INDEX, &db)) return;
    if (db > 0 && cluster_is_enabled(call->worker)) {
        reply_error(call->reply, BYTES("ERR SELECT is not allowed in cluster mode"));
        return;
    }
    call->session->db = db;
    reply_ok(call->reply);
}

/* AUTH [username] password */
void cmd_auth(struct command_call *call) {
    enum { AUTH_PASSWORD = 1, AUTH_USER = 1, AUTH_USERS_PASSWORD = 2, AUTH_ARGS_MAX = 3 };
    if (call->args_count > AUTH_ARGS_MAX) {
        reply_error(call->reply, ERROR_SYNTAX);
        return;
    }
    if (call->args_count < AUTH_ARGS_MAX && default_is_open(call)) {
        reply_error(call->reply,
                    BYTES("ERR AUTH <password> called without any password configured for the "
                          "default user. Are you sure your configuration is correct?"));
        return;
    }
    bool named = call->args_count == AUTH_ARGS_MAX;
    struct bytes user = named ? call->args[AUTH_USER] : BYTES("default");
    struct bytes password = call->args[named ? AUTH_USERS_PASSWORD : AUTH_PASSWORD];
    if (permission_login(call, user, password)) reply_ok(call->reply);
}

/* The options of HELLO behind the version.  What an option did stays done when a later one is
 * wrong, as in Redis. */
static bool hello_options(struct command_call *call, size_t first) {
    enum { HELLO_AUTH_VALUES = 2, HELLO_NAME_VALUES = 1 };
    for (size_t i = first; i < call->args_count; i++) {
        size_t more = call->args_count - 1 - i;
        if (more >= HELLO_AUTH_VALUES && call_is(call, i, "AUTH")) {
            if (!permission_login(call, call->args[i + 1], call->args[i + 2])) return false;
            i += HELLO_AUTH_VALUES;
        } else if (more >= HELLO_NAME_VALUES && call_is(call, i, "SETNAME")) {
            if (!call_set_client_name(call, call->args[i + 1])) return false;
            i += HELLO_NAME_VALUES;
        } else {
            reply_errorf(call->reply, "ERR Syntax error in HELLO option '%.*s'",
                         (int)call->args[i].len, (const char *)call->args[i].data);
            return false;
        }
    }
    return true;
}

static void reply_greeting(struct command_call *call) {
    struct reply *reply = call->reply;
    struct worker_state *worker = call->worker;
    struct server_facts facts = call_server_facts(call);
    reply_map(reply, 8);
    reply_bulk(reply, BYTES("server"));
    reply_bulk(reply, BYTES("redis"));
    reply_bulk(reply, BYTES("version"));
    reply_bulk(reply, worker->config->server.redis_version);
    reply_bulk(reply, BYTES("proto"));
    reply_integer(reply, call->session->resp_version);
    reply_bulk(reply, BYTES("id"));
    reply_integer(reply, (int64_t)call->session->id);
    reply_bulk(reply, BYTES("mode"));
    reply_bulk(reply, bytes_of_cstr(cluster_is_enabled(call->worker) ? "cluster" : "standalone"));
    reply_bulk(reply, BYTES("role"));
    reply_bulk(reply, BYTES("master"));
    reply_bulk(reply, BYTES("modules"));
    reply_array(reply, 0);
    reply_bulk(reply, BYTES("brine"));
    reply_bulk(reply, bytes_of_cstr(facts.version));
}

/* HELLO [version [AUTH user password] [SETNAME name]] */
void cmd_hello(struct command_call *call) {
    enum { HELLO_VERSION = 1, HELLO_FIRST_OPTION = 2 };
    int64_t version = 0;
    if (call->args_count > HELLO_VERSION) {
        if (!number_parse_i64(call->args[HELLO_VERSION], &version)) {
            reply_error(call->reply,
                        BYTES("ERR Protocol version is not an integer or out of range"));
            return;
        }
        if (version < 2 || version > 3) {
            reply_error(call->reply, BYTES("NOPROTO unsupported protocol version"));
            return;
        }
    }
    if (!hello_options(call, HELLO_FIRST_OPTION)) return;
    if (!call->session->authenticated && !auth_is_open(&call->worker->shared->auth)) {
        reply_error(call->reply,
                    BYTES("NOAUTH HELLO must be called with the client already authenticated, "
                          "otherwise the HELLO AUTH <user> <pass> option can be used to "
                          "authenticate the client and select the RESP protocol version at the "
                          "same time"));
        return;
    }

    if (version) call->session->resp_version = (uint8_t)version;
    call->reply->writer.version = call->session->resp_version;
    reply_greeting(call);
}

/* RESET */
void cmd_reset(struct command_call *call) {
    session_reset(call->session, false);
    permission_logout(call);
    call->reply->writer.version = call->session->resp_version;
    reply_simple(call->reply, BYTES("RESET"));
}
