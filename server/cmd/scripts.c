/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* EVAL and its kin, without an interpreter: what runs are the programs of scripts.def.  Source of
 * answers and of the order of errors: Redis 7.0 eval.c, functions.c.
 *
 * A text is known by its normal form, a SHA-1 by a text that was loaded before, as in Redis: after
 * SCRIPT FLUSH or a restart clients are told NOSCRIPT, and load it again. */

#include "cmd/monitor.h"
#include "cmd/script_run.h"

#include "base/number.h"
#include "rdb/payload.h"

enum { EVAL_SCRIPT = 1, EVAL_KEYS_COUNT = 2, EVAL_FIRST_KEY = 3 };

#define ERROR_NO_SCRIPT BYTES("NOSCRIPT No matching script. Please use EVAL.")
#define ERROR_NOT_BUSY  BYTES("NOTBUSY No scripts in execution right now.")

/* The program of this text; false: there is none of that text. */
static bool find_program(const struct script_normal *normal, uint16_t *program) {
    const struct script_program *row;
    for (size_t i = 0; (row = script_program_at(i)); i++) {
        struct script_digest digest;
        if (!script_digest_parse(bytes_of_cstr(row->digest), &digest) ||
            !script_digest_equal(&digest, &normal->digest))
            continue;
        *program = (uint16_t)i;
        return true;
    }
    return false;
}

static void reply_unknown(struct command_call *call, const struct script_digest *digest) {
    char text[SCRIPT_DIGEST_TEXT_BYTES];
    reply_errorf(call->reply,
                 "ERR script %s is not known here: this server runs no Lua, only scripts that "
                 "libraries are known to send; MULTI, WATCH or a plain command may do instead",
                 script_digest_text(digest, text));
}

/* Finds out what a text is and remembers it; false: it cannot be run, and an error was replied. */
static bool load(struct command_call *call, struct bytes text, struct script_entry *entry) {
    struct script_cache *cache = &call->worker->shared->scripts;
    struct script_digest digest = script_digest_of(text);
    if (script_cache_find(cache, &digest, entry)) return true;
    entry->digest = digest;
    if (script_normalise(text, &entry->normal, NULL) != BRINE_OK ||
        !find_program(&entry->normal, &entry->program)) {
        reply_unknown(call, &digest);
        return false;
    }
    const struct script_program *program = script_program_at(entry->program);
    if (!program->run) {
        reply_errorf(call->reply, "ERR script '%s' needs %s, which this version does not have",
                     program->name, program->needs);
        return false;
    }
    script_cache_put(cache, entry);
    return true;
}

/* How many keys EVAL names; false: an error was replied. */
static bool parse_keys(struct command_call *call, struct script_options *options) {
    int64_t count;
    if (!call_integer(call, EVAL_KEYS_COUNT, &count)) return false;
    if (count > (int64_t)(call->args_count - EVAL_FIRST_KEY)) {
        reply_error(call->reply, BYTES("ERR Number of keys can't be greater than number of args"));
        return false;
    }
    if (count < 0) {
        reply_error(call->reply, BYTES("ERR Number of keys can't be negative"));
        return false;
    }
    options->keys = call->args + EVAL_FIRST_KEY;
    options->keys_count = (size_t)count;
    options->args = options->keys + count;
    options->args_count = call->args_count - EVAL_FIRST_KEY - (size_t)count;
    return true;
}

static void eval_text(struct command_call *call, bool read_only) {
    struct script_options options = {.read_only = read_only};
    struct script_entry entry;
    if (parse_keys(call, &options) && load(call, call->args[EVAL_SCRIPT], &entry))
        script_run(call, &entry, &options);
    else
        monitor_show_script(call);
}

static void eval_digest(struct command_call *call, bool read_only) {
    struct script_options options = {.read_only = read_only};
    struct script_digest digest;
    struct script_entry entry;
    struct bytes name = call->args[EVAL_SCRIPT];
    if (name.len != 2 * SCRIPT_DIGEST_BYTES) {
        reply_error(call->reply, ERROR_NO_SCRIPT);
    } else if (parse_keys(call, &options)) {
        if (script_digest_parse(name, &digest) &&
            script_cache_find(&call->worker->shared->scripts, &digest, &entry)) {
            script_run(call, &entry, &options);
            return;
        }
        reply_error(call->reply, ERROR_NO_SCRIPT);
    }
    monitor_show_script(call);
}

/* EVAL script numkeys [key ...] [arg ...] */
void cmd_eval(struct command_call *call) {
    eval_text(call, false);
}

/* EVAL_RO script numkeys [key ...] [arg ...] */
void cmd_eval_ro(struct command_call *call) {
    eval_text(call, true);
}

/* EVALSHA sha1 numkeys [key ...] [arg ...] */
void cmd_evalsha(struct command_call *call) {
    eval_digest(call, false);
}

/* EVALSHA_RO sha1 numkeys [key ...] [arg ...] */
void cmd_evalsha_ro(struct command_call *call) {
    eval_digest(call, true);
}

/* ---- SCRIPT ---------------------------------------------------------------------------------- */

enum { SCRIPT_FIRST_ARG = 2 };

/* SCRIPT LOAD script */
void cmd_script_load(struct command_call *call) {
    struct script_entry entry;
    char text[SCRIPT_DIGEST_TEXT_BYTES];
    if (!load(call, call->args[SCRIPT_FIRST_ARG], &entry)) return;
    reply_bulk(call->reply, bytes_of_cstr(script_digest_text(&entry.digest, text)));
}

/* SCRIPT EXISTS sha1 [sha1 ...] */
void cmd_script_exists(struct command_call *call) {
    reply_array(call->reply, call->args_count - SCRIPT_FIRST_ARG);
    for (size_t i = SCRIPT_FIRST_ARG; i < call->args_count; i++) {
        struct script_digest digest;
        reply_integer(call->reply,
                      script_digest_parse(call->args[i], &digest) &&
                          script_cache_find(&call->worker->shared->scripts, &digest, NULL));
    }
}

/* [ASYNC | SYNC]; false: an error was replied. */
static bool parse_flush(struct command_call *call, const char *command) {
    bool known =
        call->args_count == SCRIPT_FIRST_ARG ||
        (call->args_count == SCRIPT_FIRST_ARG + 1 &&
         (call_is(call, SCRIPT_FIRST_ARG, "ASYNC") || call_is(call, SCRIPT_FIRST_ARG, "SYNC")));
    bool of_functions = bytes_is(bytes_of_cstr(command), "FUNCTION");
    if (of_functions && call->args_count > SCRIPT_FIRST_ARG + 1)
        reply_subcommand_error(call);
    else if (!known)
        reply_errorf(call->reply, "ERR %s FLUSH only support%s SYNC|ASYNC option", command,
                     of_functions ? "s" : "");
    return known;
}

/* SCRIPT FLUSH [ASYNC | SYNC] */
void cmd_script_flush(struct command_call *call) {
    if (!parse_flush(call, "SCRIPT")) return;
    script_cache_flush(&call->worker->shared->scripts);
    reply_ok(call->reply);
}

/* SCRIPT KILL: a known script ends by itself. */
void cmd_script_kill(struct command_call *call) {
    reply_error(call->reply, ERROR_NOT_BUSY);
}

/* SCRIPT DEBUG YES | SYNC | NO */
void cmd_script_debug(struct command_call *call) {
    if (call_is(call, SCRIPT_FIRST_ARG, "NO"))
        reply_ok(call->reply);
    else if (call_is(call, SCRIPT_FIRST_ARG, "YES") || call_is(call, SCRIPT_FIRST_ARG, "SYNC"))
        reply_error(call->reply,
                    BYTES("ERR this server runs no Lua, so there is nothing to debug"));
    else
        reply_error(call->reply, BYTES("ERR Use SCRIPT DEBUG YES/SYNC/NO"));
}

/* SCRIPT HELP */
void cmd_script_help(struct command_call *call) {
    static const char *const lines[] = {
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode for subsequent scripts executed.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}

/* ---- FUNCTION: there are none ---------------------------------------------------------------- */

/* FCALL function numkeys [key ...] [arg ...] */
void cmd_fcall(struct command_call *call) {
    reply_error(call->reply, BYTES("ERR Function not found"));
}

/* FCALL_RO function numkeys [key ...] [arg ...] */
void cmd_fcall_ro(struct command_call *call) {
    cmd_fcall(call);
}

#define ERROR_NO_FUNCTIONS BYTES("ERR this server runs no Lua, so it takes no functions")

/* FUNCTION LOAD [REPLACE] code */
void cmd_function_load(struct command_call *call) {
    reply_error(call->reply, ERROR_NO_FUNCTIONS);
}

/* FUNCTION DELETE library */
void cmd_function_delete(struct command_call *call) {
    reply_error(call->reply, BYTES("ERR Library not found"));
}

/* FUNCTION FLUSH [ASYNC | SYNC] */
void cmd_function_flush(struct command_call *call) {
    if (parse_flush(call, "FUNCTION")) reply_ok(call->reply);
}

/* FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE] */
void cmd_function_list(struct command_call *call) {
    bool named = false, with_code = false;
    for (size_t i = SCRIPT_FIRST_ARG; i < call->args_count; i++) {
        if (!with_code && call_is(call, i, "WITHCODE")) {
            with_code = true;
        } else if (!named && call_is(call, i, "LIBRARYNAME")) {
            named = true;
            if (++i < call->args_count) continue;
            reply_error(call->reply, BYTES("ERR library name argument was not given"));
            return;
        } else {
            char text[128];
            size_t len = MIN(call->args[i].len, sizeof text - 1);
            bytes_copy_to(text, bytes_slice(call->args[i], 0, len));
            text[len] = 0;
            reply_errorf(call->reply, "ERR Unknown argument %s", text);
            return;
        }
    }
    reply_array(call->reply, 0);
}

/* FUNCTION STATS */
void cmd_function_stats(struct command_call *call) {
    struct reply *reply = call->reply;
    reply_map(reply, 2);
    reply_bulk(reply, BYTES("running_script"));
    reply_null(reply);
    reply_bulk(reply, BYTES("engines"));
    reply_map(reply, 1);
    reply_bulk(reply, BYTES("LUA"));
    reply_map(reply, 2);
    reply_bulk(reply, BYTES("libraries_count"));
    reply_integer(reply, 0);
    reply_bulk(reply, BYTES("functions_count"));
    reply_integer(reply, 0);
}

/* FUNCTION DUMP: the payload of no functions */
void cmd_function_dump(struct command_call *call) {
    struct buf *payload = &call->worker->collected;
    buf_clear(payload);
    if (payload_write_nothing(payload) == BRINE_OK)
        reply_bulk(call->reply, buf_view(payload));
    else
        reply_error(call->reply, ERROR_NO_MEMORY);
    buf_clear(payload);
}

/* FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE] */
void cmd_function_restore(struct command_call *call) {
    enum { RESTORE_PAYLOAD = 2, RESTORE_POLICY = 3 };
    struct reader body;
    bool policy = call->args_count == RESTORE_POLICY + 1;
    if (call->args_count > RESTORE_POLICY + 1)
        reply_errorf(
            call->reply,
            "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try FUNCTION HELP.",
            (int)call->args[1].len, (const char *)call->args[1].data);
    else if (policy && !call_is(call, RESTORE_POLICY, "FLUSH") &&
             !call_is(call, RESTORE_POLICY, "APPEND") && !call_is(call, RESTORE_POLICY, "REPLACE"))
        reply_error(call->reply, BYTES("ERR Wrong restore policy given, value should be either "
                                       "FLUSH, APPEND or REPLACE."));
    else if (payload_open(call->args[RESTORE_PAYLOAD], &body, NULL) != BRINE_OK)
        reply_error(call->reply, BYTES("ERR DUMP payload version or checksum are wrong"));
    else if (!reader_at_end(&body))
        reply_error(call->reply, ERROR_NO_FUNCTIONS);
    else
        reply_ok(call->reply);
}

/* FUNCTION KILL */
void cmd_function_kill(struct command_call *call) {
    reply_error(call->reply, ERROR_NOT_BUSY);
}

/* FUNCTION HELP */
void cmd_function_help(struct command_call *call) {
    /* clang-format off */
    static const char *const lines[] = {
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Create a new library with the given library name and code.",
        "DELETE <LIBRARY NAME>",
        "    Delete the given library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Return general information on all the libraries:",
        "    * Library name",
        "    * The engine used to run the Library",
        "    * Library description",
        "    * Functions list",
        "    * Library code (if WITHCODE is given)",
        "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
        "STATS",
        "    Return information about the current function running:",
        "    * Function name",
        "    * Command used to run the function",
        "    * Duration in MS that the function is running",
        "    If no function is running, return nil",
        "    In addition, returns a list of available engines.",
        "KILL",
        "    Kill the current running function.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all the libraries.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the libraries.",
        "    * SYNC: Synchronously flush the libraries.",
        "DUMP",
        "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
        "    control how to handle existing libraries (default APPEND):",
        "    * FLUSH: delete all existing libraries.",
        "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
        "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
        "      libraries with the new libraries (notice that even on this option there is a chance of failure",
        "      in case of functions name collision with another library).",
    };
    /* clang-format on */
    reply_help(call, lines, ARRAY_LEN(lines));
}
