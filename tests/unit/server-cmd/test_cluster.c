/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "cmd/cluster.h"

#include "world.h"

/* Expected slots: CLUSTER KEYSLOT of redis-server 7.0.15. */
Test(cluster, the_slot_is_that_of_the_part_in_braces) {
    static const struct {
        const char *key;
        unsigned slot;
    } rows[] = {
        {"", 0},           {"123456789", 12739}, {"foo{bar}x", 5061}, {"bar", 5061},
        {"{}a", 10875},    {"a", 15495},         {"{a", 10276},       {"a}b{a}c", 15495},
        {"{{a}}b", 10276}, {"{a}{b}", 15495},    {"}{", 12793},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(cluster_slot(bytes_of_cstr(rows[i].key)), rows[i].slot, "%s: %u", rows[i].key,
                     cluster_slot(bytes_of_cstr(rows[i].key)));
}

Test(cluster, keys_of_several_slots_are_refused_where_there_is_a_cluster) {
    static const struct {
        const char *input, *alone, *cluster;
    } rows[] = {
        {"MSET a 1 b 2\r\n", "+OK\r\n",
         "-CROSSSLOT Keys in request don't hash to the same slot\r\n"},
        {"MSET {a}1 1 {a}2 2\r\n", "+OK\r\n", "+OK\r\n"},
        {"MULTI\r\nSET a 1\r\nSET b 2\r\nEXEC\r\nEXEC\r\n",
         "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n-ERR EXEC without MULTI\r\n",
         "+OK\r\n+QUEUED\r\n+QUEUED\r\n-CROSSSLOT Keys in request don't hash to the same slot\r\n"
         "-ERR EXEC without MULTI\r\n"},
        {"MULTI\r\nMGET a b\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n",
         "+OK\r\n-CROSSSLOT Keys in request don't hash to the same slot\r\n-EXECABORT Transaction "
         "discarded because of previous errors.\r\n"},
        {"SELECT 1\r\nSELECT 0\r\n", "+OK\r\n+OK\r\n",
         "-ERR SELECT is not allowed in cluster mode\r\n+OK\r\n"},
        {"MOVE none 1\r\n", ":0\r\n", "-ERR MOVE is not allowed in cluster mode\r\n"},
        {"SWAPDB 0 1\r\nSWAPDB 1 0\r\n", "+OK\r\n+OK\r\n",
         "-ERR SWAPDB is not allowed in cluster mode\r\n"
         "-ERR SWAPDB is not allowed in cluster mode\r\n"},
        {"COPY {a}1 {a}3 DB 1\r\n", ":1\r\n",
         "-ERR Copying to another database is not allowed in cluster mode\r\n"},
        {"READONLY\r\n", "-ERR This instance has cluster support disabled\r\n", "+OK\r\n"},
        {"CLUSTER COUNTKEYSINSLOT 15495\r\n", "-ERR This instance has cluster support disabled\r\n",
         ":2\r\n"},
    };
    for (int enabled = 0; enabled < 2; enabled++) {
        struct world world;
        world_init(&world);
        atomic_store(&world.one.config.cluster.enabled, enabled);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            cr_expect_str_eq(ask(&world, rows[i].input), enabled ? rows[i].cluster : rows[i].alone,
                             "%s", rows[i].input);
        world_deinit(&world);
    }
}
