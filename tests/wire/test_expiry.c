/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that end: setting, asking, taking away, and that they do end. */

#include "support.h"

#include <criterion/criterion.h>

#include <stdio.h>

/* clang-format off */
TRANSCRIPT(expiry, ttl_tells_three_cases_apart,
    {"TTL k", "-2"},
    {"PTTL k", "-2"},
    {"SET k v", "+OK"},
    {"TTL k", "-1"},
    {"PTTL k", "-1"},
    {"EXPIRE k 100", "1"},
    {"TTL k", "95..100"},
    {"PTTL k", "95000..100000"},
    {"TTL", "-ERR wrong number of arguments for 'ttl' command"},
    {"TTL a b", "-ERR wrong number of arguments for 'ttl' command"},
    {"PTTL", "-ERR wrong number of arguments for 'pttl' command"})

TRANSCRIPT(expiry, expire_and_pexpire_set_the_end,
    {"EXPIRE k 100", "0"},
    {"PEXPIRE k 100", "0"},
    {"SET k v", "+OK"},
    {"EXPIRE k 100", "1"},
    {"TTL k", "95..100"},
    {"PEXPIRE k 200000", "1"},
    {"PTTL k", "195000..200000"},
    {"PEXPIRE k 1500", "1"},
    {"PTTL k", "1..1500"},
    {"EXPIRE k 10000000000", "1"},
    {"TTL k", "9999999995..10000000000"},
    {"GET k", "\"v\""})

TRANSCRIPT(expiry, expire_conditions,
    {"SET k v", "+OK"},
    {"EXPIRE k 100 XX", "0"},
    {"EXPIRE k 100 GT", "0"},
    {"TTL k", "-1"},
    {"EXPIRE k 100 LT", "1"},
    {"TTL k", "95..100"},
    {"EXPIRE k 200 NX", "0"},
    {"TTL k", "95..100"},
    {"EXPIRE k 200 XX", "1"},
    {"TTL k", "195..200"},
    {"EXPIRE k 100 GT", "0"},
    {"TTL k", "195..200"},
    {"EXPIRE k 300 GT", "1"},
    {"TTL k", "295..300"},
    {"EXPIRE k 400 LT", "0"},
    {"TTL k", "295..300"},
    {"EXPIRE k 100 LT", "1"},
    {"TTL k", "95..100"},
    {"EXPIRE k 50 XX LT", "1"},
    {"TTL k", "45..50"},
    {"EXPIRE k 60 xx gt", "1"},
    {"TTL k", "55..60"},
    {"PEXPIRE k 70000 gt xx", "1"},
    {"TTL k", "65..70"},
    {"PEXPIRE k 60000 NX", "0"},
    {"PEXPIRE k 60000 XX XX", "1"},
    {"PERSIST k", "1"},
    {"EXPIRE k 100 NX", "1"},
    {"PERSIST k", "1"},
    {"EXPIRE k -1 GT", "0"},
    {"EXISTS k", "1"},
    {"EXPIRE k -1 XX", "0"},
    {"EXISTS k", "1"},
    {"EXPIRE k -1 LT", "1"},
    {"EXISTS k", "0"})

TRANSCRIPT(expiry, expire_refuses_wrong_arguments,
    {"SET k v", "+OK"},
    {"EXPIRE k", "-ERR wrong number of arguments for 'expire' command"},
    {"EXPIRE", "-ERR wrong number of arguments for 'expire' command"},
    {"PEXPIRE k", "-ERR wrong number of arguments for 'pexpire' command"},
    {"EXPIRE k abc", "-ERR value is not an integer or out of range"},
    {"EXPIRE k 1.5", "-ERR value is not an integer or out of range"},
    {"EXPIRE k \"\"", "-ERR value is not an integer or out of range"},
    {"EXPIRE k 9223372036854775808", "-ERR value is not an integer or out of range"},
    {"EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command"},
    {"EXPIRE k 9223372036854775", "-ERR invalid expire time in 'expire' command"},
    {"EXPIRE k 9223372036854776", "-ERR invalid expire time in 'expire' command"},
    {"EXPIRE k -9223372036854775808", "-ERR invalid expire time in 'expire' command"},
    {"PEXPIRE k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command"},
    {"PEXPIRE k abc", "-ERR value is not an integer or out of range"},
    {"EXPIRE k 100 FOO", "-ERR Unsupported option FOO"},
    {"EXPIRE k 100 NX FOO", "-ERR Unsupported option FOO"},
    {"EXPIRE k 100 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
    {"EXPIRE k 100 XX NX", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
    {"EXPIRE k 100 NX GT", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
    {"EXPIRE k 100 NX LT", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
    {"EXPIRE k 100 GT LT", "-ERR GT and LT options at the same time are not compatible"},
    {"EXPIRE k 100 LT GT", "-ERR GT and LT options at the same time are not compatible"},
    {"EXPIRE k abc FOO", "-ERR Unsupported option FOO"},
    {"EXPIRE missing abc", "-ERR value is not an integer or out of range"},
    {"EXPIRE missing 10 FOO", "-ERR Unsupported option FOO"},
    {"PEXPIRE k 100 nx lt", "-ERR NX and XX, GT or LT options at the same time are not compatible"},
    {"PEXPIRE k 100 gt lt", "-ERR GT and LT options at the same time are not compatible"},
    {"TTL k", "-1"})

TRANSCRIPT(expiry, an_end_in_the_past_deletes_at_once,
    {"SET k v", "+OK"},
    {"EXPIRE k 0", "1"},
    {"EXISTS k", "0"},
    {"SET k v", "+OK"},
    {"EXPIRE k -100", "1"},
    {"GET k", "nil"},
    {"SET k v", "+OK"},
    {"PEXPIRE k -1", "1"},
    {"GET k", "nil"},
    {"SET k v", "+OK"},
    {"PEXPIRE k -9223372036854775808", "1"},
    {"EXISTS k", "0"},
    {"DBSIZE", "0"})

TRANSCRIPT(expiry, persist_takes_the_end_away,
    {"PERSIST k", "0"},
    {"SET k v", "+OK"},
    {"PERSIST k", "0"},
    {"EXPIRE k 100", "1"},
    {"PERSIST k", "1"},
    {"TTL k", "-1"},
    {"PERSIST", "-ERR wrong number of arguments for 'persist' command"},
    {"PERSIST a b", "-ERR wrong number of arguments for 'persist' command"})

TRANSCRIPT(expiry, which_writes_keep_the_end,
    {"SET k 1 EX 100", "+OK"},
    {"INCR k", "2"},
    {"TTL k", "95..100"},
    {"APPEND k 5", "2"},
    {"TTL k", "95..100"},
    {"SETNX k v", "0"},
    {"TTL k", "95..100"},
    {"SET k v XX KEEPTTL", "+OK"},
    {"TTL k", "95..100"},
    {"SET k v NX", "nil"},
    {"TTL k", "95..100"},
    {"SET k v", "+OK"},
    {"TTL k", "-1"},
    {"EXPIRE k 100", "1"},
    {"GETSET k v", "\"v\""},
    {"TTL k", "-1"},
    {"EXPIRE k 100", "1"},
    {"MSET k v", "+OK"},
    {"TTL k", "-1"},
    {"EXPIRE k 100", "1"},
    {"DEL k", "1"},
    {"SET k v KEEPTTL", "+OK"},
    {"TTL k", "-1"})
/* clang-format on */

Test(expiry, what_has_ended_is_gone_for_every_command) {
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"MSET a v b v c v d 5 e v f v g v", "+OK"});
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char command[32];
        snprintf(command, sizeof command, "PEXPIRE %s 20", keys[i]);
        cr_expect_str_eq(wire_ask(wire, 0, command), "1");
    }
    wire_await(wire, 0, "EXISTS a", "0");
    wire_await(wire, 0, "EXISTS g", "0");
    PLAY(wire, {"GET a", "nil"}, {"GETDEL b", "nil"}, {"APPEND c x", "1"}, {"INCR d", "1"},
         {"SET e v XX", "nil"}, {"SETNX f new", "1"}, {"GET f", "\"new\""}, {"TYPE g", "+none"},
         {"TTL g", "-2"}, {"PERSIST g", "0"}, {"EXPIRE g 10", "0"}, {"DEL g", "0"},
         {"MGET a g", "[nil, nil]"}, {"GETSET a v", "nil"}, {"SET b x GET", "nil"},
         {"GETEX g EX 10", "nil"}, {"STRLEN g", "0"}, {"KEYS g", "[]"});
    wire_close(wire);
}

Test(expiry, what_nobody_asks_for_is_removed_too) {
    struct wire *wire = wire_open(NULL);
    for (int i = 0; i < 1000; i++) {
        char command[64];
        snprintf(command, sizeof command, "SET key:%d v PX %d", i, 1 + i % 50);
        cr_expect_str_eq(wire_ask(wire, 0, command), "+OK");
    }
    PLAY(wire, {"SET stays v", "+OK"});
    wire_await(wire, 0, "DBSIZE", "1");
    PLAY(wire, {"GET stays", "\"v\""});
    wire_close(wire);
}
