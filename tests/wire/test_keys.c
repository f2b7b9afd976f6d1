/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The keyspace: what exists, what is deleted, what SCAN and KEYS show, databases. */

#include "support.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
TRANSCRIPT(keys, del_and_unlink_count_what_was_there,
    {"DEL k", "0"},
    {"SET k v", "+OK"},
    {"DEL k", "1"},
    {"GET k", "nil"},
    {"MSET a 1 b 2 c 3", "+OK"},
    {"DEL a missing b a", "2"},
    {"UNLINK c c", "1"},
    {"UNLINK c", "0"},
    {"DBSIZE", "0"},
    {"DEL", "-ERR wrong number of arguments for 'del' command"},
    {"UNLINK", "-ERR wrong number of arguments for 'unlink' command"})

TRANSCRIPT(keys, exists_counts_a_key_as_often_as_it_is_named,
    {"EXISTS k", "0"},
    {"SET k v", "+OK"},
    {"EXISTS k", "1"},
    {"EXISTS k k missing k", "3"},
    {"EXISTS", "-ERR wrong number of arguments for 'exists' command"})

TRANSCRIPT(keys, type_names_the_kind_of_value,
    {"TYPE k", "+none"},
    {"SET k v", "+OK"},
    {"TYPE k", "+string"},
    {"SET k 1", "+OK"},
    {"TYPE k", "+string"},
    {"TYPE", "-ERR wrong number of arguments for 'type' command"},
    {"TYPE a b", "-ERR wrong number of arguments for 'type' command"})

TRANSCRIPT(keys, dbsize_follows_every_change,
    {"DBSIZE", "0"},
    {"MSET a 1 b 2", "+OK"},
    {"DBSIZE", "2"},
    {"SET a 3", "+OK"},
    {"DBSIZE", "2"},
    {"GETDEL a", "\"3\""},
    {"DBSIZE", "1"},
    {"EXPIRE b -1", "1"},
    {"DBSIZE", "0"},
    {"DBSIZE x", "-ERR wrong number of arguments for 'dbsize' command"})

TRANSCRIPT(keys, keys_matches_globs,
    {"SET hello 1", "+OK"},
    {"KEYS *", "[\"hello\"]"},
    {"KEYS hello", "[\"hello\"]"},
    {"KEYS h?llo", "[\"hello\"]"},
    {"KEYS h*o", "[\"hello\"]"},
    {"KEYS h[ae]llo", "[\"hello\"]"},
    {"KEYS h[^a]llo", "[\"hello\"]"},
    {"KEYS h[^e]llo", "[]"},
    {"KEYS h[a-f]llo", "[\"hello\"]"},
    {"KEYS h[f-a]llo", "[\"hello\"]"},
    {"KEYS HELLO", "[]"},
    {"KEYS \"\"", "[]"},
    {"KEYS hell", "[]"},
    {"KEYS hello?", "[]"},
    {"KEYS hello*", "[\"hello\"]"},
    {"KEYS ***h***o***", "[\"hello\"]"},
    {"KEYS h[e", "[]"},
    {"KEYS h[ello", "[]"},
    {"KEYS \"\\\\hello\"", "[\"hello\"]"},
    {"KEYS \"hello\\\\\"", "[]"},
    {"DEL hello", "1"},
    {"SET \"a*b\" 1", "+OK"},
    {"KEYS \"a\\\\*b\"", "[\"a*b\"]"},
    {"KEYS \"a[*]b\"", "[\"a*b\"]"},
    {"KEYS a?b", "[\"a*b\"]"},
    {"DEL \"a*b\"", "1"},
    {"SET \"a]b\" 1", "+OK"},
    {"KEYS \"a[]]b\"", "[]"},
    {"KEYS \"a[\\\\]]b\"", "[\"a]b\"]"},
    {"KEYS \"a]b\"", "[\"a]b\"]"},
    {"DEL \"a]b\"", "1"},
    {"SET \"a\\x00b\" 1", "+OK"},
    {"KEYS a?b", "[\"a\\x00b\"]"},
    {"KEYS \"a\\x00b\"", "[\"a\\x00b\"]"},
    {"KEYS \"a\\x00c\"", "[]"},
    {"KEYS a*", "[\"a\\x00b\"]"},
    {"KEYS", "-ERR wrong number of arguments for 'keys' command"},
    {"KEYS a b", "-ERR wrong number of arguments for 'keys' command"})

TRANSCRIPT(keys, scan_of_few_keys,
    {"SCAN 0", "[\"0\", []]"},
    {"SET k v", "+OK"},
    {"SCAN 0 COUNT 1000", "[\"0\", [\"k\"]]"},
    {"SCAN 0 MATCH k* COUNT 1000", "[\"0\", [\"k\"]]"},
    {"SCAN 0 COUNT 1000 MATCH x*", "[\"0\", []]"},
    {"SCAN 0 COUNT 1000 TYPE string", "[\"0\", [\"k\"]]"},
    {"SCAN 0 COUNT 1000 TYPE STRING", "[\"0\", [\"k\"]]"},
    {"SCAN 0 COUNT 1000 TYPE hash", "[\"0\", []]"},
    {"SCAN 0 COUNT 1000 TYPE foo", "[\"0\", []]"},
    {"SCAN 0 match k count 1000 type string", "[\"0\", [\"k\"]]"},
    {"SCAN 0 COUNT 9223372036854775807", "[\"0\", [\"k\"]]"},
    {"SCAN 0 MATCH a MATCH k COUNT 1000", "[\"0\", [\"k\"]]"})

TRANSCRIPT(keys, scan_refuses_wrong_options,
    {"SCAN", "-ERR wrong number of arguments for 'scan' command"},
    {"SCAN abc", "-ERR invalid cursor"},
    {"SCAN -1", "~[\"*"},
    {"SCAN 1.5", "-ERR invalid cursor"},
    {"SCAN \"\"", "[\"0\", []]"},
    {"SCAN \" 1\"", "-ERR invalid cursor"},
    {"SCAN 18446744073709551615", "~[\"*"},
    {"SCAN 18446744073709551616", "-ERR invalid cursor"},
    {"SCAN 0 COUNT", "-ERR syntax error"},
    {"SCAN 0 COUNT 0", "-ERR syntax error"},
    {"SCAN 0 COUNT -5", "-ERR syntax error"},
    {"SCAN 0 COUNT abc", "-ERR value is not an integer or out of range"},
    {"SCAN 0 COUNT 9223372036854775808", "-ERR value is not an integer or out of range"},
    {"SCAN 0 MATCH", "-ERR syntax error"},
    {"SCAN 0 TYPE", "-ERR syntax error"},
    {"SCAN 0 FOO", "-ERR syntax error"},
    {"SCAN 0 FOO BAR", "-ERR syntax error"},
    {"SCAN 0 MATCH a b", "-ERR syntax error"},
    {"SCAN abc COUNT 0", "-ERR invalid cursor"})

TRANSCRIPT(keys, scan_passes_over_what_has_expired,
    {"SET dead v PXAT 1", "+OK"},
    {"SET live v", "+OK"},
    {"SCAN 0 COUNT 1000", "[\"0\", [\"live\"]]"},
    {"KEYS *", "[\"live\"]"})

TRANSCRIPT(keys, databases_do_not_see_each_other,
    {"SET k zero", "+OK"},
    {"SELECT 1", "+OK"},
    {"GET k", "nil"},
    {"SET k one", "+OK"},
    {"DBSIZE", "1"},
    {"@1 GET k", "\"zero\""},
    {"SELECT 15", "+OK"},
    {"SET k fifteen", "+OK"},
    {"SELECT 16", "-ERR DB index is out of range"},
    {"SELECT -1", "-ERR DB index is out of range"},
    {"SELECT abc", "-ERR value is not an integer or out of range"},
    {"SELECT \"\"", "-ERR value is not an integer or out of range"},
    {"SELECT 1.0", "-ERR value is not an integer or out of range"},
    {"SELECT 9223372036854775808", "-ERR value is not an integer or out of range"},
    {"SELECT", "-ERR wrong number of arguments for 'select' command"},
    {"SELECT 0 1", "-ERR wrong number of arguments for 'select' command"},
    {"GET k", "\"fifteen\""},
    {"SELECT 0", "+OK"},
    {"KEYS *", "[\"k\"]"},
    {"SCAN 0 COUNT 1000", "[\"0\", [\"k\"]]"},
    {"FLUSHDB", "+OK"},
    {"GET k", "nil"},
    {"SELECT 1", "+OK"},
    {"GET k", "\"one\""},
    {"FLUSHALL", "+OK"},
    {"GET k", "nil"},
    {"SELECT 15", "+OK"},
    {"DBSIZE", "0"})

TRANSCRIPT(keys, flush_takes_sync_or_async,
    {"SET k v", "+OK"},
    {"FLUSHDB ASYNC", "+OK"},
    {"DBSIZE", "0"},
    {"SET k v", "+OK"},
    {"FLUSHDB sync", "+OK"},
    {"DBSIZE", "0"},
    {"FLUSHALL ASYNC", "+OK"},
    {"FLUSHALL SYNC", "+OK"},
    {"SET k v", "+OK"},
    {"FLUSHDB NOW", "-ERR syntax error"},
    {"FLUSHALL NOW", "-ERR syntax error"},
    {"FLUSHDB ASYNC SYNC", "-ERR syntax error"},
    {"FLUSHALL SYNC x", "-ERR syntax error"},
    {"GET k", "\"v\""})
/* clang-format on */

enum { MANY = 20000 };

/* Runs SCAN to its end and counts each key:N in seen; false on a reply that is no scan reply. */
static bool scan_all(redisContext *client, const char *options, unsigned char *seen,
                     size_t *steps) {
    char cursor[32] = "0";
    *steps = 0;
    do {
        char command[128];
        snprintf(command, sizeof command, "SCAN %s %s", cursor, options);
        redisReply *reply = redisCommand(client, command);
        bool ok = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                  reply->element[0]->len < (int)sizeof cursor &&
                  reply->element[1]->type == REDIS_REPLY_ARRAY;
        if (ok) {
            snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
            for (size_t i = 0; i < reply->element[1]->elements; i++) {
                const char *key = reply->element[1]->element[i]->str;
                long number = strncmp(key, "key:", 4) == 0 ? strtol(key + 4, NULL, 10) : -1;
                if (number >= 0 && number < MANY) seen[number]++;
            }
        }
        freeReplyObject(reply);
        if (!ok) return false;
    } while (strcmp(cursor, "0") != 0 && ++*steps < 10 * MANY);
    return true;
}

static void fill(struct wire *wire, int from, int to) {
    redisContext *client = wire_client(wire, 0);
    for (int i = from; i < to; i++) redisAppendCommand(client, "SET key:%d %d", i, i);
    for (int i = from; i < to; i++) {
        redisReply *reply;
        cr_assert(redisGetReply(client, (void **)&reply) == REDIS_OK);
        freeReplyObject(reply);
    }
}

Test(keys, a_full_scan_returns_every_key) {
    struct wire *wire = wire_open(NULL);
    fill(wire, 0, MANY);
    static const char *const options[] = {"", "COUNT 1", "COUNT 1000", "MATCH key:*",
                                          "TYPE string COUNT 100"};
    for (size_t row = 0; row < sizeof options / sizeof *options; row++) {
        static unsigned char seen[MANY];
        size_t steps, missing = 0;
        memset(seen, 0, sizeof seen);
        cr_expect(scan_all(wire_client(wire, 0), options[row], seen, &steps));
        for (size_t i = 0; i < MANY; i++) missing += seen[i] == 0;
        cr_expect(missing == 0, "SCAN 0 %s misses %zu keys", options[row], missing);
    }
    wire_close(wire);
}

/* Redis's promise: what is there from the first to the last step is returned, though the table
 * grows and shrinks meanwhile. */
Test(keys, a_scan_across_growth_and_deletion_misses_nothing_that_stays) {
    struct wire *wire = wire_open(NULL);
    enum { STAY = 500 };
    static unsigned char seen[MANY];
    fill(wire, 0, STAY);
    char cursor[32] = "0";
    int grown = STAY;
    bool shrunk = false;
    do {
        redisReply *reply = redisCommand(wire_client(wire, 0), "SCAN %s COUNT 20", cursor);
        cr_assert(reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2);
        snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        for (size_t i = 0; i < reply->element[1]->elements; i++) {
            long number = strtol(reply->element[1]->element[i]->str + 4, NULL, 10);
            if (number < STAY) seen[number] = 1;
        }
        freeReplyObject(reply);
        if (grown < MANY) {
            fill(wire, grown, grown + 500);
            grown += 500;
        } else if (!shrunk) {
            for (int i = STAY; i < grown; i += 7) {
                freeReplyObject(redisCommand(wire_client(wire, 0), "DEL key:%d", i));
            }
            shrunk = true;
        }
    } while (strcmp(cursor, "0") != 0);
    size_t missing = 0;
    for (size_t i = 0; i < STAY; i++) missing += !seen[i];
    cr_expect(missing == 0, "%zu of %d keys were missed", missing, STAY);
    wire_close(wire);
}

Test(keys, del_of_many_keys_counts_them) {
    struct wire *wire = wire_open(NULL);
    fill(wire, 0, MANY);
    static char text[MANY][16];
    static const char *argv[MANY + 1];
    argv[0] = "DEL";
    for (int i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof text[i], "key:%d", i * 2);
        argv[i + 1] = text[i];
    }
    cr_expect_str_eq(wire_ask_argv(wire, 0, MANY + 1, argv, NULL), "10000");
    PLAY(wire, {"DBSIZE", "10000"});
    wire_close(wire);
}
