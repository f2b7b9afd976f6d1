/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* SET and its kin: values in, values out. */

#include "support.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
TRANSCRIPT(strings, what_is_set_comes_back,
    {"GET k", "nil"},
    {"SET k value", "+OK"},
    {"GET k", "\"value\""},
    {"SET k other", "+OK"},
    {"get k", "\"other\""},
    {"GeT k", "\"other\""},
    {"SET \"\" \"empty key\"", "+OK"},
    {"GET \"\"", "\"empty key\""},
    {"SET k \"\"", "+OK"},
    {"GET k", "\"\""},
    {"SET \"a b\\r\\n\\x00\" \"\\x00\\xff\\r\\n\\\"\"", "+OK"},
    {"GET \"a b\\r\\n\\x00\"", "\"\\x00\\xff\\r\\n\\\"\""},
    {"STRLEN \"a b\\r\\n\\x00\"", "5"},
    {"DBSIZE", "3"})

TRANSCRIPT(strings, set_nx_and_xx_look_before_they_write,
    {"SET k a XX", "nil"},
    {"GET k", "nil"},
    {"SET k a NX", "+OK"},
    {"SET k b NX", "nil"},
    {"GET k", "\"a\""},
    {"SET k c XX", "+OK"},
    {"GET k", "\"c\""},
    {"SET k d nx", "nil"},
    {"SET k d xX", "+OK"},
    {"SET k e NX XX", "-ERR syntax error"},
    {"SET k e XX NX", "-ERR syntax error"},
    {"GET k", "\"d\""})

TRANSCRIPT(strings, set_get_returns_the_old_value,
    {"SET k a GET", "nil"},
    {"SET k b GET", "\"a\""},
    {"SET k c NX GET", "\"b\""},
    {"GET k", "\"b\""},
    {"SET k c GET XX", "\"b\""},
    {"GET k", "\"c\""},
    {"SET new v NX GET", "nil"},
    {"GET new", "\"v\""},
    {"SET newer v XX GET", "nil"},
    {"EXISTS newer", "0"},
    {"SET k d GET EX 100", "\"c\""},
    {"TTL k", "95..100"},
    {"SET k e get", "\"d\""},
    {"TTL k", "-1"},
    {"SET k f GET GET", "\"e\""})

TRANSCRIPT(strings, set_takes_its_options_in_any_order,
    {"SET k a EX 100 NX", "+OK"},
    {"SET k a NX EX 100", "nil"},
    {"SET k b XX PX 100000 GET", "\"a\""},
    {"PTTL k", "90000..100000"},
    {"SET k c GET PX 200000 XX", "\"b\""},
    {"PTTL k", "190000..200000"},
    {"SET k d EXAT 33177117420", "+OK"},
    {"TTL k", "30000000000..33000000000"},
    {"SET k d PXAT 33177117420000 XX GET", "\"d\""},
    {"PTTL k", "30000000000000..33000000000000"},
    {"SET k e KEEPTTL GET", "\"d\""},
    {"PTTL k", "30000000000000..33000000000000"},
    {"SET k e XX KEEPTTL", "+OK"},
    {"PTTL k", "30000000000000..33000000000000"},
    {"SET k f", "+OK"},
    {"TTL k", "-1"},
    {"SET k g keepttl", "+OK"},
    {"TTL k", "-1"},
    {"SET k h ex 10", "+OK"},
    {"TTL k", "5..10"},
    {"SET k i pX 10000", "+OK"},
    {"TTL k", "5..10"})

TRANSCRIPT(strings, set_refuses_wrong_options_and_changes_nothing,
    {"SET k", "-ERR wrong number of arguments for 'set' command"},
    {"SET", "-ERR wrong number of arguments for 'set' command"},
    {"SET k v", "+OK"},
    {"SET k w EX", "-ERR syntax error"},
    {"SET k w PX", "-ERR syntax error"},
    {"SET k w EXAT", "-ERR syntax error"},
    {"SET k w PXAT", "-ERR syntax error"},
    {"SET k w EX abc", "-ERR value is not an integer or out of range"},
    {"SET k w EX 1.5", "-ERR value is not an integer or out of range"},
    {"SET k w EX \"\"", "-ERR value is not an integer or out of range"},
    {"SET k w EX \" 1\"", "-ERR value is not an integer or out of range"},
    {"SET k w EX +1", "-ERR value is not an integer or out of range"},
    {"SET k w EX 01", "-ERR value is not an integer or out of range"},
    {"SET k w EX 0", "-ERR invalid expire time in 'set' command"},
    {"SET k w EX -1", "-ERR invalid expire time in 'set' command"},
    {"SET k w PX 0", "-ERR invalid expire time in 'set' command"},
    {"SET k w PX -5", "-ERR invalid expire time in 'set' command"},
    {"SET k w EXAT 0", "-ERR invalid expire time in 'set' command"},
    {"SET k w PXAT -1", "-ERR invalid expire time in 'set' command"},
    {"SET k w EX 9223372036854775807", "-ERR invalid expire time in 'set' command"},
    {"SET k w EX 9223372036854775", "-ERR invalid expire time in 'set' command"},
    {"SET k w EX 9223372036854776", "-ERR invalid expire time in 'set' command"},
    {"SET k w PX 9223372036854775807", "-ERR invalid expire time in 'set' command"},
    {"SET k w EX 9223372036854775808", "-ERR value is not an integer or out of range"},
    {"SET k w EXAT 9223372036854775807", "-ERR invalid expire time in 'set' command"},
    {"SET k w EX 10 PX 10", "-ERR syntax error"},
    {"SET k w EX 10 EX 10", "+OK"},
    {"SET k w EX 10 EXAT 10", "-ERR syntax error"},
    {"SET k w EX 10 KEEPTTL", "-ERR syntax error"},
    {"SET k w KEEPTTL EX 10", "-ERR syntax error"},
    {"SET k w KEEPTTL PXAT 10", "-ERR syntax error"},
    {"SET k w PXAT 10 EXAT 10", "-ERR syntax error"},
    {"SET k w FOO", "-ERR syntax error"},
    {"SET k w 10", "-ERR syntax error"},
    {"SET k w NX FOO", "-ERR syntax error"},
    {"SET k w PERSIST", "-ERR syntax error"},
    {"SET k w \"\"", "-ERR syntax error"},
    {"SET k w EX abc FOO", "-ERR syntax error"},
    {"SET k w EX 0 FOO", "-ERR syntax error"},
    {"GET k", "\"w\""},
    {"TTL k", "5..10"})

TRANSCRIPT(strings, set_in_the_past_deletes,
    {"SET k v", "+OK"},
    {"SET k w PXAT 1", "+OK"},
    {"EXISTS k", "0"},
    {"GET k", "nil"},
    {"SET k v", "+OK"},
    {"SET k w EXAT 1 GET", "\"v\""},
    {"GET k", "nil"},
    {"DBSIZE", "0"})

TRANSCRIPT(strings, setnx_setex_psetex_are_set_with_another_face,
    {"SETNX k a", "1"},
    {"SETNX k b", "0"},
    {"GET k", "\"a\""},
    {"SETNX k", "-ERR wrong number of arguments for 'setnx' command"},
    {"SETEX k 100 c", "+OK"},
    {"TTL k", "95..100"},
    {"GET k", "\"c\""},
    {"PSETEX k 100000 d", "+OK"},
    {"PTTL k", "95000..100000"},
    {"GET k", "\"d\""},
    {"SETEX k 0 e", "-ERR invalid expire time in 'setex' command"},
    {"SETEX k -1 e", "-ERR invalid expire time in 'setex' command"},
    {"SETEX k abc e", "-ERR value is not an integer or out of range"},
    {"SETEX k 9223372036854775807 e", "-ERR invalid expire time in 'setex' command"},
    {"SETEX k 9223372036854776 e", "-ERR invalid expire time in 'setex' command"},
    {"PSETEX k 0 e", "-ERR invalid expire time in 'psetex' command"},
    {"PSETEX k -1 e", "-ERR invalid expire time in 'psetex' command"},
    {"PSETEX k 9223372036854775807 e", "-ERR invalid expire time in 'psetex' command"},
    {"PSETEX k x e", "-ERR value is not an integer or out of range"},
    {"SETEX k 10", "-ERR wrong number of arguments for 'setex' command"},
    {"PSETEX k 10", "-ERR wrong number of arguments for 'psetex' command"},
    {"SETEX k 10 e f", "-ERR wrong number of arguments for 'setex' command"},
    {"GET k", "\"d\""})

TRANSCRIPT(strings, getset_and_getdel_hand_out_the_old_value,
    {"GETSET k a", "nil"},
    {"GETSET k b", "\"a\""},
    {"GET k", "\"b\""},
    {"EXPIRE k 100", "1"},
    {"GETSET k c", "\"b\""},
    {"TTL k", "-1"},
    {"GETDEL k", "\"c\""},
    {"GETDEL k", "nil"},
    {"EXISTS k", "0"},
    {"GETSET k", "-ERR wrong number of arguments for 'getset' command"},
    {"GETDEL", "-ERR wrong number of arguments for 'getdel' command"},
    {"GETDEL k x", "-ERR wrong number of arguments for 'getdel' command"})

TRANSCRIPT(strings, getex_reads_and_changes_the_expiry,
    {"GETEX k", "nil"},
    {"GETEX k EX 10", "nil"},
    {"EXISTS k", "0"},
    {"SET k v", "+OK"},
    {"GETEX k", "\"v\""},
    {"TTL k", "-1"},
    {"GETEX k EX 100", "\"v\""},
    {"TTL k", "95..100"},
    {"GETEX k", "\"v\""},
    {"TTL k", "95..100"},
    {"GETEX k PX 200000", "\"v\""},
    {"PTTL k", "195000..200000"},
    {"GETEX k EXAT 33177117420", "\"v\""},
    {"TTL k", "30000000000..33000000000"},
    {"GETEX k PXAT 33177117420123", "\"v\""},
    {"PTTL k", "30000000000000..33000000000000"},
    {"GETEX k PERSIST", "\"v\""},
    {"TTL k", "-1"},
    {"GETEX k persist", "\"v\""},
    {"GETEX k EX 0", "-ERR invalid expire time in 'getex' command"},
    {"GETEX k EX -1", "-ERR invalid expire time in 'getex' command"},
    {"GETEX k PX abc", "-ERR value is not an integer or out of range"},
    {"GETEX k EX 9223372036854775807", "-ERR invalid expire time in 'getex' command"},
    {"GETEX k EX", "-ERR syntax error"},
    {"GETEX k KEEPTTL", "-ERR syntax error"},
    {"GETEX k NX", "-ERR syntax error"},
    {"GETEX k GET", "-ERR syntax error"},
    {"GETEX k EX 10 PX 10", "-ERR syntax error"},
    {"GETEX k EX 10 PERSIST", "-ERR syntax error"},
    {"GETEX k PERSIST EX 10", "-ERR syntax error"},
    {"GETEX k PERSIST PERSIST", "\"v\""},
    {"GETEX", "-ERR wrong number of arguments for 'getex' command"},
    {"TTL k", "-1"},
    {"GETEX k PXAT 1", "\"v\""},
    {"EXISTS k", "0"},
    {"GETEX missing EX 0", "nil"},
    {"GETEX missing FOO", "-ERR syntax error"})

TRANSCRIPT(strings, many_keys_at_once,
    {"MSET a 1 b 2 c 3", "+OK"},
    {"MGET a b c", "[\"1\", \"2\", \"3\"]"},
    {"MGET a missing c a", "[\"1\", nil, \"3\", \"1\"]"},
    {"MGET missing", "[nil]"},
    {"MSET a 9 a 8", "+OK"},
    {"GET a", "\"8\""},
    {"EXPIRE b 100", "1"},
    {"MSET b 2", "+OK"},
    {"TTL b", "-1"},
    {"MSET a", "-ERR wrong number of arguments for 'mset' command"},
    {"MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"},
    {"MSET", "-ERR wrong number of arguments for 'mset' command"},
    {"MGET", "-ERR wrong number of arguments for 'mget' command"},
    {"GET a", "\"8\""},
    {"MSET x \"\" y \"\\x00\"", "+OK"},
    {"MGET x y", "[\"\", \"\\x00\"]"})

TRANSCRIPT(strings, counters_count,
    {"INCR n", "1"},
    {"INCR n", "2"},
    {"GET n", "\"2\""},
    {"DECR n", "1"},
    {"INCRBY n 40", "41"},
    {"DECRBY n 50", "-9"},
    {"INCRBY n -1", "-10"},
    {"DECRBY n -1", "-9"},
    {"DECR missing", "-1"},
    {"GET missing", "\"-1\""},
    {"EXPIRE n 100", "1"},
    {"INCR n", "-8"},
    {"TTL n", "95..100"},
    {"SET n 5", "+OK"},
    {"INCR n", "6"},
    {"STRLEN n", "1"},
    {"APPEND n 0", "2"},
    {"INCR n", "61"})

TRANSCRIPT(strings, counters_refuse_what_is_no_integer,
    {"SET k abc", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k 1.5", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k \" 1\"", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k \"1 \"", "+OK"},
    {"DECR k", "-ERR value is not an integer or out of range"},
    {"SET k 01", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k +1", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k -0", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k \"\"", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k 9223372036854775808", "+OK"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"SET k 0", "+OK"},
    {"INCRBY k abc", "-ERR value is not an integer or out of range"},
    {"INCRBY k 1.0", "-ERR value is not an integer or out of range"},
    {"INCRBY k 9223372036854775808", "-ERR value is not an integer or out of range"},
    {"DECRBY k abc", "-ERR value is not an integer or out of range"},
    {"DECRBY k -9223372036854775808", "-ERR decrement would overflow"},
    {"INCR", "-ERR wrong number of arguments for 'incr' command"},
    {"INCR a b", "-ERR wrong number of arguments for 'incr' command"},
    {"INCRBY k", "-ERR wrong number of arguments for 'incrby' command"},
    {"DECRBY k", "-ERR wrong number of arguments for 'decrby' command"},
    {"GET k", "\"0\""})

TRANSCRIPT(strings, counters_stop_at_the_ends_of_64_bits,
    {"SET k 9223372036854775806", "+OK"},
    {"INCR k", "9223372036854775807"},
    {"INCR k", "-ERR increment or decrement would overflow"},
    {"INCRBY k 1", "-ERR increment or decrement would overflow"},
    {"DECRBY k -1", "-ERR increment or decrement would overflow"},
    {"GET k", "\"9223372036854775807\""},
    {"SET k -9223372036854775807", "+OK"},
    {"DECR k", "-9223372036854775808"},
    {"DECR k", "-ERR increment or decrement would overflow"},
    {"INCRBY k -1", "-ERR increment or decrement would overflow"},
    {"GET k", "\"-9223372036854775808\""},
    {"INCRBY k 9223372036854775807", "-1"},
    {"INCRBY k -9223372036854775807", "-9223372036854775808"},
    {"DECRBY k 9223372036854775807", "-ERR increment or decrement would overflow"})

TRANSCRIPT(strings, append_and_strlen,
    {"STRLEN k", "0"},
    {"APPEND k \"\"", "0"},
    {"EXISTS k", "1"},
    {"APPEND k abc", "3"},
    {"APPEND k \"\\x00def\"", "7"},
    {"GET k", "\"abc\\x00def\""},
    {"STRLEN k", "7"},
    {"EXPIRE k 100", "1"},
    {"APPEND k g", "8"},
    {"TTL k", "95..100"},
    {"SET n 12", "+OK"},
    {"APPEND n 34", "4"},
    {"INCR n", "1235"},
    {"APPEND k", "-ERR wrong number of arguments for 'append' command"},
    {"APPEND k a b", "-ERR wrong number of arguments for 'append' command"},
    {"STRLEN", "-ERR wrong number of arguments for 'strlen' command"},
    {"STRLEN a b", "-ERR wrong number of arguments for 'strlen' command"})

TRANSCRIPT(strings, wrong_arity_is_said_in_redis_words,
    {"GET", "-ERR wrong number of arguments for 'get' command"},
    {"GET a b", "-ERR wrong number of arguments for 'get' command"},
    {"get a b", "-ERR wrong number of arguments for 'get' command"},
    {"GetSet", "-ERR wrong number of arguments for 'getset' command"},
    {"mset", "-ERR wrong number of arguments for 'mset' command"},
    {"PsetEx a", "-ERR wrong number of arguments for 'psetex' command"},
    {"Incr", "-ERR wrong number of arguments for 'incr' command"})
/* clang-format on */

enum { BIG = 20 * 1024 * 1024 };

static bool big_value_survives(struct wire *wire, size_t len) {
    static char value[BIG];
    for (size_t i = 0; i < len; i++) value[i] = (char)(i * 2654435761u >> 13);
    const char *set[] = {"SET", "big", value};
    const char *check = wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, 3, len});
    if (strcmp(check, "+OK") != 0) return false;
    /* GET as bytes, not as rendered text: 20 MiB do not fit there. */
    static char reply[BIG + 64];
    char head[32];
    int fd = wire_raw_open(wire);
    wire_raw_send(fd, "GET big\r\n", 9);
    size_t head_len = (size_t)snprintf(head, sizeof head, "$%zu\r\n", len);
    size_t got = wire_raw_read(fd, reply, head_len + len + 2);
    close(fd);
    return got == head_len + len + 2 && memcmp(reply, head, head_len) == 0 &&
           memcmp(reply + head_len, value, len) == 0 && memcmp(reply + got - 2, "\r\n", 2) == 0;
}

Test(strings, values_of_every_size_survive) {
    static const size_t sizes[] = {
        0,     1,     15,     16,     17,     63,     64,      255,           256,     1023,
        1024,  4095,  4096,   16383,  16384,  16385,  32767,   32768,         32769,   65535,
        65536, 65537, 131072, 262143, 262144, 262145, 1 << 20, (1 << 20) + 1, 5000000, BIG};
    struct wire *wire = wire_open(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cr_expect(big_value_survives(wire, sizes[i]), "%zu bytes", sizes[i]);
    }
    wire_close(wire);
}

Test(strings, appending_piece_by_piece_builds_one_value) {
    struct wire *wire = wire_open(NULL);
    char piece[1000], expected[16];
    memset(piece, 'x', sizeof piece);
    for (int i = 1; i <= 300; i++) {
        const char *append[] = {"APPEND", "k", piece};
        snprintf(expected, sizeof expected, "%d", i * 1000);
        const char *reply = wire_ask_argv(wire, 0, 3, append, (const size_t[]){6, 1, sizeof piece});
        cr_assert_str_eq(reply, expected);
    }
    PLAY(wire, {"STRLEN k", "300000"}, {"APPEND k y", "300001"}, {"GETDEL k", "~\"xxx*xy\""},
         {"EXISTS k", "0"});
    wire_close(wire);
}
