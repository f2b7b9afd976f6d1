/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What is stored, made visible: PICKLE.INSPECT, VIEW, DIS, GLOBALS, TYPES, FIND, FORGET, STATS,
 * HELP; and what becomes of it when the policy changes.  The pickles were written by CPython 3.11.
 */

#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {'a': 1} */
#define DICT                                                                                       \
    "\"\\x80\\x04\\x95\\x0a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x7d\\x94\\x8c\\x01a\\x94K\\x01s."  \
    "\""
/* datetime.date(2026, 11, 23) */
#define DATE                                                                                       \
    "\"\\x80\\x04\\x95\\x20\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x8c\\x08"                          \
    "datetime\\x94\\x8c\\x04date\\x94\\x93\\x94"                                                   \
    "C\\x04\\x07\\xea\\x0b\\x17\\x94\\x85\\x94R\\x94.\""
/* zlib.compress() of that */
#define DATE_ZLIB                                                                                  \
    "\"\\x78\\x9c\\x6b\\x60\\x99\\xaa\\xc0\\x00\\x01\\x3d\\x1c\\x29\\x89\\x25\\xa9\\x25\\x99\\xb9" \
    "\\xa9\\x53\\x7a\\x58\\x40\\xcc\\x29\\x93\\xa7\\x38\\xb3\\xb0\\xbf\\xe2\\x16\\x9f\\xd2\\x3a"   \
    "\\x25\\x68\\x8a\\x1e\\x00\\x01\\x8d\\x0d\\xb3\""
/* decimal.Decimal('1.5'), protocol 2 */
#define DECIMAL                                                                                    \
    "\"\\x80\\x02cdecimal\\nDecimal\\nq\\x00X\\x03\\x00\\x00\\x00"                                 \
    "1.5q\\x01\\x85q\\x02Rq\\x03.\""
/* A shop.Cart with the attributes count and owner, and one with a coupon as well. */
#define CART                                                                                       \
    "\"\\x80\\x04\\x8c\\x04shop\\x8c\\x04"                                                         \
    "Cart\\x93)\\x81}(\\x8c\\x05"                                                                  \
    "countK\\x01\\x8c\\x05ownerK\\x01ub.\""
#define CART_COUPON                                                                                \
    "\"\\x80\\x04\\x8c\\x04shop\\x8c\\x04"                                                         \
    "Cart\\x93)\\x81}(\\x8c\\x05"                                                                  \
    "countK\\x01\\x8c\\x05ownerK\\x01\\x8c\\x06"                                                   \
    "couponK\\x01ub.\""
#define EVIL "\"cos\\nsystem\\n(S'id'\\ntR.\""

TRANSCRIPT(
    pickle_commands, inspect_says_what_a_value_is, {"SET d " DICT, "+OK"},
    {"SET z " DATE_ZLIB " PX 100000", "+OK"}, {"SET t hello", "+OK"}, {"SET n 42", "+OK"},
    {"SET j '{\"a\":1}'", "+OK"},
    {"PICKLE.INSPECT d",
     "~[\"found\", \"a pickle\", \"bytes\", 21, \"framing\", \"pickle\", \"protocol\", 4, "
     "\"protocol needed\", 4, *\"type\", \"dict\", \"globals\", [], \"opcodes\", 9, *"
     "\"judged by\", \"the policy in force\", \"verdict\", \"admit\", \"rule\", \"the default "
     "rule\", \"policy\", \"stdlib\"]"},
    {"PICKLE.INSPECT z",
     "~*\"framing\", \"zlib > pickle\", \"bytes of the pickle\", 43, *\"type\", "
     "\"datetime.date\", \"globals\", [\"datetime.date: call\"], *\"ttl ms\", *"},
    {"PICKLE.INSPECT t", "~*\"not a pickle; it looks like text\", \"bytes\", 5, *"},
    {"PICKLE.INSPECT j", "~*looks like JSON*"},
    {"PICKLE.INSPECT n", "~*\"an integer, which readers do not unpickle\"*"},
    {"PICKLE.INSPECT none", "nil"},
    {"PICKLE.INSPECT", "-ERR wrong number of arguments for 'pickle.inspect' command"})

TRANSCRIPT(pickle_commands, view_and_dis_show_pickles_in_any_framing, {"SET d " DICT, "+OK"},
           {"SET z " DATE_ZLIB, "+OK"}, {"SET t hello", "+OK"}, {"SET n 42", "+OK"},
           {"PICKLE.VIEW d", "\"{'a': 1}\""}, {"PICKLE.VIEW d json", "\"{\\\"a\\\":1}\""},
           {"PICKLE.VIEW z", "\"# zlib > pickle\\ndatetime.date(2026, 11, 23)\""},
           {"PICKLE.VIEW d xml", "-ERR syntax error"},
           {"PICKLE.VIEW t", "-ERR the value is not a pickle; it looks like text"},
           {"PICKLE.VIEW n", "-ERR the value is an integer and not a pickle"},
           {"PICKLE.VIEW none", "nil"},
           {"PICKLE.DIS d", "~*0: *PROTO      4*2: *FRAME      10*STOP*highest protocol*"},
           {"PICKLE.DIS z", "~\"# zlib > pickle*REDUCE*"},
           {"PICKLE.DIS t", "-ERR the value is not a pickle; it looks like text"})

TRANSCRIPT(pickle_commands, globals_are_counted_over_all_databases_and_shown_of_a_key,
           {"SET a " DATE, "+OK"}, {"SET b " DATE_ZLIB, "+OK"}, {"SET c " DECIMAL, "+OK"},
           {"SELECT 3", "+OK"}, {"SET a " DATE, "+OK"},
           {"PICKLE.GLOBALS", "[\"datetime.date\", 3, \"decimal.Decimal\", 1]"},
           {"PICKLE.GLOBALS a", "[\"datetime.date: call\"]"}, {"PICKLE.GLOBALS none", "nil"},
           {"SET a " DICT, "+OK"},
           {"PICKLE.GLOBALS", "[\"datetime.date\", 2, \"decimal.Decimal\", 1]"}, {"FLUSHDB", "+OK"},
           {"SELECT 0", "+OK"}, {"DEL b", "1"},
           {"PICKLE.GLOBALS", "[\"datetime.date\", 1, \"decimal.Decimal\", 1]"},
           {"FLUSHALL", "+OK"}, {"PICKLE.GLOBALS", "[]"})

TRANSCRIPT(
    pickle_commands, find_and_forget_go_by_class_module_or_type_and_by_this_database,
    {"SET a " DATE, "+OK"}, {"SET c " DECIMAL, "+OK"}, {"SET d " DICT, "+OK"},
    {"SET t decimal", "+OK"}, {"SELECT 1", "+OK"}, {"SET a " DATE, "+OK"}, {"SELECT 0", "+OK"},
    {"PICKLE.FIND GLOBAL decimal", "[\"c\"]"}, {"PICKLE.FIND GLOBAL decimal.Decimal", "[\"c\"]"},
    {"PICKLE.FIND GLOBAL deci", "[]"}, {"PICKLE.FIND global date*.date", "[\"a\"]"},
    {"PICKLE.FIND TYPE dict", "[\"d\"]"}, {"PICKLE.FIND TYPE d* COUNT 1", "~[\"*\"]"},
    {"PICKLE.FIND TYPE d* COUNT 0", "-ERR COUNT is 1 to 1048576"},
    {"PICKLE.FIND KEY x", "-ERR syntax error"}, {"PICKLE.FIND TYPE d* COUNT", "-ERR syntax error"},
    {"PICKLE.FORGET GLOBAL datetime NOW", "-ERR syntax error"},
    {"PICKLE.FORGET GLOBAL datetime", "1"}, {"EXISTS a c d t", "3"},
    {"PICKLE.FORGET TYPE dict SYNC", "1"}, {"PICKLE.FORGET TYPE dict", "0"}, {"EXISTS c t", "2"},
    {"PICKLE.GLOBALS", "[\"datetime.date\", 1, \"decimal.Decimal\", 1]"}, {"MULTI", "+OK"},
    {"PICKLE.FORGET GLOBAL *", "+QUEUED"}, {"PICKLE.FIND TYPE *", "+QUEUED"}, {"EXEC", "[1, []]"})

static const char *const learning[] = {"gate.mode=learn", NULL};

Test(pickle_commands, a_second_fingerprint_shows_that_versions_of_a_class_drift) {
    struct wire *wire = wire_open(learning);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET a " CART, "+OK"}, {"SET b " CART, "+OK"},
         {"PICKLE.TYPES",
          "~[[\"type\", \"shop.Cart\", \"entries\", 2, \"bytes\", 80, \"protocols\", "
          "\"4\", \"framings\", [\"pickle\", 2], \"fingerprints of the state's "
          "keys\", [\"*\", 2]]]"},
         {"SET c " CART_COUPON, "+OK"},
         {"PICKLE.TYPES", "~*\"entries\", 3, \"bytes\", 130, *[\"*\", 2, "
                          "\"*\", 1]*"},
         {"PICKLE.INSPECT c", "~*[\"shop.Cart: new, build {count, coupon, owner} *\"]*"},
         {"SET a 1", "+OK"}, {"SET b 2", "+OK"},
         {"PICKLE.TYPES", "~*\"shop.Cart\", \"entries\", 1, *[\"*\", 1]*"});
    wire_close(wire);
}

/* ---- when the policy changes --------------------------------------------------------------------
 */

Test(pickle_commands, what_a_new_policy_denies_is_a_miss_and_gone) {
    struct wire *wire = wire_open(learning);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET a " CART, "+OK"}, {"SET b " CART, "+OK"}, {"SET d " DICT, "+OK"},
         {"CONFIG SET gate.mode enforce", "+OK"}, {"DBSIZE", "3"},
         {"PICKLE.INSPECT a",
          "~*\"judged by\", \"an older policy\", \"verdict\", \"error\", *PICKLEDENIED*shop.Cart*"},
         {"PICKLE.VIEW a", "~*shop.Cart(count=1, owner=1)*"}, {"MGET a d", "~[nil, *]"},
         {"DBSIZE", "2"}, {"PICKLE.FIND GLOBAL shop", "[\"b\"]"}, {"STRLEN b", "0"},
         {"DBSIZE", "1"}, {"GET d", "~*"},
         {"PICKLE.STATS", "~*\"rechecked\", 3, \"recheck_denied\", 2*"},
         {"PICKLE.STATS", "~*\"entries_to_recheck\", 0*"});
    wire_close(wire);
}

Test(pickle_commands, what_a_new_policy_denies_is_answered_as_its_refusal_until_it_is_overwritten) {
    struct wire *wire = wire_open(learning);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"CONFIG SET gate.denied error", "+OK"}, {"SET a " CART, "+OK"},
         {"SET d " DICT, "+OK"}, {"CONFIG SET gate.mode enforce", "+OK"},
         {"GET a", "~-PICKLEDENIED offset * shop.Cart; not in policy 'stdlib' (*key 'a')*"},
         {"MGET d a", "~-PICKLEDENIED*"}, {"GETDEL a", "~-PICKLEDENIED*"},
         {"APPEND a x", "~-PICKLEDENIED*"}, {"DBSIZE", "2"}, {"GET d", "~*"},
         {"SET a " DATE, "+OK"}, {"GET a", "~*datetime*"});
    wire_close(wire);
}

Test(pickle_commands, a_sweep_finds_what_a_new_policy_denies) {
    struct wire *wire = wire_open(learning);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET a " CART, "+OK"}, {"SELECT 5", "+OK"}, {"SET b " CART, "+OK"},
         {"SET d " DICT, "+OK"}, {"CONFIG SET gate.recheck sweep", "+OK"},
         {"CONFIG SET gate.mode enforce", "+OK"});
    wire_await(wire, 0, "DBSIZE", "1");
    wire_ask(wire, 0, "SELECT 0");
    wire_await(wire, 0, "DBSIZE", "0");
    wire_close(wire);
}

Test(pickle_commands, what_was_stored_while_the_gate_was_off_is_judged_when_it_is_on) {
    static const char *const off[] = {"gate.mode=off", NULL};
    struct wire *wire = wire_open(off);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET a " EVIL, "+OK"}, {"SET d " DICT, "+OK"}, {"GET a", "~*system*"},
         {"PICKLE.TYPES", "~*(never judged)\", \"entries\", 2*"},
         {"PICKLE.FIND GLOBAL os.*", "[\"a\"]"}, {"CONFIG SET gate.mode enforce", "+OK"},
         {"PICKLE.FIND GLOBAL os.*", "[\"a\"]"}, {"GET a", "nil"}, {"EXISTS a d", "1"},
         {"PICKLE.TYPES", "~*\"dict\", \"entries\", 1*"}, {"CONFIG SET gate.mode off", "+OK"},
         {"SET a " EVIL, "+OK"}, {"PICKLE.FORGET GLOBAL os.system", "1"});
    wire_close(wire);
}

Test(pickle_commands, provenance_says_who_stored_a_value_and_when) {
    static const char *const flags[] = {"audit.provenance=true", NULL};
    struct wire *wire = wire_open(flags);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"CLIENT SETNAME web-1", "+OK"}, {"SET a " DICT, "+OK"}, {"@1 SET b 1", "+OK"},
         {"PICKLE.INSPECT a", "~*\"stored at\", \"20*-*-*T*:*:*Z\", \"stored by\", "
                              "\"default@127.0.0.1 web-1*"},
         /* a value that is boxed, and shared by both keys */
         {"SETRANGE big 40000 x", "40001"}, {"@1 COPY big copy", "1"},
         {"PICKLE.INSPECT copy", "~*\"stored by\", \"default@127.0.0.1\"*"},
         {"RENAME copy big", "+OK"},
         {"PICKLE.INSPECT big", "~*\"stored by\", \"default@127.0.0.1 web-1*"},
         {"PICKLE.INSPECT b", "~*\"stored by\", \"default@127.0.0.1\"*"}, {"EXPIRE a 100", "1"},
         {"PICKLE.INSPECT a", "~*\"stored by\", \"default@127.0.0.1 web-1*"});
    wire_close(wire);
}

/* ---- exactness ----------------------------------------------------------------------------------
 */

enum { KEYS = 40, STEPS = 1500 };

static const struct {
    const char *type, *value;
} values[] = {{"dict", DICT},
              {"datetime.date", DATE},
              {"datetime.date", DATE_ZLIB},
              {"decimal.Decimal", DECIMAL},
              {"(integer)", "17"},
              {"(bytes, no pickle)", "text"}};
enum { VALUES = sizeof values / sizeof *values };

static long long number_behind(const char *text, const char *what) {
    const char *at = strstr(text, what);
    return at ? strtoll(at + strlen(what), NULL, 10) : 0;
}

/* What PICKLE.TYPES says of each type is what PICKLE.INSPECT says of each key, one by one. */
static void compare_types(struct wire *wire) {
    char command[64], what[128];
    size_t counts[VALUES] = {0};
    for (int key = 0; key < KEYS; key++) {
        snprintf(command, sizeof command, "PICKLE.INSPECT k%d", key);
        const char *text = wire_ask(wire, 0, command);
        for (size_t i = 0; i < VALUES; i++) {
            if (i > 0 && strcmp(values[i].type, values[i - 1].type) == 0) continue;
            snprintf(what, sizeof what, "\"type\", \"%s\"", values[i].type);
            counts[i] += strstr(text, what) != NULL;
            if (strcmp(values[i].type, "(integer)") == 0)
                counts[i] += strstr(text, "an integer") != NULL;
            if (values[i].type[1] == 'b') counts[i] += strstr(text, "not a pickle") != NULL;
        }
    }
    const char *types = wire_ask(wire, 0, "PICKLE.TYPES");
    for (size_t i = 0; i < VALUES; i++) {
        if (i > 0 && strcmp(values[i].type, values[i - 1].type) == 0) continue;
        snprintf(what, sizeof what, "\"type\", \"%s\", \"entries\", ", values[i].type);
        cr_expect(number_behind(types, what) == (long long)counts[i], "%s: %zu, but %s",
                  values[i].type, counts[i], types);
    }
}

Test(pickle_commands, types_are_exact_after_overwriting_expiry_removal_and_forgetting,
     .timeout = 120) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    unsigned seed = 7;
    char command[512];
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1103515245u + 12345u;
        unsigned die = seed >> 16;
        int key = (int)(die % KEYS);
        const char *value = values[die / KEYS % VALUES].value;
        switch (die / 7 % 8) {
        case 0:
            snprintf(command, sizeof command, "DEL k%d", key);
            break;
        case 1:
            snprintf(command, sizeof command, "SET k%d %s PX 1", key, value);
            break;
        case 2:
            snprintf(command, sizeof command, "EXPIRE k%d 1000", key);
            break;
        case 3:
            snprintf(command, sizeof command, "MSET k%d %s k%d %s", key, value, (key + 3) % KEYS,
                     DICT);
            break;
        case 4:
            snprintf(command, sizeof command, "RENAME k%d k%d", key, (key + 5) % KEYS);
            break;
        default:
            snprintf(command, sizeof command, "SET k%d %s", key, value);
        }
        wire_ask(wire, 0, command);
        if (step % 300 == 100) wire_ask(wire, 0, "PICKLE.FORGET GLOBAL datetime");
        if (step % 700 == 600) wire_ask(wire, 0, "FLUSHDB");
        if (step % 250 == 249) compare_types(wire);
    }
    compare_types(wire);
    wire_close(wire);
}

/* ---- for people ---------------------------------------------------------------------------------
 */

TRANSCRIPT(pickle_commands, help_lists_every_pickle_command,
           {"PICKLE.HELP", "~*PICKLE.VERIFY value [KEY key] [DB db]*PICKLE.POLICY TEST*"
                           "PICKLE.VIEW key [JSON]*PICKLE.FIND GLOBAL pattern | TYPE pattern "
                           "[COUNT count]*PICKLE.FORGET*SYNC*PICKLE.STATS*"},
           {"COMMAND DOCS pickle.inspect", "~*summary*What a value is*"},
           {"COMMAND GETKEYS PICKLE.VIEW k", "[\"k\"]"},
           {"PICKLE.NONSENSE", "~-ERR unknown command 'PICKLE.NONSENSE'*"})

TRANSCRIPT(pickle_commands, exec_does_not_look_into_long_values_under_its_locks,
           {"SETRANGE k 2000000 x", "2000001"}, {"MULTI", "+OK"}, {"PICKLE.INSPECT k", "+QUEUED"},
           {"PICKLE.VIEW k", "+QUEUED"}, {"PICKLE.STATS", "+QUEUED"},
           {"EXEC", "~[-ERR inside MULTI at most 1048576 bytes are looked into, -ERR inside MULTI "
                    "at most 1048576 bytes are looked into, [*"},
           {"PING", "+PONG"})
