/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* RENAME RENAMENX COPY MOVE TOUCH RANDOMKEY EXPIREAT PEXPIREAT EXPIRETIME PEXPIRETIME. */

#include "support.h"

#include <criterion/criterion.h>

TRANSCRIPT(moves, rename_takes_value_and_time_along, {"SET a v EX 1000", "+OK"},
           {"SET b old", "+OK"}, {"RENAME a b", "+OK"}, {"EXISTS a", "0"}, {"GET b", "\"v\""},
           {"TTL b", "990..1000"}, {"RENAME b b", "+OK"}, {"GET b", "\"v\""},
           {"RENAME a c", "-ERR no such key"}, {"RENAME a a", "-ERR no such key"},
           {"SET d plain", "+OK"}, {"RENAME d b", "+OK"}, {"TTL b", "-1"},
           {"RENAME a", "-ERR wrong number of arguments for 'rename' command"})

TRANSCRIPT(moves, renamenx_overwrites_nothing, {"SET a 1", "+OK"}, {"SET b 2", "+OK"},
           {"RENAMENX a b", "0"}, {"RENAMENX a a", "0"}, {"RENAMENX a c", "1"}, {"GET c", "\"1\""},
           {"RENAMENX a c", "-ERR no such key"}, {"MGET a b c", "[nil, \"2\", \"1\"]"})

TRANSCRIPT(moves, copy_leaves_the_source, {"SET a v EX 1000", "+OK"}, {"COPY a b", "1"},
           {"COPY a b", "0"}, {"TTL b", "990..1000"}, {"SET b other", "+OK"},
           {"COPY a b REPLACE", "1"}, {"GET b", "\"v\""},
           {"COPY a a", "-ERR source and destination objects are the same"},
           {"COPY a a DB 0", "-ERR source and destination objects are the same"},
           {"COPY a a DB 1", "1"}, {"COPY a a DB 1", "0"}, {"COPY a a db 1 replace", "1"},
           {"COPY none b", "0"}, {"COPY none b REPLACE", "0"}, {"GET b", "\"v\""},
           {"COPY a b DB 16", "-ERR DB index is out of range"},
           {"COPY a b DB -1", "-ERR DB index is out of range"},
           {"COPY a b DB x", "-ERR value is not an integer or out of range"},
           {"COPY a b DB", "-ERR syntax error"}, {"COPY a b FOO", "-ERR syntax error"},
           {"SELECT 1", "+OK"}, {"GET a", "\"v\""}, {"TTL a", "990..1000"})

TRANSCRIPT(moves, move_needs_an_empty_place, {"SET a v EX 1000", "+OK"}, {"MOVE a 1", "1"},
           {"EXISTS a", "0"}, {"MOVE a 1", "0"}, {"SET a w", "+OK"}, {"MOVE a 1", "0"},
           {"MOVE a 0", "-ERR source and destination objects are the same"},
           {"MOVE none 0", "-ERR source and destination objects are the same"},
           {"MOVE a 16", "-ERR DB index is out of range"},
           {"MOVE a -1", "-ERR DB index is out of range"},
           {"MOVE a x", "-ERR value is not an integer or out of range"}, {"SELECT 1", "+OK"},
           {"GET a", "\"v\""}, {"TTL a", "990..1000"})

TRANSCRIPT(moves, touch_and_randomkey_look_at_what_is_there, {"RANDOMKEY", "nil"}, {"TOUCH a", "0"},
           {"SET a 1", "+OK"}, {"TOUCH a b a", "2"}, {"RANDOMKEY", "\"a\""},
           {"RANDOMKEY x", "-ERR wrong number of arguments for 'randomkey' command"},
           {"TOUCH", "-ERR wrong number of arguments for 'touch' command"}, {"DEL a", "1"},
           {"RANDOMKEY", "nil"})

TRANSCRIPT(moves, absolute_times_are_told_as_they_were_set, {"SET k v", "+OK"},
           {"EXPIRETIME k", "-1"}, {"EXPIRETIME none", "-2"}, {"EXPIREAT k 33177117420", "1"},
           {"EXPIRETIME k", "33177117420"}, {"PEXPIRETIME k", "33177117420000"},
           {"PEXPIREAT k 33177117420555", "1"}, {"EXPIRETIME k", "33177117421"},
           {"PEXPIRETIME k", "33177117420555"}, {"EXPIREAT k 33177117420 NX", "0"},
           {"EXPIREAT k 33177117419 GT", "0"}, {"EXPIREAT k 33177117419 LT", "1"},
           {"EXPIREAT k 33177117425 XX", "1"}, {"PEXPIRETIME k", "33177117425000"},
           {"EXPIREAT k 1 NX XX",
            "-ERR NX and XX, GT or LT options at the same time are not compatible"},
           {"EXPIREAT k 1 GT LT", "-ERR GT and LT options at the same time are not compatible"},
           {"EXPIREAT k 1 FOO", "-ERR Unsupported option FOO"},
           {"EXPIREAT k x", "-ERR value is not an integer or out of range"},
           {"EXPIREAT k 9223372036854775807", "-ERR invalid expire time in 'expireat' command"},
           {"EXPIREAT none 33177117420", "0"}, {"PEXPIREAT k 1", "1"}, {"EXISTS k", "0"})
