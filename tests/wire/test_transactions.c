/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* MULTI, EXEC, DISCARD, WATCH, UNWATCH. */

#include "support.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TRANSCRIPT(transactions, commands_wait_for_exec_and_run_in_order, {"MULTI", "+OK"},
           {"SET a 1", "+QUEUED"}, {"INCR a", "+QUEUED"}, {"APPEND a x", "+QUEUED"},
           {"INCR a", "+QUEUED"}, {"GET a", "+QUEUED"}, {"@1 GET a", "nil"},
           {"EXEC", "[+OK, 2, 2, -ERR value is not an integer or out of range, \"2x\"]"},
           {"@1 GET a", "\"2x\""}, {"EXEC", "-ERR EXEC without MULTI"},
           {"DISCARD", "-ERR DISCARD without MULTI"})

TRANSCRIPT(transactions, discard_forgets_what_was_queued, {"SET a old", "+OK"}, {"MULTI", "+OK"},
           {"MULTI", "-ERR MULTI calls can not be nested"}, {"SET a new", "+QUEUED"},
           {"DISCARD", "+OK"}, {"GET a", "\"old\""}, {"MULTI", "+OK"}, {"EXEC", "[]"})

TRANSCRIPT(
    transactions, a_command_that_cannot_be_queued_aborts_all, {"MULTI", "+OK"},
    {"SET a", "-ERR wrong number of arguments for 'set' command"}, {"SET a 1", "+QUEUED"},
    {"EXEC", "-EXECABORT Transaction discarded because of previous errors."}, {"GET a", "nil"},
    {"MULTI", "+OK"}, {"NOSUCH", "~-ERR unknown command*"},
    {"EXEC", "-EXECABORT Transaction discarded because of previous errors."}, {"MULTI", "+OK"},
    {"EXEC x",
     "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"},
    {"PING", "+PONG"})

TRANSCRIPT(transactions, watch_lets_exec_do_nothing_after_any_change, {"SET a 1", "+OK"},
           {"WATCH a b a", "+OK"}, {"@1 SET a 2", "+OK"}, {"MULTI", "+OK"},
           {"WATCH c", "-ERR WATCH inside MULTI is not allowed"}, {"SET a 3", "+QUEUED"},
           {"EXEC", "nil"}, {"GET a", "\"2\""}, {"MULTI", "+OK"}, {"SET a 3", "+QUEUED"},
           {"EXEC", "[+OK]"}, {"WATCH b", "+OK"}, {"@1 SET b 1 PX 100000", "+OK"}, {"MULTI", "+OK"},
           {"EXEC", "nil"}, {"WATCH b", "+OK"}, {"@1 PERSIST b", "1"}, {"MULTI", "+OK"},
           {"EXEC", "nil"}, {"WATCH b", "+OK"}, {"@1 DEL b", "1"}, {"MULTI", "+OK"},
           {"EXEC", "nil"}, {"WATCH b", "+OK"}, {"@1 DEL b", "0"}, {"@1 SET other 1", "+OK"},
           {"MULTI", "+OK"}, {"EXEC", "[]"})

TRANSCRIPT(transactions, watch_sees_flushes_other_databases_and_values_set_back,
           {"WATCH none", "+OK"}, {"@1 FLUSHALL", "+OK"}, {"MULTI", "+OK"}, {"EXEC", "[]"},
           {"SET a 1", "+OK"}, {"WATCH a", "+OK"}, {"@1 SELECT 1", "+OK"}, {"@1 SET a 2", "+OK"},
           {"@1 FLUSHDB", "+OK"}, {"MULTI", "+OK"}, {"EXEC", "[]"}, {"WATCH a", "+OK"},
           {"@1 FLUSHALL", "+OK"}, {"MULTI", "+OK"}, {"EXEC", "nil"}, {"SET a 1", "+OK"},
           {"WATCH a", "+OK"}, {"@1 SELECT 0", "+OK"}, {"@1 SET a 2", "+OK"}, {"@1 SET a 1", "+OK"},
           {"MULTI", "+OK"}, {"EXEC", "nil"})

TRANSCRIPT(transactions, unwatch_discard_and_exec_end_the_watching, {"WATCH a", "+OK"},
           {"UNWATCH", "+OK"}, {"@1 SET a 1", "+OK"}, {"MULTI", "+OK"}, {"EXEC", "[]"},
           {"WATCH a", "+OK"}, {"@1 SET a 2", "+OK"}, {"MULTI", "+OK"}, {"DISCARD", "+OK"},
           {"MULTI", "+OK"}, {"UNWATCH", "+QUEUED"}, {"EXEC", "[+OK]"}, {"WATCH a", "+OK"},
           {"SET a 3", "+OK"}, {"MULTI", "+OK"}, {"EXEC", "nil"})

TRANSCRIPT(transactions, databases_and_commands_over_all_keys, {"MULTI", "+OK"},
           {"SELECT 3", "+QUEUED"}, {"SET a 5", "+QUEUED"}, {"SELECT 99", "+QUEUED"},
           {"DBSIZE", "+QUEUED"}, {"KEYS *", "+QUEUED"}, {"FLUSHDB", "+QUEUED"},
           {"SELECT 0", "+QUEUED"}, {"MSET x 1 y 2", "+QUEUED"}, {"MGET x y z a", "+QUEUED"},
           {"EXEC", "[+OK, +OK, -ERR DB index is out of range, 1, [\"a\"], +OK, +OK, +OK, "
                    "[\"1\", \"2\", nil, nil]]"})

TRANSCRIPT(transactions, reset_and_quit_end_it, {"MULTI", "+OK"}, {"RESET", "+RESET"},
           {"EXEC", "-ERR EXEC without MULTI"}, {"@1 MULTI", "+OK"}, {"@1 QUIT", "+OK"})

TRANSCRIPT(transactions, a_refused_value_is_refused_when_it_is_queued,
           {"@brine CONFIG SET gate.mode enforce", "+OK"}, {"@brine SET k old", "+OK"},
           {"@brine MULTI", "+OK"},
           {"@brine SET k \"cos\\nsystem\\n(S'id'\\ntR.\"", "~-PICKLEDENIED*os.system*"},
           {"@brine SET l 1", "+QUEUED"},
           {"@brine EXEC", "-EXECABORT Transaction discarded because of previous errors."},
           {"@brine MGET k l", "[\"old\", nil]"}, {"@brine MULTI", "+OK"},
           {"@brine SET k \"cos\\nsystem\\n(S'i\"", "~-PICKLE*"}, {"@brine DISCARD", "+OK"},
           {"@brine MULTI", "+OK"}, {"@brine SET k \"cos\"", "+QUEUED"},
           {"@brine APPEND k \"\\nsystem\\n(S'id'\\ntR.\"", "+QUEUED"}, {"@brine GET k", "+QUEUED"},
           {"@brine EXEC", "~[+OK, -PICKLE*os.system*, \"cos\"]"})

static void store_zeros(struct wire *wire, const char *key, size_t bytes) {
    uLongf len = compressBound(bytes);
    uint8_t *zeros = calloc(1, bytes), *packed = malloc(len);
    cr_assert(zeros && packed && compress(packed, &len, zeros, bytes) == Z_OK);
    const char *set[] = {"SET", key, (const char *)packed};
    const char *reply = wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, strlen(key), len});
    cr_expect_str_eq(reply, "+OK");
    free(zeros);
    free(packed);
}

/* Its keys are locked meanwhile. */
Test(transactions, unpacking_within_exec_has_a_bound) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    store_zeros(wire, "small", 2 << 20);
    store_zeros(wire, "large", 80 << 20);
    PLAY(wire, {"MULTI", "+OK"}, {"APPEND small x", "+QUEUED"}, {"APPEND large x", "+QUEUED"},
         {"APPEND small y", "+QUEUED"}, {"SETBIT bits 8000 1", "+QUEUED"},
         {"EXEC", "~[*, -PICKLELIMIT*outside of MULTI*, -PICKLELIMIT*outside of MULTI*, 0]"},
         {"MULTI", "+OK"}, {"APPEND small z", "+QUEUED"}, {"EXEC", "~[20*]"},
         {"APPEND large x", "~8*"});
    wire_close(wire);
}
