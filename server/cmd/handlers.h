/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The handlers' prototypes, out of the rows, and what several families need: Redis's words for
 * common errors, and the reading of arguments.  For the files of this folder. */
#ifndef BRINE_CMD_HANDLERS_H
#define BRINE_CMD_HANDLERS_H

#include "cmd/worker.h"

#define COMMAND(name, arity, flags, keys, handler, ...) command_handler handler;
#include "cmd/commands.def"

/* ---- Redis's words --------------------------------------------------------------------------- */

#define ERROR_SYNTAX      BYTES("ERR syntax error")
#define ERROR_NOT_INTEGER BYTES("ERR value is not an integer or out of range")
#define ERROR_WRONG_TYPE  BYTES("WRONGTYPE Operation against a key holding the wrong kind of value")
#define ERROR_BEYOND_CLIENTS                                                                       \
    BYTES(                                                                                         \
        "OOM command not allowed when it is longer than limits.clients_bytes, which is what all "  \
        "clients may hold together")
#define ERROR_OUT_OF_MEMORY   BYTES("OOM command not allowed when used memory > 'maxmemory'.")
#define ERROR_NO_SUCH_KEY     BYTES("ERR no such key")
#define ERROR_STRING_TOO_LONG BYTES("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
/* Ours, where Redis would end itself. */
#define ERROR_NO_MEMORY       BYTES("OOM the server is out of memory, nothing was changed")

/* "ERR wrong number of arguments for 'get' command" */
void reply_wrong_arity(struct reply *reply, const struct command *command);
/* "ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP." */
void reply_subcommand_error(struct command_call *call);
/* "ERR invalid expire time in 'set' command" */
void reply_invalid_expire(struct command_call *call);
/* Every outcome but DONE and NOT_DONE; STOPPED says nothing, for the callback has. */
void reply_outcome(struct command_call *call, enum keyspace_outcome outcome);

/* ---- arguments ------------------------------------------------------------------------------- */

/* The hashed key at this position; the first one was hashed ahead. */
static inline struct store_key call_key(const struct command_call *call, size_t position) {
    if (position == (size_t)call->command->keys.first) return call->key;
    return keyspace_key(call->access, call->session->db, call->args[position]);
}

/* False: an error was replied. */
bool call_integer(struct command_call *call, size_t position, int64_t *value) MUST_USE;

/* A time to wait, in milliseconds. */
bool call_timeout(struct command_call *call, size_t position, int64_t *timeout_ms) MUST_USE;

/* The index of a database that exists. */
bool call_database(struct command_call *call, size_t position, uint32_t *db) MUST_USE;

/* All arguments from position on, `step` apart, as hashed keys in the worker's scratch; NULL: no
 * memory, replied. */
struct store_key *call_keys(struct command_call *call, size_t position, size_t step,
                            size_t *count) MUST_USE;

/* True: so many bytes are to be gone through, and the command is run again where time is.  Asked
 * before anything is replied. */
enum { CALL_AT_ONCE_BYTES = 256 * 1024 };
bool call_leaves_loop(struct command_call *call, size_t bytes) MUST_USE;

/* A value beyond its lock: pinned, or copied into the worker's scratch.  Dropped by its taker. */
struct taken_value {
    bool found, is_string;
    struct blob *blob;  /* a reference */
    struct bytes bytes; /* data NULL: no memory; when not found, or no string, empty */
};
void call_take_value(struct command_call *call, const struct store_key *key,
                     struct taken_value *taken);
/* Several at one moment. */
void call_take_values(struct command_call *call, const struct store_key *keys, size_t count,
                      struct taken_value *taken);
static inline void taken_value_drop(struct taken_value *taken) {
    blob_unref(taken->blob);
    taken->blob = NULL;
}

/* A time to live as an argument gives it: `ms` says milliseconds, `at` a moment and not a duration.
 * False: not a number, or a time that cannot be; replied in Redis's words. */
struct expire_unit {
    bool ms, at;
};
bool call_expire_at(struct command_call *call, size_t position, struct expire_unit unit,
                    int64_t *expire_at_ms) MUST_USE;

/* ---- what several families say or do ----------------------------------------------------------
 */

/* CLIENT SETNAME and HELLO SETNAME; false: an error was replied. */
bool call_set_client_name(struct command_call *call, struct bytes name) MUST_USE;
/* What net knows of the server; texts are never NULL. */
struct server_facts call_server_facts(const struct command_call *call);

/* HELP of a container: its lines, then that of HELP itself. */
void reply_help(struct command_call *call, const char *const *lines, size_t count);

/* "int", "embstr" or "raw": as OBJECT ENCODING says it. */
enum { STRING_EMBEDDED_BYTES_MAX = 44 };
const char *string_encoding(const struct store_value *value);

/* Argument `position` is this word, in any case. */
static inline bool call_is(const struct command_call *call, size_t position, const char *word) {
    return bytes_is(call->args[position], word);
}

#endif
