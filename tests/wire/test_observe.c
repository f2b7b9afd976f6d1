/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What operators and test suites ask: the slow log, latencies, DEBUG, the time, a cluster of one.
 */

#include "support.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

#include <stdio.h>
#include <string.h>

/* clang-format off */
TRANSCRIPT(observe, the_slow_log_keeps_what_took_long,
    {"SLOWLOG LEN", "0"},
    {"SLOWLOG GET", "[]"},
    {"CONFIG SET slowlog-log-slower-than 0", "+OK"},
    {"CLIENT SETNAME me", "+OK"},
    {"SET a b", "+OK"},
    {"SLOWLOG GET 1", "~[[2, *, *, [\"SET\", \"a\", \"b\"], \"*:*\", \"me\"]]"},
    {"SLOWLOG GET 0", "[]"},
    {"SLOWLOG GET 2", "~[[4, *, *, [\"SLOWLOG\", \"GET\", \"0\"], *], [3, *]]"},
    {"SLOWLOG LEN", "6"},
    {"CONFIG SET slowlog-max-len 3", "+OK"},
    {"SLOWLOG LEN", "3"},
    {"SLOWLOG GET -1", "~[[8, *], [7, *], [6, *]]"},
    {"SLOWLOG GET -2", "-ERR count should be greater than or equal to -1"},
    {"SLOWLOG GET x", "-ERR count should be greater than or equal to -1"},
    {"SLOWLOG GET 1 2", "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."},
    {"CONFIG SET slowlog-log-slower-than -1", "+OK"},
    {"SLOWLOG RESET", "+OK"},
    {"GET a", "\"b\""},
    {"SLOWLOG LEN", "0"},
    {"SLOWLOG FOO", "-ERR unknown subcommand 'FOO'. Try SLOWLOG HELP."},
    {"SLOWLOG HELP", "~[+SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, *+    Prints this help.]"})

TRANSCRIPT(observe, the_slow_log_hides_passwords_and_cuts_arguments,
    {"CONFIG SET slowlog-log-slower-than 0", "+OK"},
    {"CONFIG SET masterauth secret timeout 0", "+OK"},
    {"SLOWLOG GET 1", "~[[*, [\"CONFIG\", \"SET\", \"masterauth\", \"(redacted)\", \"timeout\", \"0\"], *]]"},
    {"AUTH nobody secret", "~-WRONGPASS *"},
    {"SLOWLOG GET 1", "~[[*, [\"AUTH\", \"(redacted)\", \"(redacted)\"], *]]"},
    {"HELLO 2 AUTH nobody secret SETNAME me", "~-WRONGPASS *"},
    {"SLOWLOG GET 1", "~[[*, [\"HELLO\", \"2\", \"AUTH\", \"(redacted)\", \"(redacted)\", \"SETNAME\", \"me\"], *]]"},
    {"DEL 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33", "0"},
    {"SLOWLOG GET 1", "~[[*, [\"DEL\", *\"30\", \"... (3 more arguments)\"], *]]"},
    {"ECHO AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABB", "~\"A*BB\""},
    {"SLOWLOG GET 1", "~[[*, [\"ECHO\", \"AAA*AAA... (2 more bytes)\"], *]]"})

TRANSCRIPT(observe, commands_of_a_transaction_are_logged_and_exec_is_not,
    {"CONFIG SET slowlog-log-slower-than 0", "+OK"},
    {"MULTI", "+OK"},
    {"SLOWLOG RESET", "+QUEUED"},
    {"SET a b", "+QUEUED"},
    {"EXEC", "[+OK, +OK]"},
    {"SLOWLOG GET", "~[[*, [\"SET\", \"a\", \"b\"], *], [*, [\"SLOWLOG\", \"RESET\"], *]]"})

TRANSCRIPT(observe, latencies_are_counted_by_command,
    {"CONFIG RESETSTAT", "+OK"},
    {"LATENCY HISTOGRAM", "~[\"config|resetstat\", [\"calls\", 1, \"histogram_usec\", [*, 1]]]"},
    {"SET a b", "+OK"},
    {"SET a c", "+OK"},
    {"GET a", "\"c\""},
    {"LATENCY HISTOGRAM SET get nosuch", "~[\"set\", [\"calls\", 2, \"histogram_usec\", [*]], \"get\", [\"calls\", 1, \"histogram_usec\", [*, 1]]]"},
    {"LATENCY HISTOGRAM latency", "~[\"latency|histogram\", [\"calls\", 2, *]]"},
    {"LATENCY HISTOGRAM nosuch", "[]"},
    {"INFO latencystats", "~\"# Latencystats\\r\\n*latency_percentiles_usec_set:p50=*,p99=*,p99.9=*\\r\\n*\""},
    {"CONFIG SET latency-tracking-info-percentiles \"100 50.5\"", "+OK"},
    {"INFO latencystats", "~*latency_percentiles_usec_set:p100=*,p50.5=*\\r\\n*"},
    {"CONFIG SET latency-tracking-info-percentiles 101", "-ERR CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') - latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"},
    {"CONFIG SET latency-tracking-info-percentiles x", "-ERR CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') - Invalid latency-tracking-info-percentiles parameters"},
    {"CONFIG SET latency-tracking no", "+OK"},
    {"INFO latencystats", "\"# Latencystats\\r\\n\""},
    {"CONFIG SET latency-tracking yes", "+OK"},
    {"CONFIG RESETSTAT", "+OK"},
    {"LATENCY HISTOGRAM set get", "[]"})

TRANSCRIPT(observe, the_latency_monitor_is_off_at_first,
    {"LATENCY LATEST", "[]"},
    {"LATENCY HISTORY command", "[]"},
    {"LATENCY HISTORY nosuch", "[]"},
    {"LATENCY RESET", "0"},
    {"LATENCY RESET command nosuch", "0"},
    {"LATENCY GRAPH command", "-ERR No samples available for event 'command'"},
    {"LATENCY DOCTOR", "~\"I'm sorry, Dave, I can't do that. Latency monitoring is disabled*"},
    {"CONFIG SET latency-monitor-threshold 1000", "+OK"},
    {"LATENCY DOCTOR", "~\"Dave, no latency spike was observed during the lifetime*"},
    {"LATENCY FOO", "-ERR unknown subcommand 'FOO'. Try LATENCY HELP."},
    {"LATENCY HELP x", "-ERR wrong number of arguments for 'latency|help' command"})

TRANSCRIPT(observe, debug_is_for_whom_the_configuration_lets,
    {"DEBUG SLEEP 0", "~-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", *"},
    {"CONFIG SET enable-debug-command yes", "-ERR CONFIG SET failed (possibly related to argument 'enable-debug-command') - can't set immutable config"},
    {"MULTI", "+OK"},
    {"DEBUG SLEEP 0", "~-ERR DEBUG command not allowed. *"},
    {"EXEC", "-EXECABORT Transaction discarded because of previous errors."})

TRANSCRIPT(observe, there_is_no_cluster_unless_asked_for,
    {"CLUSTER INFO", "-ERR This instance has cluster support disabled"},
    {"CLUSTER MEET a 1", "-ERR This instance has cluster support disabled"},
    {"READONLY", "-ERR This instance has cluster support disabled"},
    {"READWRITE", "-ERR This instance has cluster support disabled"},
    {"ASKING", "-ERR This instance has cluster support disabled"},
    {"CLUSTER FOO", "-ERR unknown subcommand 'FOO'. Try CLUSTER HELP."})

TRANSCRIPT(observe, the_time_and_a_picture,
    {"TIME", "~[\"1*\", \"*\"]"},
    {"TIME x", "-ERR wrong number of arguments for 'time' command"},
    {"LOLWUT", "~*Redis ver. *"},
    {"LOLWUT VERSION 5 1", "~*Redis ver. *"},
    {"LOLWUT VERSION x", "-ERR value is not an integer or out of range"})

static const char *const with_debug[] = {"debug.commands=local", NULL};

Test(observe, debug_makes_what_test_suites_need) {
    struct wire *wire = wire_open(with_debug);
    PLAY(wire,
         {"DEBUG SLEEP 0", "+OK"},
         {"DEBUG SLEEP x", "+OK"},
         {"DEBUG LOG hello", "+OK"},
         {"DEBUG ERROR \"CODE what\\r\\nnow\"", "-CODE what  now"},
         {"DEBUG PROTOCOL array", "[0, 1, 2]"},
         {"DEBUG PROTOCOL map", "[0, 0, 1, 1, 2, 0]"},
         {"DEBUG PROTOCOL null", "nil"},
         {"DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command"},
         {"DEBUG PROTOCOL foo", "~-ERR Wrong protocol type name. *"},
         {"DEBUG DIGEST", "+0000000000000000000000000000000000000000"},
         {"DEBUG POPULATE 3", "+OK"},
         {"GET key:2", "\"value:2\""},
         {"DEBUG POPULATE 2 p 10", "+OK"},
         {"GET p:1", "\"value:1\\x00\\x00\\x00\""},
         {"DEBUG POPULATE -1", "-ERR value is out of range, must be positive"},
         {"DEBUG POPULATE 3 key 1", "+OK"},
         {"DBSIZE", "5"},
         {"GET key:2", "\"value:2\""},
         {"DEBUG OBJECT nosuch", "-ERR no such key"},
         {"SET n 12345", "+OK"},
         {"DEBUG OBJECT n", "~+Value at:0x* refcount:* encoding:int serializedlength:3 lru:* lru_seconds_idle:0"},
         {"DEBUG OBJECT p:1", "~+Value at:0x* refcount:1 encoding:embstr serializedlength:11 lru:* lru_seconds_idle:0"},
         {"DEBUG RELOAD foo", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."},
         {"DEBUG RELOAD", "+OK"},
         {"DBSIZE", "6"},
         {"GET n", "\"12345\""},
         {"DEBUG DIGEST-VALUE nosuch", "[+0000000000000000000000000000000000000000]"},
         {"DEBUG NOSUCH", "-ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP."},
         {"DEBUG SLEEP", "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP."},
         {"DEBUG HELP", "~[+DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, *+    Prints this help.]"});
    wire_close(wire);
}

Test(observe, a_digest_is_of_what_is_stored) {
    struct wire *wire = wire_open(with_debug);
    char first[64];
    PLAY(wire, {"MSET a 1 b 2", "+OK"}, {"EXPIRE b 1000", "1"}, {"SELECT 3", "+OK"}, {"SET a 1", "+OK"});
    snprintf(first, sizeof first, "%s", wire_ask(wire, 0, "DEBUG DIGEST"));
    PLAY(wire, {"EXPIRE a 1000", "1"}, {"SELECT 0", "+OK"}, {"PERSIST b", "1"});
    cr_expect(!wire_matches(wire_ask(wire, 0, "DEBUG DIGEST"), first), "a time to live is seen");
    PLAY(wire, {"FLUSHALL", "+OK"}, {"SET b 2 EX 500", "+OK"}, {"SET a 1", "+OK"}, {"COPY a a DB 3", "1"});
    cr_expect_str_eq(wire_ask(wire, 0, "DEBUG DIGEST"), first);
    wire_close(wire);
}

Test(observe, what_is_over_stays_when_active_expire_is_off) {
    struct wire *wire = wire_open(with_debug);
    PLAY(wire,
         {"DEBUG SET-ACTIVE-EXPIRE 0", "+OK"},
         {"SET k v PX 1", "+OK"},
         {"DEBUG SLEEP 0.3", "+OK"},
         {"DBSIZE", "1"},
         {"DEBUG SET-ACTIVE-EXPIRE 1", "+OK"});
    wire_await(wire, 0, "DBSIZE", "0");
    wire_close(wire);
}

Test(observe, what_takes_long_is_an_event) {
    struct wire *wire = wire_open(with_debug);
    PLAY(wire,
         {"CONFIG SET latency-monitor-threshold 100", "+OK"},
         {"CONFIG SET slowlog-log-slower-than 100000", "+OK"},
         {"DEBUG SLEEP 0.15", "+OK"},
         {"LATENCY LATEST", "~[[\"command\", 1*, 1*, 1*]]"},
         {"LATENCY HISTORY command", "~[[1*, 1*]]"},
         {"LATENCY HISTORY COMMAND", "~*"},
         {"LATENCY GRAPH command", "~\"command - high 1* ms, low 1* ms (all time high 1* ms)\\n---*"},
         {"LATENCY DOCTOR", "~\"Dave, I have observed latency spikes in this *1. command: 1 latency spikes (average *"},
         {"SLOWLOG GET", "~[[0, 1*, 1*, [\"DEBUG\", \"SLEEP\", \"0.15\"], *]]"},
         {"LATENCY RESET command", "1"},
         {"LATENCY LATEST", "[]"},
         {"CONFIG RESETSTAT", "+OK"},
         {"SLOWLOG LEN", "1"});
    wire_close(wire);
}

static const char *const with_cluster[] = {"cluster.enabled=true", NULL};

Test(observe, a_cluster_of_one_owns_every_slot) {
    struct wire *wire = wire_open(with_cluster);
    wire_only_for(wire, BRINE_ONLY); /* a redis-server is told its slots first */
    PLAY(wire,
         {"CLUSTER INFO", "~\"cluster_state:ok\\r\\ncluster_slots_assigned:16384\\r\\n*cluster_known_nodes:1\\r\\ncluster_size:1\\r\\n*\""},
         {"CLUSTER NODES", "~\"* :*@* myself,master - 0 0 0 connected 0-16383\\n\""},
         {"CLUSTER SLOTS", "~[[0, 16383, [\"\", *, \"*\", []]]]"},
         {"CLUSTER SHARDS", "~[[\"slots\", [0, 16383], \"nodes\", [[\"id\", \"*\", \"port\", *, \"ip\", \"\", \"endpoint\", \"\", \"role\", \"master\", \"replication-offset\", 0, \"health\", \"online\"]]]]"},
         {"CLUSTER LINKS", "[]"},
         {"CLUSTER KEYSLOT foo{bar}x", "5061"},
         {"INFO cluster", "\"# Cluster\\r\\ncluster_enabled:1\\r\\n\""},
         {"INFO server", "~*redis_mode:cluster\\r\\n*"},
         {"SET a 1", "+OK"},
         {"MSET {a}1 1 {a}2 2", "+OK"},
         {"CLUSTER COUNTKEYSINSLOT 15495", "3"},
         {"CLUSTER GETKEYSINSLOT 15495 2", "~[\"*\", \"*\"]"},
         {"CLUSTER GETKEYSINSLOT 1 10", "[]"},
         {"MGET a b", "-CROSSSLOT Keys in request don't hash to the same slot"},
         {"SELECT 1", "-ERR SELECT is not allowed in cluster mode"},
         {"CLUSTER REPLICAS nobody", "-ERR Unknown node nobody"},
         {"CLUSTER ADDSLOTS 1", "-ERR 'cluster|addslots' is refused: brine is a cluster of one node, which owns every slot"},
         {"READONLY", "+OK"});
    wire_close(wire);
}
/* clang-format on */
