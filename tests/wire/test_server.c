/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What the server tells of itself, and how it is told what to do: INFO, CONFIG, COMMAND. */

#include "support.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
TRANSCRIPT(server, info_has_sections,
    {"INFO server", "~\"# Server\\r\\nredis_version:*\\r\\n*redis_mode:standalone\\r\\n*process_id:*\\r\\n*run_id:*\\r\\ntcp_port:*\\r\\n*uptime_in_seconds:*\\r\\nuptime_in_days:0\\r\\n*executable:*\\r\\nconfig_file:*\""},
    {"@brine INFO server", "~*brine_version:*"},
    {"INFO clients", "~\"# Clients\\r\\nconnected_clients:1\\r\\n*maxclients:*\\r\\n*blocked_clients:0\\r\\n*\""},
    {"INFO memory", "~\"# Memory\\r\\nused_memory:*\\r\\nused_memory_human:*\\r\\n*maxmemory:*\\r\\n*maxmemory_policy:*\\r\\n*mem_fragmentation_ratio:*\""},
    {"INFO persistence", "~\"# Persistence\\r\\nloading:0\\r\\n*\""},
    {"INFO stats", "~\"# Stats\\r\\ntotal_connections_received:*\\r\\ntotal_commands_processed:*\\r\\n*rejected_connections:0\\r\\n*expired_keys:*evicted_keys:*keyspace_hits:*\\r\\nkeyspace_misses:*\\r\\n*\""},
    {"INFO replication", "~\"# Replication\\r\\nrole:master\\r\\nconnected_slaves:0\\r\\n*\""},
    {"INFO cpu", "~\"# CPU\\r\\nused_cpu_sys:*\\r\\nused_cpu_user:*\""},
    {"INFO cluster", "~\"# Cluster\\r\\ncluster_enabled:0\\r\\n\""},
    {"INFO keyspace", "\"# Keyspace\\r\\n\""},
    {"INFO commandstats", "~\"# Commandstats\\r\\n*cmdstat_info:calls=*,usec=*,usec_per_call=*,rejected_calls=*,failed_calls=*\\r\\n*\""},
    {"INFO errorstats", "~\"# Errorstats\\r\\n*"},
    {"INFO SERVER", "~\"# Server\\r\\n*"},
    {"INFO nosuchsection", "\"\""},
    {"INFO server clients", "~\"# Server\\r\\n*\\r\\n\\r\\n# Clients\\r\\n*"},
    {"INFO clients server", "~\"# Server\\r\\n*\\r\\n\\r\\n# Clients\\r\\n*"},
    {"INFO server server", "~\"# Server\\r\\n*"},
    {"INFO", "~\"# Server\\r\\n*# Clients\\r\\n*# Memory\\r\\n*# Persistence\\r\\n*# Stats\\r\\n*# Replication\\r\\n*# CPU\\r\\n*# Keyspace\\r\\n*"},
    {"INFO default", "~\"# Server\\r\\n*# Keyspace\\r\\n*"},
    {"INFO all", "~\"# Server\\r\\n*# Commandstats\\r\\n*# Keyspace\\r\\n*"},
    {"INFO everything", "~\"# Server\\r\\n*# Commandstats\\r\\n*# Keyspace\\r\\n*"})

TRANSCRIPT(server, info_keyspace_counts_keys_and_expiries,
    {"MSET a 1 b 2", "+OK"},
    {"EXPIRE a 1000", "1"},
    {"SELECT 3", "+OK"},
    {"SET c 3", "+OK"},
    {"INFO keyspace", "~\"# Keyspace\\r\\ndb0:keys=2,expires=1,avg_ttl=*\\r\\ndb3:keys=1,expires=0,avg_ttl=0\\r\\n\""},
    {"FLUSHDB", "+OK"},
    {"INFO keyspace", "~\"# Keyspace\\r\\ndb0:keys=2,expires=1,avg_ttl=*\\r\\n\""},
    {"FLUSHALL", "+OK"},
    {"INFO keyspace", "\"# Keyspace\\r\\n\""})

TRANSCRIPT(server, info_counts_hits_misses_and_errors,
    {"CONFIG RESETSTAT", "+OK"},
    {"SET k v", "+OK"},
    {"GET k", "\"v\""},
    {"MGET k missing k", "[\"v\", nil, \"v\"]"},
    {"EXISTS k", "1"},
    {"EXISTS missing", "0"},
    {"INFO stats", "~*\\r\\nkeyspace_hits:4\\r\\nkeyspace_misses:2\\r\\n*"},
    {"GET", "-ERR wrong number of arguments for 'get' command"},
    {"INCR k", "-ERR value is not an integer or out of range"},
    {"INFO stats", "~*\\r\\ntotal_error_replies:2\\r\\n*"},
    {"INFO errorstats", "~*\\r\\nerrorstat_ERR:count=2\\r\\n*"},
    {"INFO commandstats", "~*\\r\\ncmdstat_get:calls=1,usec=*,usec_per_call=*,rejected_calls=1,failed_calls=0\\r\\n*"},
    {"INFO commandstats", "~*\\r\\ncmdstat_incr:calls=1,usec=*,usec_per_call=*,rejected_calls=0,failed_calls=1\\r\\n*"},
    {"INFO commandstats", "~*\\r\\ncmdstat_config|resetstat:calls=1,*"},
    {"CONFIG RESETSTAT", "+OK"},
    {"INFO stats", "~*\\r\\nkeyspace_hits:0\\r\\nkeyspace_misses:0\\r\\n*"},
    {"INFO stats", "~*\\r\\ntotal_error_replies:0\\r\\n*"})

TRANSCRIPT(server, config_get_takes_globs_and_several_patterns,
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"0\"]"},
    {"CONFIG GET MaxMemory", "[\"MaxMemory\", \"0\"]"},
    {"CONFIG GET maxmemory-polic?", "~[\"maxmemory-policy\", *"},
    {"CONFIG GET nosuchoption", "[]"},
    {"CONFIG GET nosuch*", "[]"},
    {"CONFIG GET timeout maxmemory", "~[*\"timeout\", \"0\"*]"},
    {"CONFIG GET timeout maxmemory", "~[*\"maxmemory\", \"0\"*]"},
    {"CONFIG GET timeout timeout time*t", "[\"timeout\", \"0\"]"},
    {"CONFIG GET max*", "~*\"maxclients\", \"*\"*"},
    {"CONFIG GET max*", "~*\"maxmemory-policy\", *"},
    {"CONFIG GET databases", "[\"databases\", \"16\"]"},
    {"CONFIG GET save", "[\"save\", \"\"]"},
    {"CONFIG GET requirepass", "[\"requirepass\", \"\"]"},
    {"CONFIG GET proto-max-bulk-len", "[\"proto-max-bulk-len\", \"536870912\"]"},
    {"CONFIG GET tcp-keepalive", "[\"tcp-keepalive\", \"300\"]"},
    {"CONFIG GET appendonly", "[\"appendonly\", \"no\"]"},
    {"@brine CONFIG GET memory.max", "[\"memory.max\", \"0\"]"},
    {"@brine CONFIG GET memory.policy", "[\"memory.policy\", \"brine\"]"},
    {"@brine CONFIG GET server.threads", "~[\"server.threads\", \"*\"]"},
    {"CONFIG GET", "-ERR wrong number of arguments for 'config|get' command"})

TRANSCRIPT(server, config_set_changes_all_or_nothing,
    {"CONFIG SET maxmemory 100mb", "+OK"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"104857600\"]"},
    {"CONFIG SET maxmemory 100m", "+OK"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"100000000\"]"},
    {"CONFIG SET maxmemory 1GB", "+OK"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"1073741824\"]"},
    {"CONFIG SET maxmemory 0", "+OK"},
    {"CONFIG SET timeout 0 maxmemory 200mb", "+OK"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"209715200\"]"},
    {"CONFIG SET MaxMemory 300mb", "+OK"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"314572800\"]"},
    {"CONFIG SET maxmemory 400mb timeout abc", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"314572800\"]"},
    {"CONFIG SET maxmemory 400mb nosuchoption 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuchoption'"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"314572800\"]"},
    {"CONFIG SET maxmemory 0", "+OK"},
    {"CONFIG SET maxmemory abc", "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value"},
    {"CONFIG SET maxmemory -1", "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value"},
    {"CONFIG SET nosuchoption 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuchoption'"},
    {"CONFIG SET nosuchoption 1 other 2", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuchoption'"},
    {"@brine CONFIG SET port 1", "-ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config"},
    {"CONFIG SET databases 4", "-ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"},
    {"CONFIG SET timeout -1", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive"},
    {"CONFIG SET timeout 99999999999", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive"},
    {"CONFIG SET maxclients 0", "~-ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and * inclusive"},
    {"CONFIG SET maxmemory-policy foo", "~-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one of the following: *noeviction"},
    {"CONFIG SET maxmemory 1mb maxmemory 2mb", "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter"},
    {"CONFIG GET maxmemory", "[\"maxmemory\", \"0\"]"},
    {"CONFIG SET maxmemory", "-ERR wrong number of arguments for 'config|set' command"},
    {"CONFIG SET maxmemory 1 timeout", "-ERR syntax error"},
    {"CONFIG SET", "-ERR wrong number of arguments for 'config|set' command"},
    {"CONFIG SET timeout 100", "+OK"},
    {"CONFIG GET timeout", "[\"timeout\", \"100\"]"},
    {"CONFIG SET timeout 0", "+OK"})

TRANSCRIPT(server, config_subcommands_are_checked,
    {"CONFIG", "-ERR wrong number of arguments for 'config' command"},
    {"CONFIG FOO", "-ERR unknown subcommand 'FOO'. Try CONFIG HELP."},
    {"CONFIG RESETSTAT x", "-ERR wrong number of arguments for 'config|resetstat' command"},
    {"CONFIG REWRITE x", "-ERR wrong number of arguments for 'config|rewrite' command"},
    {"CONFIG REWRITE", "-ERR The server is running without a config file"},
    {"CONFIG HELP", "~[+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, *+    Prints this help.]"})

TRANSCRIPT(server, command_info_tells_the_shape_of_a_command,
    {"COMMAND INFO nosuchcommand", "[nil]"},
    {"COMMAND INFO get", "[[\"get\", 2, [+readonly, +fast], 1, 1, 1, [+@read, +@string, +@fast], [], [[\"flags\", [+RO, +access], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO GET nosuchcommand ping", "[[\"get\", 2, [+readonly, +fast], 1, 1, 1, [+@read, +@string, +@fast], [], [[\"flags\", [+RO, +access], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, \"limit\", 0]]]], []], nil, [\"ping\", -1, [+fast], 0, 0, 0, [+@fast, +@connection], [\"request_policy:all_shards\", \"response_policy:all_succeeded\"], [], []]]"},
    {"COMMAND INFO set", "[[\"set\", -3, [+write, +denyoom], 1, 1, 1, [+@write, +@string, +@slow], [], [[\"notes\", \"RW and ACCESS due to the optional `GET` argument\", \"flags\", [+RW, +access, +update, +variable_flags], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO mset", "[[\"mset\", -3, [+write, +denyoom], 1, -1, 2, [+@write, +@string, +@slow], [\"request_policy:multi_shard\", \"response_policy:all_succeeded\"], [[\"flags\", [+OW, +update], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", -1, \"keystep\", 2, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO mget", "[[\"mget\", -2, [+readonly, +fast], 1, -1, 1, [+@read, +@string, +@fast], [\"request_policy:multi_shard\"], [[\"flags\", [+RO, +access], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", -1, \"keystep\", 1, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO del", "[[\"del\", -2, [+write], 1, -1, 1, [+@keyspace, +@write, +@slow], [\"request_policy:multi_shard\", \"response_policy:agg_sum\"], [[\"flags\", [+RM, +delete], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", -1, \"keystep\", 1, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO incr", "[[\"incr\", 2, [+write, +denyoom, +fast], 1, 1, 1, [+@write, +@string, +@fast], [], [[\"flags\", [+RW, +access, +update], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO expire", "[[\"expire\", -3, [+write, +fast], 1, 1, 1, [+@keyspace, +@write, +@fast], [], [[\"flags\", [+RW, +update], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, \"limit\", 0]]]], []]]"},
    {"COMMAND INFO scan", "[[\"scan\", -2, [+readonly], 0, 0, 0, [+@keyspace, +@read, +@slow], [\"nondeterministic_output\", \"request_policy:special\"], [], []]]"},
    {"COMMAND INFO auth", "[[\"auth\", -2, [+noscript, +loading, +stale, +fast, +no_auth, +allow_busy], 0, 0, 0, [+@fast, +@connection], [], [], []]]"},
    {"COMMAND INFO flushall", "[[\"flushall\", -1, [+write], 0, 0, 0, [+@keyspace, +@write, +@slow, +@dangerous], [\"request_policy:all_shards\", \"response_policy:all_succeeded\"], [], []]]"},
    {"COMMAND INFO client|setname", "[[\"client|setname\", 3, [+noscript, +loading, +stale], 0, 0, 0, [+@slow, +@connection], [], [], []]]"},
    {"COMMAND INFO client|nosuch", "[nil]"},
    {"COMMAND INFO get|x", "[nil]"})

TRANSCRIPT(server, command_list_count_and_docs,
    {"COMMAND COUNT", "30..300"},
    {"COMMAND COUNT x", "-ERR wrong number of arguments for 'command|count' command"},
    {"COMMAND LIST", "~[\"*\", \"*\"]"},
    {"COMMAND LIST FILTERBY PATTERN mse?", "[\"mset\"]"},
    {"COMMAND LIST FILTERBY pattern MSE?", "[\"mset\"]"},
    {"COMMAND LIST FILTERBY PATTERN nosuch*", "[]"},
    {"COMMAND LIST FILTERBY ACLCAT nosuch", "[]"},
    {"COMMAND LIST FILTERBY ACLCAT string", "~*\"get\"*"},
    {"COMMAND LIST FILTERBY MODULE nosuch", "[]"},
    {"COMMAND LIST FILTERBY", "-ERR syntax error"},
    {"COMMAND LIST FILTERBY FOO x", "-ERR syntax error"},
    {"COMMAND LIST foo", "-ERR syntax error"},
    {"COMMAND DOCS nosuchcommand", "[]"},
    {"COMMAND DOCS get", "~[\"get\", [\"summary\", \"*\", \"since\", \"*\", \"group\", \"string\", *]]"},
    {"COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP."},
    {"COMMAND HELP", "~[+COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, *+    Prints this help.]"})

TRANSCRIPT(server, command_getkeys_finds_the_keys,
    {"COMMAND GETKEYS GET k", "[\"k\"]"},
    {"COMMAND GETKEYS get k", "[\"k\"]"},
    {"COMMAND GETKEYS SET k v EX 10", "[\"k\"]"},
    {"COMMAND GETKEYS MSET a 1 b 2", "[\"a\", \"b\"]"},
    {"COMMAND GETKEYS MGET a b c", "[\"a\", \"b\", \"c\"]"},
    {"COMMAND GETKEYS DEL a b", "[\"a\", \"b\"]"},
    {"COMMAND GETKEYS MSET a 1 b", "~[\"a\"*"},
    {"COMMAND GETKEYS PING", "-ERR wrong number of arguments for 'command|getkeys' command"},
    {"COMMAND GETKEYS GET", "-ERR wrong number of arguments for 'command|getkeys' command"},
    {"COMMAND GETKEYS nosuch k", "-ERR Invalid command specified"},
    {"COMMAND GETKEYS", "-ERR wrong number of arguments for 'command|getkeys' command"},
    {"COMMAND GETKEYSANDFLAGS SET k v", "[[\"k\", [+OW, +update]]]"},
    {"COMMAND GETKEYSANDFLAGS GET k", "[[\"k\", [+RO, +access]]]"},
    {"COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 OVERFLOW SAT", "[[\"k\", [+RO, +access]]]"},
    {"COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 SET u8 0 1",
     "[[\"k\", [+RW, +access, +update]]]"},
    {"COMMAND GETKEYSANDFLAGS BITFIELD k GET u8", "[[\"k\", [+RW, +access, +update]]]"})
/* clang-format on */

/* Every command this release has; each must be known to COMMAND INFO under its own name. */
static const char *const commands[] = {
    "ping",  "echo",   "quit",    "select",  "auth",    "hello",  "reset",  "client", "command",
    "info",  "config", "set",     "get",     "getdel",  "getex",  "getset", "setex",  "psetex",
    "setnx", "mget",   "mset",    "del",     "unlink",  "exists", "type",   "expire", "pexpire",
    "ttl",   "pttl",   "persist", "incr",    "decr",    "incrby", "decrby", "append", "strlen",
    "scan",  "keys",   "dbsize",  "flushdb", "flushall"};

Test(server, every_command_is_described) {
    struct wire *wire = wire_open(NULL);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char ask[64], expected[64];
        snprintf(ask, sizeof ask, "COMMAND INFO %s", commands[i]);
        snprintf(expected, sizeof expected, "~[[\"%s\", *]]", commands[i]);
        const char *reply = wire_ask(wire, 0, ask);
        cr_expect(wire_matches(reply, expected), "%s: %s", ask, reply);
    }
    wire_close(wire);
}

/* Nested deeper than hiredis reads, so only the head is looked at. */
Test(server, every_command_is_documented) {
    struct wire *wire = wire_open(NULL);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char ask[64], expected[64], reply[64];
        int fd = wire_raw_open(wire);
        snprintf(ask, sizeof ask, "COMMAND DOCS %s\r\n", commands[i]);
        snprintf(expected, sizeof expected, "*2\r\n$%zu\r\n%s\r\n*", strlen(commands[i]),
                 commands[i]);
        wire_raw_send(fd, ask, strlen(ask));
        size_t len = wire_raw_read(fd, reply, strlen(expected));
        close(fd);
        cr_expect(len == strlen(expected) && memcmp(reply, expected, len) == 0, "%s", ask);
    }
    wire_close(wire);
}

Test(server, command_without_arguments_lists_as_many_as_it_counts) {
    struct wire *wire = wire_open(NULL);
    static const char *const asks[] = {"COMMAND", "COMMAND INFO"};
    long long count = strtoll(wire_ask(wire, 0, "COMMAND COUNT"), NULL, 10);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        redisReply *reply = redisCommand(wire_client(wire, 0), asks[i]);
        cr_expect(reply && reply->type == REDIS_REPLY_ARRAY, "%s", asks[i]);
        cr_expect(reply && (long long)reply->elements == count, "%s: %zu, not %lld", asks[i],
                  reply ? reply->elements : 0, count);
        freeReplyObject(reply);
    }
    wire_close(wire);
}

/* The number after "field:" in an INFO reply, -1 where there is none. */
static long long info_number(struct wire *wire, const char *section, const char *field) {
    char command[64], name[64];
    snprintf(command, sizeof command, "INFO %s", section);
    snprintf(name, sizeof name, "\\n%s:", field);
    const char *found = strstr(wire_ask(wire, 0, command), name);
    return found ? strtoll(found + strlen(name), NULL, 10) : -1;
}

Test(server, used_memory_rises_with_what_is_stored_and_falls_with_it) {
    struct wire *wire = wire_open(NULL);
    long long before = info_number(wire, "memory", "used_memory");
    static char value[10 << 20];
    const char *set[] = {"SET", "k", value};
    wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, 1, sizeof value});
    long long with = info_number(wire, "memory", "used_memory");
    PLAY(wire, {"DEL k", "1"});
    long long after = info_number(wire, "memory", "used_memory");
    cr_expect(with >= before + (long long)sizeof value, "%lld then %lld", before, with);
    cr_expect(after < with - (long long)sizeof value / 2, "%lld then %lld", with, after);
    wire_close(wire);
}

Test(server, turns_of_upkeep_are_counted_and_long_ones_among_them) {
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"SET k v PX 1", "+OK"});
    wire_await(wire, 0, "INFO stats", "~*\\r\\nexpired_keys:1\\r\\n*");
    long long long_turns = info_number(wire, "brine", "upkeep_long_turns");
    long long turns = info_number(wire, "brine", "upkeep_turns");
    cr_expect(long_turns >= 0 && long_turns <= turns && turns > 0, "%lld of %lld", long_turns,
              turns);
    wire_close(wire);
}

Test(server, connected_clients_are_counted) {
    struct wire *wire = wire_open(NULL);
    PLAY(wire, {"@1 PING", "+PONG"}, {"@2 PING", "+PONG"}, {"PING", "+PONG"});
    wire_await(wire, 0, "INFO clients", "~*connected_clients:3\\r\\n*");
    wire_forget_client(wire, 1);
    wire_forget_client(wire, 2);
    wire_await(wire, 0, "INFO clients", "~*connected_clients:1\\r\\n*");
    wire_close(wire);
}

static const char *const eight_megabytes[] = {"memory.max=8mb", "memory.policy=noeviction", NULL};

Test(server, a_full_memory_refuses_writes_and_allows_the_rest) {
    struct wire *wire = wire_open(eight_megabytes);
    static char value[100000];
    const char *oom = "-OOM command not allowed when used memory > 'maxmemory'.";
    const char *reply = "";
    for (int i = 0; i < 200 && strcmp(reply, oom) != 0; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%d", i);
        const char *set[] = {"SET", key, value};
        reply = wire_ask_argv(wire, 0, 3, set, (const size_t[]){3, strlen(key), sizeof value});
    }
    cr_expect_str_eq(reply, oom);
    PLAY(wire, {"PING", "+PONG"}, {"GET missing", "nil"}, {"STRLEN key:0", "100000"},
         {"FLUSHALL", "+OK"}, {"SET small v", "+OK"}, {"GET small", "\"v\""});
    wire_close(wire);
}
