/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* DUMP RESTORE. */

#include "support.h"

#include <criterion/criterion.h>

#define ABC "\"\\x00\\x03\\x61\\x62\\x63\\x0a\\x00\\xd9\\xac\\x30\\x3d\\x41\\x72\\xa2\\xe2\""
#define LZF_A21                                                                                    \
    "\"\\x00\\xc3\\x06\\x15\\x01\\x61\\x61\\xe0\\x0a\\x00\\x0a\\x00\\xfd\\x0c\\xb3\\x68\\x07\\x41" \
    "\\x3f\\x68\""
/* The same "abc" by a server whose format is of version 12, and a hash of 7.0. */
#define ABC_12 "\"\\x00\\x03\\x61\\x62\\x63\\x0c\\x00\\x12\\xda\\x04\\xfd\\xbb\\x58\\x3c\\xab\""
#define HASH                                                                                       \
    "\"\\x10\\x0d\\x0d\\x00\\x00\\x00\\x02\\x00\\x81\\x61\\x02\\x81\\x62\\x02\\xff\\x0a\\x00\\xd9" \
    "\\x3c\\x7f\\x07\\x28\\xf0\\xed\\xcc\""

TRANSCRIPT(dump, a_value_goes_out_and_comes_back, {"SET k abc", "+OK"},
           {"DUMP k", "\"\\x00\\x03abc\\n\\x00\\xd9\\xac0=Ar\\xa2\\xe2\""}, {"DUMP none", "nil"},
           {"RESTORE k2 0 " ABC, "+OK"}, {"GET k2", "\"abc\""}, {"TTL k2", "-1"},
           {"RESTORE k3 1000000 " LZF_A21, "+OK"}, {"GET k3", "\"aaaaaaaaaaaaaaaaaaaaa\""},
           {"PTTL k3", "990000..1000000"},
           {"DUMP", "-ERR wrong number of arguments for 'dump' command"})

TRANSCRIPT(dump, what_is_there_is_replaced_only_when_asked, {"SET k old", "+OK"},
           {"RESTORE k 0 " ABC, "-BUSYKEY Target key name already exists."},
           {"RESTORE k x " ABC, "-BUSYKEY Target key name already exists."},
           {"RESTORE k 0 nonsense", "-BUSYKEY Target key name already exists."},
           {"GET k", "\"old\""}, {"RESTORE k 0 " ABC " replace", "+OK"}, {"GET k", "\"abc\""})

TRANSCRIPT(dump, options_are_refused_in_the_order_of_redis,
           {"RESTORE k -1 " ABC, "-ERR Invalid TTL value, must be >= 0"},
           {"RESTORE k x " ABC, "-ERR value is not an integer or out of range"},
           {"RESTORE k 0 " ABC " FOO", "-ERR syntax error"},
           {"RESTORE k 0 " ABC " IDLETIME", "-ERR syntax error"},
           {"RESTORE k 0 " ABC " IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0"},
           {"RESTORE k 0 " ABC " FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255"},
           {"RESTORE k 0 " ABC " FREQ 1 IDLETIME 1", "-ERR syntax error"},
           {"RESTORE k 0 " ABC " FREQ x", "-ERR value is not an integer or out of range"},
           {"RESTORE k 0 " ABC " FREQ 5 ABSTTL REPLACE", "+OK"}, {"GET k", "\"abc\""},
           {"RESTORE k2 0 " ABC " IDLETIME 1000", "+OK"}, {"GET k2", "\"abc\""})

TRANSCRIPT(dump, a_moment_that_is_past_leaves_nothing, {"SET k old", "+OK"},
           {"RESTORE k 1 " ABC " ABSTTL REPLACE", "+OK"}, {"EXISTS k", "0"},
           {"RESTORE k 1 " ABC " ABSTTL", "+OK"}, {"EXISTS k", "0"},
           {"RESTORE k 33177117420555 " ABC " ABSTTL", "+OK"}, {"PEXPIRETIME k", "33177117420555"})

TRANSCRIPT(
    dump, damaged_and_foreign_payloads_are_refused,
    {"RESTORE k 0 \"\"", "-ERR DUMP payload version or checksum are wrong"},
    {"RESTORE k 0 \"\\x00\\x03\\x61\\x62\\x64\\x0a\\x00\\xd9\\xac\\x30\\x3d\\x41\\x72\\xa2\\xe2\"",
     "-ERR DUMP payload version or checksum are wrong"},
    {"RESTORE k 0 \"\\x00\\x03\\x61\\x62\\x63\\x0a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"",
     "-ERR DUMP payload version or checksum are wrong"},
    {"@brine RESTORE k 0 " HASH,
     "-ERR Bad data format: a hash (listpack), and only strings are held here"},
    {"@redis RESTORE k 0 " ABC_12, "-ERR DUMP payload version or checksum are wrong"},
    {"@brine RESTORE k 0 " ABC_12, "+OK"}, {"@brine GET k", "\"abc\""})

TRANSCRIPT(dump, both_run_within_a_transaction, {"SET k abc", "+OK"}, {"MULTI", "+OK"},
           {"DUMP k", "+QUEUED"}, {"RESTORE k2 0 " ABC, "+QUEUED"}, {"GET k2", "+QUEUED"},
           {"EXEC", "[\"\\x00\\x03abc\\n\\x00\\xd9\\xac0=Ar\\xa2\\xe2\", +OK, \"abc\"]"})

TRANSCRIPT(dump, to_look_at_a_key_is_no_use_of_it,
           {"CONFIG SET maxmemory-policy allkeys-lru", "+OK"},
           {"RESTORE k 0 " ABC " IDLETIME 1000", "+OK"}, {"EXISTS k", "1"}, {"TYPE k", "+string"},
           {"TTL k", "-1"}, {"PTTL k", "-1"}, {"EXPIRETIME k", "-1"}, {"PEXPIRETIME k", "-1"},
           {"OBJECT ENCODING k", "~*"}, {"OBJECT REFCOUNT k", "1"}, {"MEMORY USAGE k", "1..1000"},
           {"OBJECT IDLETIME k", "900..1100"}, {"MULTI", "+OK"}, {"TTL k", "+QUEUED"},
           {"EXEC", "[-1]"}, {"OBJECT IDLETIME k", "900..1100"}, {"MULTI", "+OK"},
           {"TYPE k", "+QUEUED"}, {"GET k", "+QUEUED"}, {"EXEC", "[+string, \"abc\"]"},
           {"OBJECT IDLETIME k", "0..100"})
